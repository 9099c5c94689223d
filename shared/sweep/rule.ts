import type {SweepOutcome} from '../decisions';
import type {JobKey} from '../model/job';
import type {JobEvent} from '../model/job-event';
import type {RunnerDocument} from '../model/runner';
import type {RunnerScope} from '../model/scope';
import type {Preemption} from '../model/sweep';
import type {Observed, Registered} from './observed';
import type {PersistenceTracker} from './persistence';

/**
 * One thing that the sweep corrects: the condition, the action and the log line. A rule is one file in `rules`, and one line in the list
 * of `plan.ts`.
 */
export interface Rule<A extends PlannedAction> {
  /** What is to be done about what was seen. Pure: the same observation gives the same actions, in the order in which they are done. */
  plan(observed: Observed, now: number, tracker: PersistenceTracker): A[];
  /** Carries one action out. An error leaves the action to the next sweep. */
  act(action: A, repairs: Repairs): Promise<ActionOutcome>;
  /** Fields of the action's log line: the job, runner, VM, slot or pool that the action is for. */
  subject(action: A): Readonly<Record<string, string>>;
}

/** What a sweep decides to do. Each action is safe to repeat. */
export interface PlannedAction {
  /** What is done. */
  readonly kind: string;
  /** Why: the word that logs, answers and metrics count by. */
  readonly reason: string;
}

/** The actions of a rule. */
export type ActionOf<R> = R extends Rule<infer A> ? A : never;

/** What became of an action. */
export interface ActionOutcome {
  /** The word of the log line. */
  readonly decision: SweepOutcome;
  /** The job that a preemption cost: a later sweep runs it again. */
  readonly preempted?: Preemption;
  /** A preemption that needs nothing more. */
  readonly settled?: Preemption;
}

/** `done`: as decided. `void`: the records had changed by then. */
export type Repaired = 'done' | 'void';

/** `left`: the runner, the VM or the registration turned out to be alive. */
export type Removed = 'removed' | 'left';

/** Puts a job that needs a runner to the provision queue. */
export interface DemandJob<R extends string> extends PlannedAction {
  readonly kind: 'demand';
  readonly reason: R;
  readonly job: JobKey;
  /** Keeps the task's name from being one that was used before. */
  readonly cause: string;
}

/** Deregisters the runner, deletes its VM and frees its slot, in this order. */
export interface EndRunner<R extends string> extends PlannedAction {
  readonly kind: 'end_runner';
  readonly reason: R;
  readonly runner: string;
  /** The VM does not run, so that GitHub's "busy" is no objection. */
  readonly isDead: boolean;
  /** The runner is ended together with its job. */
  readonly force: boolean;
  /** The page of the job that the runner runs. */
  readonly jobUrl: string | null;
}

/** What a rule knows beyond the action about the runner that it ends. */
export interface EndOptions {
  /** A runner that has come online by then is left alone. */
  readonly unlessOnline?: boolean;
  /** Whether the VM vanished: then the provider is asked whether it was preempted under its job. */
  readonly hasVanished?: boolean;
  /** Whether the VM did not boot: then the pool's boot breaker counts it. */
  readonly failedToBoot?: boolean;
}

/** A VM that no live runner is on record for. */
export interface LeftoverVm {
  readonly name: string;
  readonly zone: string;
  readonly pool: string;
  /** The VM's own registration, which is deleted first. */
  readonly registration: Registered | null;
  /** The VM is on no record: these registrations have its name and stay. While one of them is connected, it may be what runs in the VM. */
  readonly namesakes: readonly Registered[];
  readonly isDead: boolean;
}

/** Runners that no job asked for. */
export interface RunnersToRequest {
  readonly pool: string;
  readonly scope: RunnerScope;
  readonly count: number;
  /** Requests of one key are made once. */
  readonly key: string;
}

/** The effects that rules have, handed to `Rule.act`: so a rule and its plan load nothing that calls a service. */
export interface Repairs {
  /** Sends the event to its queue, as the webhook does. */
  replayEvent(event: JobEvent): Promise<'created' | 'exists'>;
  demandJob(job: JobKey, cause: string): Promise<void>;
  /** Opens a job again whose runner is over. */
  reopenJob(of: {readonly job: JobKey; readonly runner: string | null}): Promise<Repaired>;
  /** Gives a job whose pool is not configured any more to another pool. */
  moveJob(of: {readonly job: JobKey; readonly pool: string}): Promise<Repaired>;
  /** Opens a job again that ran, is queued again and has lost its runner. */
  requeueJob(of: {readonly job: JobKey; readonly runner: string | null}): Promise<Repaired>;
  /** Goes on creating a runner that no job asked for. */
  resumeCreation(runner: string, cause: string): Promise<void>;
  /** Assigns a runner without a job to an open job, or schedules its idle check. */
  placeSpare(runner: string): Promise<void>;
  endRunner(action: EndRunner<string>, options?: EndOptions): Promise<ActionOutcome>;
  /** Takes a runner from a job that GitHub does not give it. */
  releaseIdle(runner: string): Promise<Repaired>;
  /** Begins a new round of readings of GitHub's idle flag. */
  repeatIdleCheck(runner: string, reading: number): Promise<Repaired>;
  /** Checks whether the persistent VM is to be stopped. */
  repeatVmCheck(vm: string, reading: number): Promise<Repaired>;
  deleteVm(vm: LeftoverVm): Promise<Removed>;
  /** Deletes the registration of a runner that is over. */
  deregister(name: string, registration: Registered): Promise<Removed>;
  freeSlot(slot: string, holder: string): Promise<Repaired>;
  /** Gives the runner a slot of all pools together. */
  countRunner(runner: string): Promise<Repaired>;
  requestRunners(request: RunnersToRequest): Promise<void>;
  /** Has GitHub run the job again. */
  rerunJob(job: Pick<Preemption, 'repository' | 'installationId' | 'jobId'>): Promise<void>;
}

/** The log fields of an action on a runner. */
export function runnerOf({runner}: {readonly runner: RunnerDocument['name']}): Readonly<Record<string, string>> {
  return {runner};
}
