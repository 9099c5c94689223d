import type {JobKey} from './job';

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
