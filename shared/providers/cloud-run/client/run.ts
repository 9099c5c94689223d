/** What an execution of a job is started with. `args` undefined: the arguments of the job. */
export interface RunRequest {
  /** `projects/P/locations/L/jobs/J` */
  readonly job: string;
  readonly args?: readonly string[];
  /** Added to the variables of the job; the same name replaces. */
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
}

/** One execution of a job, in its present state. */
export interface Execution {
  /** `projects/P/locations/L/jobs/J/executions/E`, with the project as it was asked for. */
  readonly name: string;
  /** Variables of the first container, with those of the job. */
  readonly env: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  /** Milliseconds since the epoch; undefined: Cloud Run does not say. */
  readonly createdAtMs: number | undefined;
  /** Undefined: the container has not started. */
  readonly startedAtMs: number | undefined;
  /** Whether it has ended, for whatever reason. */
  readonly isFinished: boolean;
  /** It has ended, neither as it should nor because somebody cancelled it. */
  readonly hasFailed: boolean;
  /** It is being cancelled or deleted. */
  readonly isEnding: boolean;
  /** What Cloud Run says about its start or its end; empty: nothing. */
  readonly message: string;
}

/** Executions of a job, newest first. */
export interface ExecutionPage {
  readonly executions: readonly Execution[];
  readonly nextPageToken: string | undefined;
}

/** The fields of a job that matter for a runner. Undefined: the job leaves it to Cloud Run. */
export interface RunJob {
  readonly cpus: number | undefined;
  readonly gib: number | undefined;
  readonly maxRetries: number;
  readonly taskCount: number;
  readonly hasGpu: boolean;
}

/**
 * The calls to Cloud Run. Every call has a time-out and is made once. A failure is thrown as `RunFailure` (errors.ts), classified and without
 * secrets. Names are full resource names.
 *
 * @see https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs
 */
export interface Run {
  /** Starts one execution and returns its name. Its end is not awaited. */
  runJob(request: RunRequest): Promise<string>;
  getJob(job: string): Promise<RunJob | undefined>;
  getExecution(execution: string): Promise<Execution | undefined>;
  /** One page; of a job that does not exist an empty one. */
  listExecutions(job: string, pageToken?: string): Promise<ExecutionPage>;
  /** Returns when the cancellation is accepted. `ended`: there is nothing to cancel any more. */
  cancelExecution(execution: string): Promise<'accepted' | 'ended' | 'absent'>;
  /** Returns when the deletion is accepted. `running`: it cannot be deleted before it has ended. */
  deleteExecution(execution: string): Promise<'accepted' | 'running' | 'absent'>;
  /** With which code other than 0 the container of a finished execution ended; undefined: with none. */
  exitCode(execution: string): Promise<number | undefined>;
}
