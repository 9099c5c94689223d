import type {JobKey} from '../../model/job';
import type {JobEvent} from '../../model/job-event';
import type {RunnerScope} from '../../model/scope';
import type {Preemption} from '../../model/sweep';

/** Why a sweep does something: the word that logs, answers and metrics count by. */
export type Reason =
  | 'uncovered_job'
  | 'lost_event'
  | 'requeued_job'
  | 'vanished_job'
  | 'dead_job'
  | 'lost_runner'
  | 'waiting_job'
  | 'lost_demand'
  | 'removed_pool'
  | 'half_made'
  | 'spare_for_job'
  | 'boot'
  | 'idle'
  | 'lost_stop'
  | 'over_time'
  | 'vanished_vm'
  | 'stopped_vm'
  | 'vm_down'
  | 'orphan'
  | 'ghost'
  | 'lost_slot'
  | 'uncounted'
  | 'warm'
  | 'preempted';

/** What a sweep decides to do. Each is safe to repeat. */
export type Action = {readonly reason: Reason} /** What the lost webhook would have said; goes the webhook's way. */ & (
  | {readonly kind: 'event'; readonly event: JobEvent}
  | {readonly kind: 'demand'; readonly job: JobKey; readonly cause: string}
  /** The runner that covered the job is gone: the job is demand again. */
  | {readonly kind: 'reopen'; readonly job: JobKey; readonly runner: string | null}
  /** The pool that the job waits for is not configured any more, and another one takes it: it is demand of that one. */
  | {readonly kind: 'move'; readonly job: JobKey; readonly pool: string}
  /** The job that ran is queued again, and its runner is gone: it is demand again. */
  | {readonly kind: 'requeue'; readonly job: JobKey; readonly runner: string | null}
  /** A runner that no job asked for. */
  | {readonly kind: 'make'; readonly runner: string; readonly cause: string}
  /** Does the persistent VM stop? */
  | {readonly kind: 'vm_check'; readonly vm: string; readonly reading: number}
  | {readonly kind: 'place_spare'; readonly runner: string}
  /**
   * Deregistered, deleted, forgotten, in this order. `isDead`: its VM does not run, so that GitHub's "busy" is no objection; `force`: it
   * had its time.
   */
  | {
      readonly kind: 'end_runner';
      readonly runner: string;
      readonly isDead: boolean;
      readonly force: boolean;
      readonly jobUrl: string | null;
    }
  /** It covers a job that GitHub does not give it: the job is left alone for a while, the runner goes the way of a spare one. */
  | {readonly kind: 'release_idle'; readonly runner: string}
  | {readonly kind: 'idle_check'; readonly runner: string; readonly reading: number}
  | {
      readonly kind: 'delete_vm';
      readonly name: string;
      readonly zone: string;
      readonly pool: string;
      /** Its own, which goes first. */
      readonly registration: Registered | null;
      /** The VM is on no record: these have its name, and stay; while one of them is connected, it may be what runs in the VM. */
      readonly namesakes: readonly Registered[];
      readonly isDead: boolean;
    }
  | {readonly kind: 'deregister'; readonly name: string; readonly registration: Registered}
  /** It has no slot of all pools together, and they have a limit now. */
  | {readonly kind: 'count_runner'; readonly runner: string}
  | {readonly kind: 'free_slot'; readonly slot: string; readonly holder: string}
  | {
      readonly kind: 'warm';
      readonly pool: string;
      readonly scope: RunnerScope;
      readonly count: number;
      readonly key: string;
    }
  | {readonly kind: 'rerun'; readonly preemption: Preemption}
  /** The job of a preempted VM ended otherwise: nothing is to be run again. */
  | {readonly kind: 'forget_preemption'; readonly preemption: Preemption}
);

export interface Registered {
  readonly scope: RunnerScope;
  readonly installationId: number | null;
  readonly id: number;
}

export type ActionKind = Action['kind'];
export type ActionOf<K extends ActionKind> = Extract<Action, {readonly kind: K}>;
