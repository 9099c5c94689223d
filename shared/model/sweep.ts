import type {JobKey} from './job';

/** A job whose spot VM was preempted; kept until the job's conclusion is known. */
export interface Preemption {
  readonly runner: string;
  readonly pool: string;
  readonly job: JobKey;
  readonly jobId: number;
  readonly repository: string;
  readonly installationId: number | null;
  readonly url: string | null;
  /** When the sweep saw the preemption, in milliseconds since the epoch. */
  readonly at: number;
}

/** Counts of what the latest sweep saw, decided and did. `decided`, `done` and `failed` are by reason. */
export interface SweepSummary {
  readonly at: number;
  readonly seconds: number;
  /** False if the time budget ran out, or GitHub's limit ended its deregistrations; the next sweep continues. */
  readonly finished: boolean;
  readonly seen: Readonly<Record<string, number>>;
  readonly decided: Readonly<Record<string, number>>;
  readonly done: Readonly<Record<string, number>>;
  readonly failed: Readonly<Record<string, number>>;
  /** Descriptions of lists that could not be read to their end. */
  readonly incomplete: readonly string[];
}

/** Whether the webhook brings jobs, or the sweep has to find them. Times in milliseconds since the epoch. */
export interface WebhookWatch {
  /** The newest event of a job that arrived, or when the watch began. */
  readonly heardAt: number;
  /** When the sweep last found a job by itself; 0: not since then. */
  readonly foundAt: number;
  /** When the silence was last reported; 0: not yet. */
  readonly reportedAt: number;
}

/** A job that is queued at GitHub, asks for a label that some pool knows, and that no pool takes. */
export interface UnservedJob {
  readonly job: JobKey;
  readonly jobId: number;
  readonly runId: number;
  /** `owner/name` */
  readonly repository: string;
  readonly installationId: number | null;
  readonly url: string | null;
  /** As far as they fit. */
  readonly labels: readonly string[];
  readonly verdict: string;
  readonly because: string;
  /** Missing: written by a version that did not keep it. */
  readonly do?: string;
  /** When GitHub queued it, in milliseconds since the epoch. */
  readonly queuedAt: number;
}

/** `locks/unserved`: written by the sweep alone. */
export interface UnservedDocument {
  /** Newest first. */
  readonly unserved: readonly UnservedJob[];
  readonly expireAt: number;
}

/** `locks/sweep`: the lock that lets one sweep run at a time, and the state that a sweep passes to the next one. */
export interface LockDocument {
  /** Random id of the execution that holds the lock; null: none does. */
  readonly holder: string | null;
  readonly leaseUntil: number;
  /** The repositories that were read last, active and quiet ones; the next sweep continues after them. */
  readonly cursors: {readonly active: string | null; readonly quiet: string | null};
  /** Numbers of calls to GitHub that the sweep may make for active and quiet repositories, and the time at which they were computed. */
  readonly allowance: {readonly active: number; readonly quiet: number; readonly at: number};
  /** When all held slots were last checked. */
  readonly slotsAt: number;
  /** For each thing that looks wrong, the time at which a sweep first saw it. */
  readonly sightings: Readonly<Record<string, number>>;
  readonly preempted: readonly Preemption[];
  readonly last: SweepSummary | null;
  /** Pools of which the latest sweep found waiting jobs; missing: none. */
  readonly waiting?: readonly string[];
  /** Missing: no sweep has watched the webhook yet. */
  readonly webhook?: WebhookWatch;
  readonly expireAt: number;
  /** Only the previous version reads these two fields, and its sweep fails without them. They are written for a rollback to it. */
  readonly deliveriesSince?: number;
  readonly redelivered?: Readonly<Record<string, never>>;
}
