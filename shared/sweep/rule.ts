import type {SweepOutcome} from '../decisions';
import type {JobKey} from '../model/job';
import type {JobEvent} from '../model/job-event';
import type {RunnerDocument} from '../model/runner';
import type {RunnerScope} from '../model/scope';
import type {Preemption} from '../model/sweep';
import type {Observed, Registered} from './observed';
import type {PersistenceTracker} from './persistence';

/**
 * One fault that the sweep corrects: its condition, action and log line. A rule is one file in `rules` and one line in the list of
 * `plan.ts`.
 */
export interface Rule<A extends PlannedAction> {
  /**
   * Decides the actions for an observation, in the order in which they are carried out. `now`: in milliseconds. Pure: the same observation
   * gives the same actions.
   */
  plan(observed: Observed, now: number, tracker: PersistenceTracker): A[];
  /** Carries one action out. After an error the next sweep plans the action again. */
  act(action: A, repairs: Repairs): Promise<ActionOutcome>;
  /** Fields of the log line: the job, runner, VM, slot or pool of the action. */
  subject(action: A): Readonly<Record<string, string>>;
}

/** A decision of the sweep. Each action is safe to repeat. */
export interface PlannedAction {
  /** What the action does. */
  readonly kind: string;
  /** Why. Logs, answers and metrics count by this word. */
  readonly reason: string;
}

/** The actions of a rule. */
export type ActionOf<R> = R extends Rule<infer A> ? A : never;

/** The result of an action. */
export interface ActionOutcome {
  /** The word of the log line. */
  readonly decision: SweepOutcome;
  /** The job that failed because of a preemption. A later sweep reruns the job. */
  readonly preempted?: Preemption;
  /** A preemption that needs no further action. */
  readonly settled?: Preemption;
}

/** `done`: the record was corrected. `void`: the record had changed and needed no correction. */
export type Repaired = 'done' | 'void';

/** `left`: nothing was deleted, because the runner, VM or registration is alive. */
export type Removed = 'removed' | 'left';

/** Enqueues a provision task for a job that needs a runner. */
export interface DemandJob<R extends string> extends PlannedAction {
  readonly kind: 'demand';
  readonly reason: R;
  readonly job: JobKey;
  /** Makes the task name unique: a name that was used before would create no task. */
  readonly cause: string;
}

/** Deregisters the runner, deletes its VM and frees its slot, in this order. */
export interface EndRunner<R extends string> extends PlannedAction {
  readonly kind: 'end_runner';
  readonly reason: R;
  readonly runner: string;
  /** The VM does not run, so GitHub’s `busy` does not prevent the end. */
  readonly isDead: boolean;
  /** The runner is ended even while it runs a job. */
  readonly force: boolean;
  /** The page of the job that the runner runs. */
  readonly jobUrl: string | null;
}

/** What a rule knows about the runner beyond the action. */
export interface EndOptions {
  /** A runner that came online in the meantime is kept. */
  readonly unlessOnline?: boolean;
  /** No list has the VM: asks the provider for it, and keeps the runner of one that runs; else asks whether the provider preempted it. */
  readonly hasVanished?: boolean;
  /** The VM is there, and has stopped without anybody of ours asking for it. */
  readonly hasStopped?: boolean;
  /** The first sweep that missed the VM, in milliseconds since the epoch: it counts until then. */
  readonly missingSince?: number;
  /** The VM did not boot: counted by the boot breaker of the pool. */
  readonly failedToBoot?: boolean;
  /** The machine waited at its provider for capacity: noted of the job, as of a creation for which there was none. */
  readonly lackedCapacity?: boolean;
}

/** How a machine is looked at that may have been preempted. */
export interface LookOptions extends Pick<EndOptions, 'missingSince'> {
  /** The provider knows by now: unless it says that it preempted the machine, it did not. */
  readonly lastLook: boolean;
}

/** A VM without a live runner on record. */
export interface LeftoverVm {
  readonly name: string;
  /** Id of the machine at its provider. */
  readonly id: string;
  readonly zone: string;
  readonly pool: string;
  /** Type of the provider that listed the VM. */
  readonly provider: string;
  /** The registration of the VM’s former runner. Deleted before the VM. */
  readonly registration: Registered | null;
  /**
   * Registrations with the name of a VM that is on no record. Never deleted. While one of them is connected it may be the runner in the VM.
   */
  readonly namesakes: readonly Registered[];
  readonly isDead: boolean;
}

/** A request for runners without a job. */
export interface RunnersToRequest {
  readonly pool: string;
  readonly scope: RunnerScope;
  readonly count: number;
  /** Requests with the same key create their runners once. */
  readonly key: string;
}

/** A standby machine that is not to be claimed any more. */
export interface StandbyRemoval {
  readonly runner: string;
  readonly pool: string;
  readonly state: 'failed' | 'expired';
  /** Why, for people: a sentence about the machine without its subject. */
  readonly because: string;
  /**
   * What the failure says beyond the machine itself. `boot`: it did not prepare itself, which counts as a failed boot of its template. `refused`: the
   * provider refuses what only standby machines need, until a person changes something. `ended`: it went down by itself or by somebody's hand. After
   * the last two the pool gets no standby machine for a while, and its jobs go on.
   */
  readonly blame?: 'boot' | 'refused' | 'ended';
}

/** The effects of the rules, handed to `Rule.act`. Rules themselves import nothing that calls a service. */
export interface Repairs {
  /** Enqueues the event as the webhook function does. */
  replayEvent(event: JobEvent): Promise<'created' | 'exists'>;
  demandJob(job: JobKey, cause: string): Promise<void>;
  /** Makes a job open again whose runner is over. */
  reopenJob(of: {readonly job: JobKey; readonly runner: string | null}): Promise<Repaired>;
  /** Assigns a job whose pool is no longer configured to another pool. */
  moveJob(of: {readonly job: JobKey; readonly pool: string}): Promise<Repaired>;
  /** Makes a job open again that GitHub requeued and whose runner is over. */
  requeueJob(of: {readonly job: JobKey; readonly runner: string | null}): Promise<Repaired>;
  /** Resumes the creation of a runner that was requested without a job. */
  resumeCreation(runner: string, cause: string): Promise<void>;
  /** Assigns an unassigned runner to an open job, or schedules its idle check. */
  placeSpare(runner: string): Promise<void>;
  endRunner(action: EndRunner<string>, options?: EndOptions): Promise<ActionOutcome>;
  /** Ends the runner if the provider says that it preempted the VM; at the `lastLook` in any case. */
  endPerhapsPreempted(action: EndRunner<string>, options: LookOptions): Promise<ActionOutcome>;
  /** Unassigns a runner from a job that GitHub does not give it. */
  releaseIdle(runner: string): Promise<Repaired>;
  /** Records that the runner is online, while it is assigned to a job that it does not run. */
  noteOnline(runner: string): Promise<Repaired>;
  /** Starts a new idle check, whose readings begin with the number `reading`. */
  repeatIdleCheck(runner: string, reading: number): Promise<Repaired>;
  /** Enqueues a check whether the persistent VM has to stop. */
  repeatVmCheck(vm: string, reading: number): Promise<Repaired>;
  /** Enqueues the start of a Docker host's VM. */
  startHostVm(vm: string): Promise<Repaired>;
  /** Enqueues a check whether a Docker host's VM has to stop. */
  checkHostVm(vm: string): Promise<Repaired>;
  /** Ends the record of a container whose host does not call, once its own time is over, and its runner with it. */
  abandonContainer(name: string): Promise<Removed>;
  deleteVm(vm: LeftoverVm): Promise<Removed>;
  /** Deletes the registration of a runner that is over. */
  deregister(name: string, registration: Registered): Promise<Removed>;
  freeSlot(slot: string, holder: string): Promise<Repaired>;
  /** Assigns a slot of the limit over all pools to the runner. */
  countRunner(runner: string): Promise<Repaired>;
  requestRunners(request: RunnersToRequest): Promise<void>;
  /** Records a standby machine, and enqueues its preparation. The same key records it once. */
  requestStandby(pool: string, key: string): Promise<void>;
  /** Enqueues the preparation of a standby machine on record again. */
  repeatStandby(machine: string, cause: string): Promise<void>;
  /** Records that a standby machine can be claimed. */
  readyStandby(machine: string, fingerprint: string | undefined): Promise<Repaired>;
  suspendStandby(machine: string): Promise<Repaired>;
  /** Ends a standby machine that no job has claimed, and deletes it. */
  removeStandby(removal: StandbyRemoval): Promise<Removed>;
  /** Reruns the job at GitHub. */
  rerunJob(job: Pick<Preemption, 'repository' | 'installationId' | 'jobId'>): Promise<void>;
}

/** The log fields of an action on a runner. */
export function runnerOf({runner}: {readonly runner: RunnerDocument['name']}): Readonly<Record<string, string>> {
  return {runner};
}
