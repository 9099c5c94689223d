import {type JobDocument, type JobKey, type JobStatus, retentionMs} from './job';

/** What one `workflow_job` webhook says, and all of it that a task carries on. */
export interface JobEvent {
  readonly jobId: number;
  readonly runId: number;
  readonly runAttempt: number;
  /** From the body: it rules over the event's action. */
  readonly status: JobStatus;
  /** `owner/name` */
  readonly repository: string;
  readonly labels: readonly string[];
  /** The pool that the webhook matched. */
  readonly pool: string;
  /** The runner that runs or ran the job; null while it has none. */
  readonly runnerName: string | null;
  /** GitHub's id of that runner's registration; null where the event does not say. */
  readonly runnerId: number | null;
  /** Name of the workflow; null where the event does not say. */
  readonly workflow: string | null;
  readonly installationId: number | null;
  /** The job's page, for people. */
  readonly url: string | null;
  /** Of a job that waits: since when. Else when GitHub created it. Milliseconds since the epoch. */
  readonly createdAt: number;
  /** When `webhook` received the delivery, or the sweep read it from GitHub; milliseconds since the epoch. Null in tasks of older versions. */
  readonly receivedAt: number | null;
  /** GUID of the delivery that said it; a redelivery and a retried task keep it. */
  readonly delivery: string;
}

/** What makes a job demand: a `queued` event, or a task that says so of a job that is known. */
export type Demand = {readonly event: JobEvent} | {readonly job: JobKey};

const MAX_OPENINGS = 10;

/** GitHub's order of a job's life. `queued` and `waiting` share a rank: a job goes to and fro between them. */
const RANK: Record<JobStatus, number> = {queued: 1, waiting: 1, in_progress: 2, completed: 3};

/**
 * What an event does to a job.
 * - `opened`: it is demand: a runner is wanted for this generation.
 * - `parked`: it waits for an approval, so the runner that covered it (`released`) is free for others.
 * - `started`, `finished`: see `swap.ts` for what that means for runners.
 * - `unchanged`: the event says nothing new, or comes too late.
 */
export type JobChange =
  | {readonly kind: 'opened'; readonly job: JobDocument}
  | {readonly kind: 'parked'; readonly job: JobDocument; readonly released: string | null}
  | {readonly kind: 'started'; readonly job: JobDocument}
  | {readonly kind: 'finished'; readonly job: JobDocument}
  | {readonly kind: 'unchanged'; readonly job: JobDocument; readonly reason: 'duplicate' | 'late'};

/**
 * The monotone state of a job: its rank never falls (but see `requeued`), `queued` after `waiting` opens a new generation, `completed` is final for the run
 * attempt. `creations` continues the count of `previous`, the attempt before, so that no runner name is given twice.
 */
export function applyJobEvent(
  existing: JobDocument | undefined,
  event: JobEvent,
  now: number,
  previous?: JobDocument,
): JobChange {
  const job = existing ?? newJob(event, now, previous);
  // mutation: late event
  if (existing && isLate(existing, event)) return {kind: 'unchanged', job, reason: 'late'};

  const known = {...job, installationId: event.installationId ?? job.installationId, url: event.url ?? job.url};
  const receivedAt = newestReceivedAt(existing?.receivedAt, event.receivedAt);
  const touched = {...known, receivedAt, updatedAt: now, expireAt: now + retentionMs(event.status)};
  switch (event.status) {
    case 'queued':
      return applyQueued(existing, touched, event);
    case 'waiting':
      if (existing?.status === 'waiting') return {kind: 'unchanged', job, reason: 'duplicate'};
      if (existing?.openings.includes(event.delivery)) return {kind: 'unchanged', job, reason: 'late'};
      return {
        kind: 'parked',
        job: {
          ...touched,
          status: 'waiting',
          demand: 'none',
          runner: null,
          slot: null,
          slotOfAll: null,
          openings: withOpening(touched, event.delivery),
        },
        released: existing?.runner ?? null,
      };
    case 'in_progress':
      if (existing?.status === 'in_progress' && existing.runner === event.runnerName) {
        return {kind: 'unchanged', job, reason: 'duplicate'};
      }
      if (event.runnerName !== null && existing?.lostRunners?.includes(event.runnerName)) {
        return {kind: 'unchanged', job, reason: 'late'};
      }
      return {
        kind: 'started',
        job: {...touched, status: 'in_progress', demand: 'none', runner: event.runnerName, slot: null, slotOfAll: null},
      };
    case 'completed':
      if (existing?.status === 'completed') return {kind: 'unchanged', job, reason: 'duplicate'};
      return {
        kind: 'finished',
        job: {
          ...touched,
          status: 'completed',
          demand: 'none',
          runner: runnerThatRan(existing, event),
          slot: null,
          slotOfAll: null,
        },
      };
  }
}

/**
 * Of an earlier state, or received before the newest event that was accepted. The end of a job is final in whatever order it is heard; and an
 * `in_progress` that overtook the first `queued` on its way to us is news all the same: only a job that was queued again may have had a
 * runner before. A redelivery is received anew: what it says of an earlier state is known by its rank, or by its GUID.
 */
function isLate(existing: JobDocument, {status, receivedAt}: JobEvent): boolean {
  if (RANK[status] < RANK[existing.status]) return true;
  if (status === 'completed' || receivedAt === null || receivedAt >= (existing.receivedAt ?? 0)) return false;
  return RANK[status] === RANK[existing.status] || existing.generation > 1;
}

function newestReceivedAt(known: number | null | undefined, received: number | null): number | null {
  return received === null ? (known ?? null) : Math.max(known ?? received, received);
}

function applyQueued(
  existing: JobDocument | undefined,
  job: JobDocument,
  {delivery, createdAt}: Pick<JobEvent, 'delivery' | 'createdAt'>,
): JobChange {
  if (existing?.status === 'waiting' && existing.openings.includes(delivery)) {
    return {kind: 'unchanged', job: existing, reason: 'late'};
  }
  if (existing?.status === 'queued') {
    // Given up on before: somebody delivered it again, so it is tried again.
    if (existing.demand === 'dead') return {kind: 'opened', job: {...job, demand: 'open'}};
    return {kind: 'unchanged', job: existing, reason: 'duplicate'};
  }
  const openings = withOpening(job, delivery);
  const opened = {status: 'queued', demand: 'open', runner: null} as const;
  // It queues since it was approved, whatever it was before.
  const queuedAt = Math.max(createdAt, existing?.updatedAt ?? 0);
  return {kind: 'opened', job: {...job, ...opened, generation: job.generation + 1, openings, queuedAt}};
}

function withOpening({openings}: JobDocument, delivery: string): string[] {
  return [...openings, delivery].slice(-MAX_OPENINGS);
}

/** Who ran a completed job: the event says it, or `in_progress` said it before. A job cancelled in the queue ran nowhere. */
function runnerThatRan(existing: JobDocument | undefined, event: JobEvent): string | null {
  return event.runnerName ?? (existing?.status === 'in_progress' ? existing.runner : null);
}

function newJob(event: JobEvent, now: number, previous: JobDocument | undefined): JobDocument {
  return {
    jobId: event.jobId,
    runAttempt: event.runAttempt,
    runId: event.runId,
    repository: event.repository,
    pool: event.pool,
    labels: event.labels.map((label) => label.toLowerCase()),
    installationId: event.installationId,
    url: event.url,
    status: 'waiting',
    generation: 0,
    openings: [],
    creations: previous?.creations ?? 0,
    demand: 'none',
    runner: null,
    slot: null,
    slotOfAll: null,
    aftermath: {spare: null, reopened: null},
    queuedAt: event.createdAt,
    receivedAt: event.receivedAt,
    updatedAt: now,
    expireAt: now + retentionMs(event.status),
  };
}
