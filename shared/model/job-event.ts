import {type JobDocument, type JobKey, type JobStatus, retentionMs} from './job';

/** The content of one `workflow_job` webhook, as tasks carry it. */
export interface JobEvent {
  readonly jobId: number;
  readonly runId: number;
  readonly runAttempt: number;
  /** `workflow_job.status` of the body, which wins over the event's action. */
  readonly status: JobStatus;
  /** `owner/name` */
  readonly repository: string;
  readonly labels: readonly string[];
  /** Whether the repository is public; missing: not known, as in tasks of older versions. */
  readonly isPublic?: boolean | undefined;
  /** The pool that the webhook matched. */
  readonly pool: string;
  /** The runner that runs or ran the job; null while it has none. */
  readonly runnerName: string | null;
  /** GitHub's id of that runner's registration; null where the event does not say. */
  readonly runnerId: number | null;
  /** Of a completed job: `isFailureOfRunner`. Missing: no, or not known, as in tasks of older versions. */
  readonly isFailureOfRunner?: boolean | undefined;
  /** Name of the workflow; null where the event does not say. */
  readonly workflow: string | null;
  readonly installationId: number | null;
  /** The job's page at GitHub. */
  readonly url: string | null;
  /** Of a queued or waiting job: the time since which it is so. Otherwise the time of its creation. Milliseconds since the epoch. */
  readonly createdAt: number;
  /** When `webhook` received the delivery, or the sweep read the job from GitHub; milliseconds since the epoch. Null in tasks of older versions. */
  readonly receivedAt: number | null;
  /** GUID of the delivery; a redelivery and a retried task have the same one. */
  readonly delivery: string;
}

/** What makes a job demand: a `queued` event, or a task about a job on record. */
export type Demand = {readonly event: JobEvent} | {readonly job: JobKey};

/** Deliveries kept in `openings` of a job. */
const MAX_OPENINGS = 10;

/** Order of a job's states at GitHub. `queued` and `waiting` share a rank, because a job may change between them repeatedly. */
const RANK: Record<JobStatus, number> = {queued: 1, waiting: 1, in_progress: 2, completed: 3};

/**
 * What an event does to a job.
 * - `opened`: the job is demand; it needs a runner for this generation.
 * - `parked`: the job waits for an approval, so the runner that was assigned to it (`released`) can take another job.
 * - `started`, `finished`: `swap.ts` decides what follows for the runners.
 * - `unchanged`: the event repeats what is on record (`duplicate`), or is older than that (`late`).
 */
export type JobChange =
  | {readonly kind: 'opened'; readonly job: JobDocument}
  | {readonly kind: 'parked'; readonly job: JobDocument; readonly released: string | null}
  | {readonly kind: 'started'; readonly job: JobDocument}
  | {readonly kind: 'finished'; readonly job: JobDocument}
  | {readonly kind: 'unchanged'; readonly job: JobDocument; readonly reason: 'duplicate' | 'late'};

/**
 * Applies an event to the record of its job. The rank of a job never falls here (only `requeue` lowers it), `queued` after `waiting` opens
 * a new generation, and `completed` is final for the run attempt. `previous` is the job of the run attempt before: `creations` continues
 * its count, so that no runner name is used twice.
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

  const known = {
    ...job,
    installationId: event.installationId ?? job.installationId,
    workflow: event.workflow ?? job.workflow ?? null,
    url: event.url ?? job.url,
    ...(event.isPublic === undefined ? {} : {isPublic: event.isPublic}),
  };
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
        job: {
          ...touched,
          status: 'in_progress',
          demand: 'none',
          runner: event.runnerName,
          slot: null,
          slotOfAll: null,
          startedAt: now,
        },
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
 * Whether the event is of an earlier state than the record, or was received before the newest event that was accepted. Two exceptions:
 * `completed` is final in whatever order events arrive; and an `in_progress` of the first generation is accepted even if it was received
 * before the `queued`, because only a job that was queued again may have had an earlier runner. A redelivery gets a new `receivedAt`, so
 * its rank or its GUID shows that it is late.
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
    // The job was given up before. A new delivery of `queued` is a request to try again.
    if (existing.demand === 'dead') return {kind: 'opened', job: {...job, demand: 'open'}};
    return {kind: 'unchanged', job: existing, reason: 'duplicate'};
  }
  const openings = withOpening(job, delivery);
  const opened = {status: 'queued', demand: 'open', runner: null, startedAt: null} as const;
  // An approved job is queued since its approval, which may come long after its creation.
  const queuedAt = Math.max(createdAt, existing?.updatedAt ?? 0);
  return {kind: 'opened', job: {...job, ...opened, generation: job.generation + 1, openings, queuedAt}};
}

function withOpening({openings}: JobDocument, delivery: string): string[] {
  return [...openings, delivery].slice(-MAX_OPENINGS);
}

/** Name of the runner that ran a completed job: from this event, or from `in_progress` before. Null: the job was cancelled in the queue. */
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
    workflow: event.workflow,
    url: event.url,
    status: 'waiting',
    generation: 0,
    openings: [],
    creations: previous?.creations ?? 0,
    ...(previous?.fallbackPool ? {fallbackPool: previous.fallbackPool} : {}),
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
