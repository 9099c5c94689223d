/** A job's states at GitHub; the same words are the actions of `workflow_job`. */
export type JobStatus = 'queued' | 'waiting' | 'in_progress' | 'completed';
export type Conclusion = 'success' | 'failure' | 'cancelled';

export interface JobRunner {
  readonly id: number;
  readonly name: string;
  readonly groupId: number;
  readonly groupName: string;
}

/** Times are milliseconds since the epoch. */
export interface Job {
  readonly id: number;
  readonly runId: number;
  readonly runAttempt: number;
  /** `owner/name` */
  readonly repository: string;
  readonly name: string;
  /** As in the workflow: GitHub keeps their case. */
  readonly labels: readonly string[];
  readonly durationMs: number;
  /** How it ends when its runner lives to the end. */
  readonly plannedConclusion: Conclusion;
  readonly createdAtMs: number;
  status: JobStatus;
  conclusion: Conclusion | null;
  /** Since when it is in the queue, this time. */
  queuedAtMs: number;
  startedAtMs: number | null;
  completedAtMs: number | null;
  /** Who runs it or ran it. */
  runner: JobRunner | null;
  /** Why it ended. `lost`: its runner went silent; `shut_down`: its runner was told to end; `expired`: nobody took it for 24 hours. */
  ending: 'ran' | 'cancelled' | 'expired' | 'lost' | 'shut_down' | null;
}

/** A run is what its jobs are, unless it failed before any of them could start. */
export interface Run {
  readonly id: number;
  readonly repository: string;
  readonly createdAtMs: number;
  readonly number: number;
  attempt: number;
  readonly jobs: Job[];
  /** The run is over although a job of it stays `queued` for ever. */
  startupFailure: boolean;
}

export function runStatus(run: Run): {status: JobStatus; conclusion: string | null} {
  if (run.startupFailure) return {status: 'completed', conclusion: 'startup_failure'};
  const jobs = run.jobs.filter((job) => job.runAttempt === run.attempt);
  if (jobs.every((job) => job.status === 'completed')) {
    const worst = (['failure', 'cancelled'] as const).find((each) => jobs.some((job) => job.conclusion === each));
    return {status: 'completed', conclusion: worst ?? 'success'};
  }
  if (jobs.some((job) => job.status === 'in_progress')) return {status: 'in_progress', conclusion: null};
  // One job that waits for an approval makes the run waiting, whatever is queued beside it.
  if (jobs.some((job) => job.status === 'waiting')) return {status: 'waiting', conclusion: null};
  // One job that has begun makes it in_progress, whatever still queues.
  return {status: jobs.some((job) => job.status === 'completed') ? 'in_progress' : 'queued', conclusion: null};
}
