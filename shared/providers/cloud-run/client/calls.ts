import {RunFailure} from './errors';
import {
  executionName,
  type RawExecution,
  type RawJob,
  type RawTask,
  readExecution,
  readExitCode,
  readJob,
} from './read';
import type {Run} from './run';

/** Executions in one page, each of some kilobytes. */
const PAGE_SIZE = 100;

/** The body of `jobs.run`. @see https://cloud.google.com/run/docs/reference/rest/v2/projects.locations.jobs/run */
export interface RunBody {
  readonly containerOverrides: readonly {
    readonly env: readonly {readonly name: string; readonly value: string}[];
    readonly args?: readonly string[];
  }[];
  readonly taskCount: number;
  readonly timeoutSeconds: number;
}

/** The methods of the API, by whatever transport. Each throws `RunFailure` alone. */
export interface RunCalls {
  /** Returns `metadata` of the operation. */
  run(job: string, body: RunBody): Promise<Pick<RawExecution, 'name'>>;
  getJob(job: string): Promise<RawJob>;
  getExecution(execution: string): Promise<RawExecution>;
  listExecutions(
    job: string,
    page: {readonly pageSize: number; readonly pageToken?: string},
  ): Promise<{readonly executions: readonly RawExecution[]; readonly nextPageToken?: string | null | undefined}>;
  cancelExecution(execution: string): Promise<void>;
  deleteExecution(execution: string): Promise<void>;
  listTasks(execution: string): Promise<readonly RawTask[]>;
}

/** What the provider needs, over these calls. */
export function runOver(calls: RunCalls): Run {
  return {
    async runJob({job, args, env, timeoutSeconds}) {
      const variables = Object.entries(env).map(([name, value]) => ({name, value}));
      const container = {env: variables, ...(args ? {args} : {})};
      const answer = await calls.run(job, {containerOverrides: [container], taskCount: 1, timeoutSeconds});
      const name = executionName(answer, job);
      if (name) return name;
      throw new RunFailure('uncertain', 'NO_NAME', `run ${job}: the answer names no execution; one may run`);
    },

    async getJob(job) {
      const found = await unless('missing', undefined, calls.getJob(job));
      return found && readJob(found);
    },

    async getExecution(execution) {
      const found = await unless('missing', undefined, calls.getExecution(execution));
      return found && readExecution(found, jobOf(execution));
    },

    async listExecutions(job, pageToken) {
      const page = {pageSize: PAGE_SIZE, ...(pageToken ? {pageToken} : {})};
      const found = await unless('missing', undefined, calls.listExecutions(job, page));
      return {
        executions: (found?.executions ?? []).map((one) => readExecution(one, job)),
        nextPageToken: found?.nextPageToken || undefined,
      };
    },

    async cancelExecution(execution) {
      const accepted = calls.cancelExecution(execution).then(() => 'accepted' as const);
      return unless('missing', 'absent', unless('precondition', 'ended', accepted));
    },

    async deleteExecution(execution) {
      const accepted = calls.deleteExecution(execution).then(() => 'accepted' as const);
      return unless('missing', 'absent', unless('precondition', 'running', accepted));
    },

    async exitCode(execution) {
      return readExitCode((await unless('missing', undefined, calls.listTasks(execution))) ?? []);
    },
  };
}

/** The result, or `otherwise` if the call failed in this way. */
async function unless<T, U>(failureClass: RunFailure['failureClass'], otherwise: U, work: Promise<T>): Promise<T | U> {
  try {
    return await work;
  } catch (error) {
    if (error instanceof RunFailure && error.failureClass === failureClass) return otherwise;
    throw error;
  }
}

/** `projects/P/locations/L/jobs/J` of the full name of an execution. */
function jobOf(execution: string): string {
  return execution.slice(0, Math.max(0, execution.indexOf('/executions/')));
}
