import {ApiError} from './api-error';
import type {CloudTasksModel} from './cloud-tasks-model';

/** One request to the REST API, taken apart. */
export interface ApiRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** Parsed JSON; undefined without a body. */
  readonly body: unknown;
}

const PATH =
  /^\/v2\/(?<queue>projects\/[^/]+\/locations\/[^/]+\/queues\/[^/:]+)(?<tasks>\/tasks(\/(?<task>[^/:]+))?)?(:(?<verb>[a-z]+))?$/i;

/** Hands a request to the model. `delayMs`: how much later than asked for a created task runs. */
export function route(model: CloudTasksModel, request: ApiRequest, delayMs = 0): object {
  const {queue, tasks, task, verb} = PATH.exec(decodeURIComponent(request.path))?.groups ?? {};
  if (queue) {
    const view = viewOf(request);
    switch (`${request.method} ${task ? 'task' : tasks ? 'tasks' : 'queue'}${verb ? `:${verb}` : ''}`) {
      case 'POST tasks':
        return model.createTask(queue, request.body, delayMs);
      case 'GET tasks':
        return model.listTasks(queue, {...page(request.query), view});
      case 'GET task':
        return model.getTask(queue, task ?? '', view);
      case 'DELETE task':
        return model.deleteTask(queue, task ?? '');
      case 'POST task:run':
        return model.runTask(queue, task ?? '');
      case 'GET queue':
        return model.getQueue(queue);
      case 'POST queue:pause':
        return model.pauseQueue(queue);
      case 'POST queue:resume':
        return model.resumeQueue(queue);
    }
  }
  throw new ApiError('NOT_FOUND', `The world's Cloud Tasks has no ${request.method} ${request.path}`);
}

function viewOf({query}: ApiRequest): 'BASIC' | 'FULL' {
  return ['2', 'FULL'].includes(query.get('responseView') ?? '') ? 'FULL' : 'BASIC';
}

function page(query: URLSearchParams): {readonly pageSize?: number; readonly pageToken?: string} {
  const pageToken = query.get('pageToken');
  const pageSize = query.get('pageSize');
  return {...(pageSize ? {pageSize: Number(pageSize)} : {}), ...(pageToken ? {pageToken} : {})};
}
