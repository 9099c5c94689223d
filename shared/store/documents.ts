import type {RunnerScope} from '../github/github';
import type {PlacementFields} from '../model/placement';

/** `<job id>-<run attempt>`: the identity of one run of a job. */
export type JobKey = string;

/** GitHub's own states of a job. */
export type JobStatus = 'queued' | 'waiting' | 'in_progress' | 'completed';

/**
 * Whether the job needs a runner made:
 * `open`: queued and covered by nothing; `reserved`: a slot is kept for it and a task is on its way; `covered`: a runner is there
 * or on its way; `none`: it waits for an approval, runs or is over; `dead`: every attempt failed, a dead letter
 * tells why; or the runner of its persistent VM lacks a label, a log line tells which.
 */
export type JobDemand = 'open' | 'reserved' | 'covered' | 'none' | 'dead';

export interface Aftermath {
  /** The runner that has nothing to do any more. */
  readonly spare: string | null;
  /** The job that is demand again. */
  readonly reopened: JobKey | null;
}

/** `jobs/<job id>-<run attempt>` */
export interface JobDocument {
  readonly jobId: number;
  readonly runAttempt: number;
  readonly runId: number;
  /** `owner/name` */
  readonly repository: string;
  readonly pool: string;
  readonly labels: readonly string[];
  readonly installationId: number | null;
  readonly url: string | null;
  readonly status: JobStatus;
  /** +1 each time the job is queued again, after it waited or was to run; the first is 1. */
  readonly generation: number;
  /** GUIDs of the deliveries that opened a generation or sent the job back to waiting, newest last: a retried old one does neither. */
  readonly openings: readonly string[];
  /** How many runners were made for it: the `n` of the last one's name. */
  readonly creations: number;
  readonly demand: JobDemand;
  /** Name of the runner that covers it, or ran it. */
  readonly runner: string | null;
  /** Runners that were to run it, and were gone when GitHub had it queued again: what is heard of them now is late. Newest last. */
  readonly lostRunners?: readonly string[];
  /** How often a runner was online and idle for it, and GitHub did not give it the job; missing: never. */
  readonly heldBack?: number;
  /** Slot kept for it by a runner that went, until its own runner takes it over. */
  readonly slot: string | null;
  /** The same of a slot of all pools; absent where it was written down without a limit over all of them. */
  readonly slotOfAll?: string | null;
  /** What its last change meant for others: done again, harmlessly, when the event is. */
  readonly aftermath: Aftermath;
  /** Milliseconds since the epoch; the order in which demand is served. */
  readonly queuedAt: number;
  /** `receivedAt` of the newest event that was accepted; missing or null: not known. What was received before is late. */
  readonly receivedAt?: number | null;
  readonly updatedAt: number;
  readonly expireAt: number;
}

export type RunnerState = 'requested' | 'creating' | 'booting' | 'idle' | 'busy' | 'draining' | 'gone' | 'failed';

/** `runners/<name>`; the VM has the same name. Its placement is where the VM is, or was last attempted; written before the insert. */
export interface RunnerDocument extends PlacementFields {
  readonly name: string;
  readonly pool: string;
  readonly scope: RunnerScope;
  readonly installationId: number | null;
  /** What it was registered with, lower case. */
  readonly labels: readonly string[];
  readonly state: RunnerState;
  /** For one that was asked for without a job: `<its number>-0`, an attempt that no job has. */
  readonly madeFor: JobKey;
  /** The job for whose sake it is there now; null when spare, or when it runs one. */
  readonly covers: JobKey | null;
  /** The job that it runs. */
  readonly runs: JobKey | null;
  /** True when it is alive, runs nothing and covers nothing. */
  readonly spare: boolean;
  readonly slot: string | null;
  /** Its slot of all pools together, where these have a limit; absent where it was written down before. */
  readonly slotOfAll?: string | null;
  /** GitHub's id of the registration, which tells it from others of the same name. */
  readonly githubId: number | null;
  /**
   * When its name was first to be registered, while a registration may stand whose id nobody wrote down; null: it was not, or that is
   * settled. Missing in documents of older versions: not known.
   */
  readonly registrationTriedAt?: number | null;
  /** Since when it is spare, also while it goes on that account; a check of an earlier time is void. */
  readonly spareSince: number | null;
  /** The job that got its slot when it went. */
  readonly handedTo: JobKey | null;
  readonly createdAt: number;
  /** Since when it is in this state. */
  readonly stateAt: number;
  readonly expireAt: number;
}

/** `slots/<pool>.<n>`, and `slots/_all.<n>` of all pools together, 0 ≤ n < maxRunners: a document a runner, so that none is hot and the limit is hard. */
export interface SlotDocument {
  readonly pool: string;
  readonly n: number;
  /** Runner name, or `job:<job key>` while it is kept for a job; null: free. */
  readonly holder: string | null;
  readonly expireAt: number;
}

/** `keys/<hash>`: idempotency of one piece of work. */
export interface KeyDocument {
  /** What the key stands for, in clear. */
  readonly key: string;
  readonly state: 'claimed' | 'done';
  /** Random id of the execution that claimed it. */
  readonly holder: string;
  readonly leaseUntil: number;
  /** Of a request to `api`: a hash of it, so that no other request is taken for it. */
  readonly request?: string;
  /** What it was answered, once it is done. `body`: as it was sent. */
  readonly answer?: {readonly status: number; readonly body: string};
  readonly expireAt: number;
}

/** `breakers/<name>`: open until a probe succeeds; one probe a minute. Before that it counts failures. */
export interface BreakerDocument {
  readonly name: string;
  readonly reason: string;
  readonly open: boolean;
  /** In a row. */
  readonly failures: number;
  readonly failedAt: number;
  readonly openedAt: number;
  readonly nextProbeAt: number;
  readonly expireAt: number;
}

/** `deadletters/job-<job key>`, or `deadletters/<task name>` of a task without a job: what was given up, and why. A job has one at a time. */
export interface DeadLetterDocument {
  readonly task: string;
  readonly queue: string;
  readonly body: unknown;
  readonly error: string;
  readonly job: JobKey | null;
  readonly jobUrl: string | null;
  readonly attempts: number;
  /** How many letters of this job there were, this one included; missing in documents of older versions: one. */
  readonly count?: number;
  readonly at: number;
  readonly expireAt: number;
}

/** How far a persistent VM is, as far as this deployment made it so; Compute Engine has the last word. */
export type VmState = 'stopped' | 'starting' | 'running' | 'stopping';

/** Labels that were taken off a runner, so that GitHub routes nothing to it while its VM stops. */
export interface DrainedRunner {
  readonly scope: RunnerScope;
  readonly installationId: number | null;
  readonly runnerId: number;
  readonly labels: readonly string[];
}

/** What labels a runner of a persistent VM had at GitHub, to ask less often. */
export interface SeenLabels {
  /** Its name, and where it is registered. */
  readonly place: string;
  /** Those that we took off ourselves included. */
  readonly labels: readonly string[];
  readonly at: number;
}

/** `vms/<zone>.<instance>`: a document a persistent VM, whichever pools share it. */
export interface VmDocument {
  readonly instance: string;
  readonly zone: string;
  readonly state: VmState;
  /** +1 at each activity: a stop that carries an older one is void. */
  readonly version: number;
  /** When the newest activity was recorded. */
  readonly activeAt: number;
  /** The jobs that run on it. Several when several runners live there. */
  readonly runs: readonly JobKey[];
  /** Repositories whose jobs it served, with the installation that said so: where its runner is looked for. Newest last. */
  readonly repositories: readonly {readonly repository: string; readonly installationId: number | null}[];
  /** GitHub's ids of the registrations that are known to be its runners', newest last; missing: none yet. */
  readonly runnerIds?: readonly number[];
  /** Given back when it starts. */
  readonly drained: readonly DrainedRunner[];
  /** The newest reading of each runner's labels; absent until a job asked for one. */
  readonly seenLabels?: readonly SeenLabels[];
  /** The stop under way holds until then; a crashed one is over afterwards. */
  readonly stopLeaseUntil: number;
  /** Starts that found no capacity, since the last one that did. */
  readonly startFailures: number;
  readonly startFailingSince: number | null;
  /** No start is tried before. */
  readonly nextStartAt: number;
  readonly stateAt: number;
  readonly expireAt: number;
}

/** A job whose spot VM Compute Engine took back, until it is known how the job ended. */
export interface Preemption {
  readonly runner: string;
  readonly pool: string;
  readonly job: JobKey;
  readonly jobId: number;
  readonly repository: string;
  readonly installationId: number | null;
  readonly url: string | null;
  readonly at: number;
}

/** What the last sweep saw, decided and did, by reason. */
export interface SweepSummary {
  readonly at: number;
  readonly seconds: number;
  /** False: the time was up; the next sweep goes on from there. */
  readonly finished: boolean;
  readonly seen: Readonly<Record<string, number>>;
  readonly decided: Readonly<Record<string, number>>;
  readonly done: Readonly<Record<string, number>>;
  readonly failed: Readonly<Record<string, number>>;
  /** What could not be listed, in words. */
  readonly incomplete: readonly string[];
}

/** `locks/sweep`: one sweep at a time, and what it has to remember for the next one. */
export interface LockDocument {
  /** Random id of the execution that holds it. */
  readonly holder: string | null;
  readonly leaseUntil: number;
  /** The repositories looked into last: the next sweep goes on behind them. */
  readonly cursors: {readonly active: string | null; readonly quiet: string | null};
  /** Calls to GitHub that are saved up, and when. */
  readonly allowance: {readonly active: number; readonly quiet: number; readonly at: number};
  /** When all taken slots were looked at. */
  readonly slotsAt: number;
  /** When each thing was first seen to be wrong. */
  readonly sightings: Readonly<Record<string, number>>;
  readonly preempted: readonly Preemption[];
  readonly last: SweepSummary | null;
  readonly expireAt: number;
  /** Read by the version before this one alone, whose sweep fails without them: whoever goes back to it finds them. */
  readonly deliveriesSince?: number;
  readonly redelivered?: Readonly<Record<string, never>>;
}

/** A part of GitHub's list of deliveries that is yet to be read, newest first. */
export interface UnreadDeliveries {
  /** Down to attempts of this time. */
  readonly until: number;
  /** Where the part begins, and where reading goes on, as GitHub names places in its list; null: at the newest. */
  readonly from: string | null;
  readonly cursor: string | null;
  /** First the failures alone, then everything: GitHub's filter leaves out what got no answer. */
  readonly failuresOnly: boolean;
}

/** How far a hook's deliveries were read, and how it does. */
export interface HookReading {
  /** Since when attempts are looked at next. */
  readonly since: number;
  readonly unread: readonly UnreadDeliveries[];
  /** The newest attempts all failed. */
  readonly isDown: boolean;
  /** When an event was last sent to see whether it is still down. */
  readonly probedAt: number;
  /** The first success after it was down. */
  readonly recoveredAt: number;
}

/** `locks/deliveries`: what the sweep knows of each hook. */
export interface DeliveriesDocument {
  /** By the key of the hook. */
  readonly hooks: Readonly<Record<string, HookReading>>;
  /** Redeliveries that are saved up, and when. */
  readonly allowance: {readonly calls: number; readonly at: number};
  /** So many documents `locks/deliveries-<n>` hold the events that did not arrive. */
  readonly pages: number;
  readonly expireAt: number;
}

/** An event of a job that did not arrive. Times in milliseconds since the epoch. */
export interface FailedEvent {
  /** Key of the hook. */
  readonly hook: string;
  /** Of the newest attempt that was listed, by which it is asked for again. */
  readonly id: number;
  readonly action: string;
  /** The first attempt. */
  readonly at: number;
  /** The newest attempt, made or asked for. */
  readonly last: number;
  /** The newest attempt that was listed. */
  readonly listed: number;
  /** How often it was asked for again; probes are none. */
  readonly tries: number;
  /** It arrived, or was given up. */
  readonly isOver: boolean;
}

/** `locks/deliveries-<n>` */
export interface FailedEventsDocument {
  /** By GUID. */
  readonly events: Readonly<Record<string, FailedEvent>>;
  readonly expireAt: number;
}

export interface Collections {
  jobs: JobDocument;
  runners: RunnerDocument;
  slots: SlotDocument;
  keys: KeyDocument;
  breakers: BreakerDocument;
  deadletters: DeadLetterDocument;
  vms: VmDocument;
  locks: LockDocument | DeliveriesDocument | FailedEventsDocument;
}

export type CollectionName = keyof Collections;
