import {ExecutionsClient} from '@google-cloud/run/build/src/v2/executions_client';
import {JobsClient} from '@google-cloud/run/build/src/v2/jobs_client';
import {TasksClient} from '@google-cloud/run/build/src/v2/tasks_client';
import {withDeadline} from '../../../clock';
import {type GoogleEmulator, googleClientOptions, isDeadline, lazyClient, readRefusal} from '../../../google-call';
import {type RunCalls, runOver} from './calls';
import {noAnswer, RunFailure, toRunFailure} from './errors';
import type {Run} from './run';

/** Time-out of a call, in milliseconds. No call waits for an operation. */
const CALL_TIMEOUT_MS = 15_000;

/** Time beyond the time-out of the client, which does not cover fetching a token. */
const GUARD_MS = 2_000;

interface CallOptions {
  readonly timeout: number;
  /** Turns the retries of the library off: whether an execution is started again is decided by the caller. */
  readonly retry: null;
  readonly autoPaginate: false;
}

/**
 * Cloud Run over the REST clients of Google. Every call has a time-out and is made once, without the retries of the libraries.
 *
 * @param emulator replaces the endpoint of Google; needs no credentials.
 */
export function createRun(emulator?: GoogleEmulator): Run {
  return runOver(googleCalls(emulator));
}

function googleCalls(emulator: GoogleEmulator | undefined): RunCalls {
  const options = googleClientOptions(emulator);
  // Each client is created at its first use. `fallback`: REST in place of gRPC.
  const jobs = lazyClient(() => new JobsClient({...options(), fallback: true}));
  const executions = lazyClient(() => new ExecutionsClient({...options(), fallback: true}));
  const tasks = lazyClient(() => new TasksClient({...options(), fallback: true}));
  return {
    run(job, {containerOverrides, taskCount, timeoutSeconds}) {
      const containers = containerOverrides.map(({env, args}) => ({
        env: [...env],
        ...(args ? {args: [...args]} : {}),
      }));
      const overrides = {containerOverrides: containers, taskCount, timeout: {seconds: timeoutSeconds}};
      const secrets = containers.flatMap(({env}) => env.map(({value}) => value));
      return call(`run ${job}`, secrets, async (how) => {
        const client = await jobs();
        const [{metadata}] = await client.runJob({name: job, overrides}, how);
        return metadata ?? {};
      });
    },
    getJob: (name) =>
      call(`get ${name}`, [], async (how) => {
        const client = await jobs();
        const [job] = await client.getJob({name}, how);
        return job;
      }),
    getExecution: (name) =>
      call(`get ${name}`, [], async (how) => {
        const client = await executions();
        const [execution] = await client.getExecution({name}, how);
        return execution;
      }),
    listExecutions: (parent, page) =>
      call(`list the executions of ${parent}`, [], async (how) => {
        const client = await executions();
        const [found, , answer] = await client.listExecutions({parent, ...page}, how);
        return {executions: found, nextPageToken: answer?.nextPageToken};
      }),
    cancelExecution: (name) =>
      call(`cancel ${name}`, [], async (how) => {
        const client = await executions();
        await client.cancelExecution({name}, how);
      }),
    deleteExecution: (name) =>
      call(`delete ${name}`, [], async (how) => {
        const client = await executions();
        await client.deleteExecution({name}, how);
      }),
    listTasks: (parent) =>
      call(`list the tasks of ${parent}`, [], async (how) => {
        const client = await tasks();
        const [found] = await client.listTasks({parent}, how);
        return found;
      }),
  };
}

/** Runs one call of a client. Throws every failure as a `RunFailure`, without the original error, which may contain the request. */
async function call<T>(what: string, secrets: readonly string[], run: (how: CallOptions) => Promise<T>): Promise<T> {
  const timedOut = () => noAnswer(what, CALL_TIMEOUT_MS);
  const how = {timeout: CALL_TIMEOUT_MS, retry: null, autoPaginate: false} as const;
  try {
    return await withDeadline(CALL_TIMEOUT_MS + GUARD_MS, run(how), timedOut);
  } catch (error) {
    if (error instanceof RunFailure) throw error;
    throw isDeadline(error) ? timedOut() : toRunFailure(what, readRefusal(error), secrets);
  }
}
