import {DAY_MS, MINUTE_MS} from '../durations';
/** `<job id>-<run attempt>`: identifies one run of a job. */
export type JobKey = string;

/** Status of a job at GitHub. */
export type JobStatus = 'queued' | 'waiting' | 'in_progress' | 'completed';

/**
 * Whether the job needs a runner:
 * - `open`: the job is queued, and has no runner and no slot.
 * - `reserved`: a slot is kept for the job, and a task is enqueued that creates the runner.
 * - `covered`: a runner is assigned to the job, or is being created for it.
 * - `none`: the job waits for an approval, runs, or is completed.
 * - `dead`: every attempt failed, and a dead letter holds the reason; or the runner of the pool's persistent VM lacks a label, which a log
 *   line names.
 */
export type JobDemand = 'open' | 'reserved' | 'covered' | 'none' | 'dead';

/** What is done after the transaction that changed a job. It is stored, so that a repeated event does it again after a crash. */
export interface FollowUp {
  /** Name of the runner that became unassigned. */
  readonly spare: string | null;
  /** The job that is demand again. */
  readonly reopened: JobKey | null;
}

/** Why the newest attempt to get the job a runner failed, where it is tried again. Times in milliseconds since the epoch. */
export interface FailedAttempt {
  /** Kind of the error, see shared/errors.ts. */
  readonly kind: string;
  /** The error's sentence, which holds no secret. */
  readonly message: string;
  readonly at: number;
  /** Number of the attempt, from 1, and after how many the task is given up; missing: it is tried for as long as GitHub lets the job wait. */
  readonly attempt: number;
  readonly mostAttempts?: number;
  /** The next try is not before. */
  readonly nextTryAt: number;
  /** A machine was made, and waited for capacity at its provider until it was ended. */
  readonly hasWaited?: true;
}

/** `jobs/<job id>-<run attempt>` */
export interface JobDocument {
  readonly jobId: number;
  readonly runAttempt: number;
  readonly runId: number;
  /** `owner/name` */
  readonly repository: string;
  /** Its own pool, also while a fallback of the pool serves it. */
  readonly pool: string;
  /** The pool of the runner that was created last for the job, if that was a fallback. Null or missing: it was the job's own. */
  readonly fallbackPool?: string | null;
  /** Whether the repository is public; missing: not known. */
  readonly isPublic?: boolean;
  readonly labels: readonly string[];
  readonly installationId: number | null;
  /** Name of the workflow; null or missing: not known. */
  readonly workflow?: string | null;
  readonly url: string | null;
  readonly status: JobStatus;
  /** 1 for the first time that the job is queued, and one more each time that it is queued again. */
  readonly generation: number;
  /** GUIDs of the deliveries that opened a generation or made the job wait, newest last. A retry of an older one changes nothing. */
  readonly openings: readonly string[];
  /** Number of runners created for the job, which is the `n` in the name of the latest one. */
  readonly creations: number;
  /** Name of the standby machine that was claimed for the latest of them; null or missing: that one was created for the job. */
  readonly standby?: string | null;
  readonly demand: JobDemand;
  /** Name of the runner that is assigned to the job, runs it, or ran it. */
  readonly runner: string | null;
  /** Names of runners that were gone when the job was queued again, newest last. An event that names one of them is late. */
  readonly lostRunners?: readonly string[];
  /** Labels that the runner of the pool's persistent VM lacked when it last rejected the job; missing: it did not. */
  readonly lackedLabels?: readonly string[];
  /** How often a runner was online and idle for the job and GitHub did not give it the job; missing: never. */
  readonly heldBack?: number;
  /** How many machines of a size that the job has chosen did not bring its runner online; missing: none. */
  readonly failedBoots?: number;
  /** Set when the job was given up for an option that its pools did not allow with these settings, at `at`; see not-allowed.ts. */
  readonly notAllowed?: {readonly settings: string; readonly at: number};
  /** Missing: none failed. A later change of the job makes it history, see `standingFailure`. */
  readonly failedAttempt?: FailedAttempt;
  /** Id of the slot that a deleted runner left to the job, until a runner of the job takes the slot. */
  readonly slot: string | null;
  /** The same for a slot of the limit over all pools; missing in documents written without such a limit. */
  readonly slotOfAll?: string | null;
  /** Follow-up of the latest change. It is safe to repeat, and is repeated when the event is. */
  readonly aftermath: FollowUp;
  /** Milliseconds since the epoch. Open jobs are served in this order. */
  readonly queuedAt: number;
  /** `receivedAt` of the newest event that was accepted; missing or null: not known. An event received earlier is late. */
  readonly receivedAt?: number | null;
  /** When the news came that the job runs; missing or null: it does not, or the news came after the job's end. */
  readonly startedAt?: number | null;
  readonly updatedAt: number;
  readonly expireAt: number;
}

export function jobKeyOf(job: {readonly jobId: number; readonly runAttempt: number}): JobKey {
  return `${job.jobId}-${job.runAttempt}`;
}

/** The failure that a retry is to make good; undefined: none, or the job has changed since, as when an attempt went well or somebody reopened it. */
export function standingFailure({failedAttempt, updatedAt}: JobDocument): FailedAttempt | undefined {
  return failedAttempt && failedAttempt.at >= updatedAt ? failedAttempt : undefined;
}

/** Records that an attempt went well, so that the failure before it is history. Changes nothing of a job without one. */
export function settleFailure(job: JobDocument, now: number): JobDocument {
  const failed = standingFailure(job);
  // The clock of the execution that failed may be ahead.
  return failed ? {...job, updatedAt: Math.max(now, failed.at + 1)} : job;
}

/**
 * What is noted of a job whose machine was created and then found no capacity at its provider for so long that it was ended: the same as of a
 * creation that was refused.
 */
export function withoutCapacity({failedAttempt}: JobDocument, runner: string, now: number): FailedAttempt {
  const before = failedAttempt?.kind === 'no_capacity' ? failedAttempt.attempt : 0;
  const message = `no capacity for ${runner}: its machine waited in the provider's queue for longer than bootMinutes`;
  return {kind: 'no_capacity', message, at: now, attempt: before + 1, nextTryAt: now, hasWaited: true};
}

/** What is noted of a job that another pool serves by now, so that it can be told what was tried: it is history at once. */
export function servedElsewhere({failedAttempt}: JobDocument, message: string, now: number): FailedAttempt {
  const before = failedAttempt?.kind === 'no_capacity' ? failedAttempt.attempt : 1;
  return {kind: 'no_capacity', message, at: now - 1, attempt: before, nextTryAt: now};
}

/** How long a completed job stays on record, so that a late `queued` is recognized as late. */
const FINISHED_JOB_RETENTION_MS = 7 * DAY_MS;

/** How long any other job stays on record: longer than the 30 days for which GitHub lets a job wait for an approval. */
const OPEN_JOB_RETENTION_MS = 40 * DAY_MS;

/** How long after its last change a job of this status stays on record. */
export function retentionMs(status: JobStatus): number {
  return status === 'completed' ? FINISHED_JOB_RETENTION_MS : OPEN_JOB_RETENTION_MS;
}

/** Runner names kept in `lostRunners` of a job. */
const MAX_LOST_RUNNERS = 10;

/** Records that the job is tried again only after a pause, as after a runner that was online and idle and did not get it from GitHub. No runner is created until then. */
export function markHeldBack(job: JobDocument, now: number): JobDocument {
  return {...job, demand: 'dead', runner: null, heldBack: (job.heldBack ?? 0) + 1, updatedAt: now};
}

/** Boots of machines of a size that a job has chosen, from which on it is held back. */
const MOST_FAILED_BOOTS = 3;

/** Records that the machine of a size that the job has chosen did not bring its runner online. The job is open again, or held back as by GitHub. */
export function markFailedBoot(job: JobDocument, now: number): JobDocument {
  const counted = {...job, failedBoots: (job.failedBoots ?? 0) + 1};
  return counted.failedBoots < MOST_FAILED_BOOTS
    ? {...counted, demand: 'open', runner: null, updatedAt: now}
    : markHeldBack(counted, now);
}

/**
 * Makes a job on record as running demand again: GitHub has it queued, and its runner is gone. An event that names this runner is late from
 * then on, unless the runner keeps its name (`keepsName`, true for a persistent runner) and so may get the job again.
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
    startedAt: null,
    updatedAt: now,
    expireAt: now + retentionMs('queued'),
  };
}

/** Whether a job of a pool with a persistent VM waits for the VM: it is queued, and was not rejected for a label that the runner lacks. */
export function waitsForVm({status, demand}: JobDocument): boolean {
  return status === 'queued' && demand === 'covered';
}

/** Length of the first pause of a job that GitHub holds back. */
const FIRST_HELD_BACK_PAUSE_MS = 15 * MINUTE_MS;

/** How long, in milliseconds, no runner is created for a job that GitHub held back `times` times: twice as long each time. */
export function heldBackPauseMs(times: number): number {
  return FIRST_HELD_BACK_PAUSE_MS * 2 ** (times - 1);
}
