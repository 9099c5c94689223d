/** A job, as a person has made it. */
export interface Job {
  readonly project: string;
  readonly region: string;
  readonly name: string;
  readonly cpu: string;
  readonly memory: string;
  readonly maxRetries: number;
  readonly timeoutSeconds: number;
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  /** Its executions have them too. */
  readonly labels: Readonly<Record<string, string>>;
  readonly accelerator: string | undefined;
}

export type JobGiven = Pick<Job, 'name'> & Partial<Job>;

/** One run of a job, which has one task. */
export interface Execution {
  /** Without the job. */
  readonly name: string;
  readonly job: Job;
  readonly env: Readonly<Record<string, string>>;
  readonly args: readonly string[];
  readonly timeoutSeconds: number;
  readonly createdAtMs: number;
  labels: Readonly<Record<string, string>>;
  startedAtMs: number | undefined;
  completedAtMs: number | undefined;
  /** `cancelling`: accepted, and the container has not ended. */
  state: 'pending' | 'running' | 'cancelling' | 'succeeded' | 'failed' | 'cancelled';
  /** Undefined: the container did not end by itself. */
  exitCode: number | undefined;
  /** Why it failed, or does not start. */
  message: string;
  deletedAtMs: number | undefined;
}

/** What a request may say otherwise than the job. */
export interface Overrides {
  readonly containerOverrides?: readonly {
    readonly args?: readonly string[];
    readonly env?: readonly {readonly name: string; readonly value?: string}[];
    readonly clearArgs?: boolean;
  }[];
  readonly taskCount?: number;
  readonly timeout?: string;
}

/** An error in the form of the newer APIs of Google. @see https://cloud.google.com/apis/design/errors#http_mapping */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    /** `google.rpc.Code` */
    readonly reason: string,
    message: string,
    /** `google.rpc.ErrorInfo.reason` */
    readonly info?: string,
  ) {
    super(message);
    this.name = 'ApiError';
  }

  get body(): object {
    const type = 'type.googleapis.com/google.rpc.ErrorInfo';
    const details = this.info ? {details: [{'@type': type, reason: this.info, domain: 'googleapis.com'}]} : {};
    return {error: {code: this.status, message: this.message, status: this.reason, ...details}};
  }
}

export function notFound(what: string): ApiError {
  return new ApiError(404, 'NOT_FOUND', `Resource '${what}' was not found`);
}

export function jobPath({project, region, name}: Pick<Job, 'project' | 'region' | 'name'>): string {
  return `projects/${project}/locations/${region}/jobs/${name}`;
}

export function executionPath({job, name}: Pick<Execution, 'job' | 'name'>): string {
  return `${jobPath(job)}/executions/${name}`;
}

export function isFinished({completedAtMs}: Pick<Execution, 'completedAtMs'>): boolean {
  return completedAtMs !== undefined;
}
