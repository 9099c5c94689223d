import type {JobDocument, JobKey} from '../model/job';
import type {JobEvent} from '../model/job-event';
import {isFailureOfRunner} from '../model/job-json';
import {matchEvent} from '../model/matching';
import type {Observed, SeenJob} from './observed';

/**
 * The event that the lost webhook would have brought, for the present state of the job. Undefined when no pool takes the job. The delivery
 * id stays the same for `bucketMs`, so that the task is created once in that time.
 */
export function missedEventOf(
  observed: Observed,
  seen: SeenJob,
  stored: JobDocument | undefined,
  {now, bucketMs}: {readonly now: number; readonly bucketMs: number},
): JobEvent | undefined {
  const {job, repository, installationId, isPublic} = seen;
  const event: Omit<JobEvent, 'pool' | 'delivery'> = {
    jobId: job.id,
    runId: job.runId,
    runAttempt: job.runAttempt,
    status: job.status,
    repository,
    labels: job.labels,
    runnerName: job.runnerName,
    runnerId: job.runnerId,
    workflow: job.workflow,
    installationId,
    url: job.url,
    createdAt: job.queuedAt ?? now,
    receivedAt: observed.startedAt,
    ...(isFailureOfRunner(job) ? {isFailureOfRunner: true} : {}),
    // Of a job on record it was looked at when the job came; here it may be a guess.
    ...(stored ? {} : {isPublic}),
  };
  const match = matchEvent({kind: 'job', event, isPublic}, observed);
  const pool = match.kind === 'accepted' ? match.event.pool : stored?.pool;
  if (pool === undefined || (match.kind === 'ignored' && job.status === 'queued')) return undefined;
  const bucket = Math.floor((now - event.createdAt) / bucketMs);
  const delivery = `sweep-${job.id}-${job.runAttempt}-${job.status}-${stored?.generation ?? 0}-${bucket}`;
  return {...event, pool, delivery};
}

/** The `completed` event of a job that GitHub no longer knows: its run was deleted. `receivedAt`: in milliseconds. */
export function completedEventOf(stored: JobDocument, key: JobKey, receivedAt: number): JobEvent {
  const {jobId, runId, runAttempt, repository, labels, pool, installationId, url, queuedAt, generation} = stored;
  return {
    jobId,
    runId,
    runAttempt,
    repository,
    labels,
    pool,
    installationId,
    url,
    status: 'completed',
    runnerName: stored.status === 'in_progress' ? stored.runner : null,
    runnerId: null,
    workflow: null,
    createdAt: queuedAt,
    receivedAt,
    delivery: `sweep-${key}-absent-${generation}`,
  };
}
