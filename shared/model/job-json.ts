import * as z from 'zod';
import type {JobStatus} from './job';
import {cutLabels, isNameOfRunner, isPage, MAX_WORKFLOW_LENGTH} from './names';

/** GitHub's words for the status of a job, and the status that each stands for here. */
const STATUSES: Readonly<Record<string, JobStatus>> = {
  queued: 'queued',
  in_progress: 'in_progress',
  completed: 'completed',
  waiting: 'waiting',
  // A deployment protection rule or a concurrency limit holds the job back: no runner can take it yet.
  requested: 'waiting',
  pending: 'waiting',
};

/** The status that GitHub's word stands for; undefined: GitHub does not document the word. */
export function jobStatus(word: string): JobStatus | undefined {
  return Object.hasOwn(STATUSES, word) ? STATUSES[word] : undefined;
}

/** Schema of a field that no decision depends on: a malformed value is read as null. */
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
  conclusion: minor(z.string()),
  steps: minor(z.array(z.object({conclusion: minor(z.string())}))),
});

/** Whether a step of the job failed. */
export function hasFailedStep({steps}: Pick<z.infer<typeof JobJson>, 'steps'>): boolean {
  return (steps ?? []).some(({conclusion}) => conclusion === 'failure');
}

/**
 * Whether the job failed and none of its steps did: its runner was told to end, or was lost. The runner that is told to end under a job cancels
 * the step that runs, and says that the job has failed.
 *
 * @see https://github.com/actions/runner/blob/main/src/Runner.Worker/StepsRunner.cs
 */
export function isFailureOfRunner(job: {
  readonly conclusion?: string | null | undefined;
  readonly hasFailedStep: boolean;
}): boolean {
  return job.conclusion === 'failure' && !job.hasFailedStep;
}

/** The fields of a job, read from an event or from an answer of the REST API. */
export interface JobFields {
  readonly runId: number;
  readonly runAttempt: number;
  readonly status: JobStatus;
  /** Result of the function `cutLabels`. */
  readonly labels: readonly string[];
  /** Name of the runner that runs or ran the job; null for a queued or waiting job. */
  readonly runnerName: string | null;
  /** The registration of that runner; null where GitHub does not say. */
  readonly runnerId: number | null;
  /** Name of the workflow, cut at `MAX_WORKFLOW_LENGTH`; null where GitHub does not say. */
  readonly workflow: string | null;
  readonly url: string | null;
  /** Result of the function `queuedAt`. */
  readonly queuedAt: number | null;
}

/** Reads the fields of a job. `status` is the result of `jobStatus` for the job's own word. */
export function jobFields(job: z.infer<typeof JobJson>, status: JobStatus): JobFields {
  const hasRunner = isRunOrOver(status);
  return {
    runId: job.run_id,
    runAttempt: job.run_attempt ?? 1,
    status,
    labels: cutLabels(job.labels),
    // GitHub names a runner in some queued jobs that no runner has taken.
    runnerName: hasRunner && isNameOfRunner(job.runner_name) ? job.runner_name : null,
    runnerId: hasRunner ? registrationId(job.runner_id) : null,
    workflow: job.workflow_name?.slice(0, MAX_WORKFLOW_LENGTH) || null,
    url: isPage(job.html_url) ? job.html_url : null,
    queuedAt: queuedAt(status, job),
  };
}

/**
 * Of a queued or waiting job: the time since which it is so, the later of `created_at` and `started_at`; after an approval `started_at` is
 * the later one. Of any other job: the time of its creation. Milliseconds since the epoch; null: GitHub does not say.
 */
export function queuedAt(
  status: JobStatus,
  {created_at, started_at}: Pick<z.infer<typeof JobJson>, 'created_at' | 'started_at'>,
): number | null {
  const times = isRunOrOver(status) ? [created_at ?? started_at] : [created_at, started_at];
  return Math.max(0, ...times.map((text) => Date.parse(text ?? '') || 0)) || null;
}

/** The id of the registration that has the job; null: none. GitHub writes 0 for none. */
export function registrationId(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null;
}

/** Whether a runner runs the job, or the job is completed. */
function isRunOrOver(status: JobStatus): boolean {
  return status === 'in_progress' || status === 'completed';
}
