import type {RefusedCall} from '../../../shared/google-call';
import {type RunCalls, runOver} from '../../../shared/providers/cloud-run/client/calls';
import {noAnswer, toRunFailure} from '../../../shared/providers/cloud-run/client/errors';
import type {RawExecution, RawJob, RawTask} from '../../../shared/providers/cloud-run/client/read';
import type {Run} from '../../../shared/providers/cloud-run/client/run';
import type {RunApi} from './api';
import type {ApiError} from './resources';

/** After so long a client gives up on an answer that does not come. */
const PATIENCE_MS = 15_000;

interface Ask {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Readonly<Record<string, unknown>>;
}

/**
 * The port `Run` straight on the model, for the deterministic simulation: no sockets and no client library, but the same requests, faults and
 * refusals as over HTTP, classified as the real client classifies them.
 */
export function directRun(api: RunApi): Run {
  return runOver(directCalls(api));
}

function directCalls(api: RunApi): RunCalls {
  async function ask<T>(method: string, path: string, {query = {}, body = {}}: Ask = {}): Promise<T> {
    const answer = await api.answer({method, path, query: new URLSearchParams(query), body});
    const what = `${method} ${path}`;
    switch (answer.kind) {
      case 'answered':
        return answer.body as T;
      case 'hanging':
        await api.world.scheduler.sleep(PATIENCE_MS);
        throw noAnswer(what, PATIENCE_MS);
      case 'broken':
        throw toRunFailure(what, {message: 'no answer'});
      default:
        throw toRunFailure(what, answer.kind === 'refused' ? refusalOf(answer.error) : answer);
    }
  }

  return {
    async run(job, {timeoutSeconds, ...rest}) {
      const overrides = {...rest, timeout: `${timeoutSeconds}s`};
      const {metadata} = await ask<{metadata: RawExecution}>('POST', `${job}:run`, {body: {overrides}});
      return metadata;
    },
    getJob: (job) => ask<RawJob>('GET', job),
    getExecution: (execution) => ask<RawExecution>('GET', execution),
    listExecutions: (job, {pageSize, pageToken}) =>
      ask('GET', `${job}/executions`, {
        query: {pageSize: String(pageSize), ...(pageToken ? {pageToken} : {})},
      }),
    cancelExecution: (execution) => ask('POST', `${execution}:cancel`),
    deleteExecution: (execution) => ask('DELETE', execution),
    async listTasks(execution) {
      const {tasks} = await ask<{tasks: readonly RawTask[]}>('GET', `${execution}/tasks`);
      return tasks;
    },
  };
}

function refusalOf({status, reason, info, message}: ApiError): RefusedCall {
  return {status, reason, message, ...(info === undefined ? {} : {info})};
}
