import * as z from 'zod';
import type {JobStatus} from './job';
import {isNameOfRunner, isPage, MAX_WORKFLOW_LENGTH} from './names';

/** GitHub's words for how a job stands, and what they are here. */
const STATUSES: Readonly<Record<string, JobStatus>> = {
  queued: 'queued',
  in_progress: 'in_progress',
  completed: 'completed',
  waiting: 'waiting',
  // Held back by a rule: nobody can take it yet.
  requested: 'waiting',
  pending: 'waiting',
};

/** Undefined: a word that GitHub does not describe. */
export function jobStatus(word: string): JobStatus | undefined {
  return Object.hasOwn(STATUSES, word) ? STATUSES[word] : undefined;
}

/** A field that no decision depends on: a malformed one counts as missing. */
export function minor<T extends z.ZodType>(type: T) {
  return type.nullish().catch(null);
}

/** An id that GitHub gives: of a job, a run, a registration, a hook, an installation. */
export const Id = z.int().positive();

/** An ISO 8601 time with `Z` or an offset. */
export const Time = z.iso.datetime({offset: true});

/**
 * The fields of a job that `workflow_job` events and the REST API have in common, as GitHub spells them.
 *
 * @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_job
 * @see https://docs.github.com/en/rest/actions/workflow-jobs#get-a-job-for-a-workflow-run
 */
export const JobJson = z.object({
  id: Id,
  run_id: Id,
  run_attempt: Id.nullish(),
  status: z.string(),
  labels: z.array(z.string()),
  runner_name: minor(z.string()),
  runner_id: minor(z.number()),
  workflow_name: minor(z.string()),
  html_url: minor(z.string()),
  created_at: minor(Time),
  started_at: minor(Time),
});

/** A job's fields in our own terms, the same for an event and for an answer of the REST API. */
export interface JobFields {
  readonly runId: number;
  readonly runAttempt: number;
  readonly status: JobStatus;
  readonly labels: readonly string[];
  /** Of a job that runs or ran. */
  readonly runnerName: string | null;
  /** The registration of that runner; null where GitHub does not say. */
  readonly runnerId: number | null;
  /** Name of the workflow, cut at `MAX_WORKFLOW_LENGTH`; null where GitHub does not say. */
  readonly workflow: string | null;
  readonly url: string | null;
  /** See `queuedAt`. */
  readonly queuedAt: number | null;
}

/** `status`: what `jobStatus` says of the job's own word. */
export function jobFields(job: z.infer<typeof JobJson>, status: JobStatus): JobFields {
  const hasRunner = isRunOrOver(status);
  return {
    runId: job.run_id,
    runAttempt: job.run_attempt ?? 1,
    status,
    labels: job.labels,
    // GitHub fills in a runner for some queued jobs, too, that never saw one.
    runnerName: hasRunner && isNameOfRunner(job.runner_name) ? job.runner_name : null,
    runnerId: hasRunner ? registrationId(job.runner_id) : null,
    workflow: job.workflow_name?.slice(0, MAX_WORKFLOW_LENGTH) || null,
    url: isPage(job.html_url) ? job.html_url : null,
    queuedAt: queuedAt(status, job),
  };
}

/**
 * Of a job that waits: since when. Its `started_at` is when it was queued, later than its creation after an approval. Else when GitHub
 * created it. Milliseconds since the epoch; null: GitHub does not say.
 */
export function queuedAt(
  status: JobStatus,
  {created_at, started_at}: Pick<z.infer<typeof JobJson>, 'created_at' | 'started_at'>,
): number | null {
  const times = isRunOrOver(status) ? [created_at ?? started_at] : [created_at, started_at];
  return Math.max(0, ...times.map((text) => Date.parse(text ?? '') || 0)) || null;
}

/** The id of the registration that has the job; GitHub writes 0 where none has. */
export function registrationId(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** Whether a runner has, or had, the job. */
function isRunOrOver(status: JobStatus): boolean {
  return status === 'in_progress' || status === 'completed';
}
