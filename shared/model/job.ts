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

export interface FollowUp {
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
  readonly aftermath: FollowUp;
  /** Milliseconds since the epoch; the order in which demand is served. */
  readonly queuedAt: number;
  /** `receivedAt` of the newest event that was accepted; missing or null: not known. What was received before is late. */
  readonly receivedAt?: number | null;
  readonly updatedAt: number;
  readonly expireAt: number;
}

export function jobKeyOf(job: {readonly jobId: number; readonly runAttempt: number}): JobKey {
  return `${job.jobId}-${job.runAttempt}`;
}

/** A finished job is remembered this long, so that a late `queued` finds that it is over. */
const FINISHED_JOB_RETENTION_MS = 7 * 24 * 3600 * 1000;

/** One that is not over: longer than GitHub lets it wait for an approval, which is 30 days. */
const OPEN_JOB_RETENTION_MS = 40 * 24 * 3600 * 1000;

export function retentionMs(status: JobStatus): number {
  return status === 'completed' ? FINISHED_JOB_RETENTION_MS : OPEN_JOB_RETENTION_MS;
}

const MAX_LOST_RUNNERS = 10;

/** A runner was there for the job, and GitHub did not give it to it: nothing is made for it, until it is tried again. */
export function markHeldBack(job: JobDocument, now: number): JobDocument {
  return {...job, demand: 'dead', runner: null, heldBack: (job.heldBack ?? 0) + 1, updatedAt: now};
}

/**
 * A job that was to run is queued again: GitHub says so, and its runner is gone. What is heard of that runner from then on is late. A runner
 * that goes on under its name (`keepsName`: a persistent one) may get the job again.
 */
export function requeue(job: JobDocument, now: number, {keepsName}: {readonly keepsName: boolean}): JobDocument {
  const lost = job.runner === null || keepsName ? [] : [job.runner];
  return {
    ...job,
    status: 'queued',
    demand: 'open',
    generation: job.generation + 1,
    runner: null,
    slot: null,
    slotOfAll: null,
    lostRunners: [...(job.lostRunners ?? []), ...lost].slice(-MAX_LOST_RUNNERS),
    updatedAt: now,
    expireAt: now + retentionMs('queued'),
  };
}

/** Whether a job of a pool with a persistent VM waits for the VM: it is queued and was not turned away. */
export function waitsForVm({status, demand}: JobDocument): boolean {
  return status === 'queued' && demand === 'covered';
}

/** Of the first pause, in milliseconds. */
const FIRST_HELD_BACK_PAUSE_MS = 15 * 60_000;

/** How long a job is left alone, in milliseconds, that GitHub has held back from an idle runner so many times: twice as long each time. */
export function heldBackPauseMs(times: number): number {
  return FIRST_HELD_BACK_PAUSE_MS * 2 ** (times - 1);
}
