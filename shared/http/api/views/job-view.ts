import type * as z from 'zod';
import {type JobDocument, jobKeyOf} from '../../../model/job';
import type {DeadLetterDocument} from '../../../model/tasks';
import {scrubSecrets} from '../../../telemetry/scrub';
import type {DeadLetter, Job} from '../schemas';
import {timeOf} from './time';

export function jobView(job: JobDocument): z.output<typeof Job> {
  return {
    id: jobKeyOf(job),
    job_id: job.jobId,
    run_id: job.runId,
    run_attempt: job.runAttempt,
    repository: job.repository,
    pool: job.pool,
    labels: [...job.labels],
    status: job.status,
    demand: job.demand,
    runner: job.runner,
    url: job.url,
    queued_at: timeOf(job.queuedAt),
    updated_at: timeOf(job.updatedAt),
  };
}

/** `body` is the task, of which only the kind is shown. */
export function deadLetterView(id: string, letter: DeadLetterDocument): z.output<typeof DeadLetter> {
  const kind = (letter.body as {kind?: unknown} | null)?.kind;
  return {
    id,
    queue: letter.queue,
    kind: typeof kind === 'string' ? kind : null,
    error: scrubSecrets(letter.error),
    job: letter.job,
    url: letter.jobUrl,
    attempts: letter.attempts,
    count: letter.count ?? 1,
    at: timeOf(letter.at),
  };
}
