import type {TimerClock} from '../../../shared/clock';
import type {Dispatcher} from '../../../shared/tasks/local/dispatch';
import type {QueueLimits} from '../../../shared/tasks/local/limits';
import {InProcessQueue} from '../../../shared/tasks/local/queue';
import {ApiError} from './api-error';
import {type HttpTask, parseCreateRequest, taskResource} from './task-resource';

export interface CloudTasksModelOptions {
  readonly timers: TimerClock;
  readonly dispatch: Dispatcher<HttpTask>;
  /** `false`: tasks run only when `dispatchDue` is called. */
  readonly autoDispatch?: boolean;
}

export interface ListQuery {
  readonly pageSize?: number;
  readonly pageToken?: string;
  readonly view: 'BASIC' | 'FULL';
}

/** google.cloud.tasks.v2.Queue.State */
const RUNNING = 1;
const PAUSED = 2;
const MAX_PAGE_SIZE = 1_000;

/**
 * The service behind Cloud Tasks' REST API: resources in, resources out.
 * @see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks
 */
export class CloudTasksModel {
  readonly #options: CloudTasksModelOptions;
  readonly #queues = new Map<string, InProcessQueue<HttpTask>>();
  #unnamed = 0;

  constructor(options: CloudTasksModelOptions) {
    this.#options = options;
  }

  /** `projects/P/locations/L/queues/Q`; a queue has to exist before a task can be created. */
  addQueue(queue: string, limits: Partial<QueueLimits> = {}): InProcessQueue<HttpTask> {
    const {timers, dispatch, autoDispatch = true} = this.#options;
    const name = queue.slice(queue.lastIndexOf('/') + 1);
    const added = new InProcessQueue<HttpTask>({name, timers, dispatch, autoDispatch, limits});
    this.#queues.set(queue, added);
    return added;
  }

  queue(queue: string): InProcessQueue<HttpTask> {
    const found = this.#queues.get(queue);
    if (!found) {
      const advice = 'If you just created the queue, wait at least a minute for the queue to initialize.';
      throw new ApiError('NOT_FOUND', `Queue does not exist. ${advice}`);
    }
    return found;
  }

  queues(): InProcessQueue<HttpTask>[] {
    return [...this.#queues.values()];
  }

  /** `delayMs`: how much later than asked for it runs. */
  createTask(parent: string, json: unknown, delayMs = 0): object {
    const queue = this.queue(parent);
    const nowMs = this.#options.timers.now();
    const task = parseCreateRequest(parent, json, nowMs);
    const name = task.name ?? `1${String(this.#unnamed++).padStart(18, '0')}`;
    const waits = queue.get(name) !== undefined;
    const {payload, dispatchDeadlineMs} = task;
    const scheduleTimeMs = Math.max(nowMs, task.scheduleTimeMs ?? nowMs) + delayMs;
    const deadline = dispatchDeadlineMs === undefined ? {} : {dispatchDeadlineMs};
    if (queue.create({name, payload, scheduleTimeMs, ...deadline}) === 'exists') {
      throw new ApiError(
        'ALREADY_EXISTS',
        waits
          ? 'Requested entity already exists'
          : 'The task cannot be created because a task with this name existed too recently.',
      );
    }
    return this.getTask(parent, name, 'BASIC');
  }

  getTask(parent: string, name: string, view: 'BASIC' | 'FULL'): object {
    const task = this.queue(parent).get(name);
    if (!task) throw noSuchTask();
    return taskResource(parent, task, view);
  }

  deleteTask(parent: string, name: string): object {
    if (!this.queue(parent).delete(name)) throw noSuchTask();
    return {};
  }

  runTask(parent: string, name: string): object {
    const queue = this.queue(parent);
    if (!queue.run(name)) throw noSuchTask();
    return this.getTask(parent, name, 'BASIC');
  }

  listTasks(parent: string, {pageSize = MAX_PAGE_SIZE, pageToken, view}: ListQuery): object {
    const tasks = this.queue(parent)
      .pending()
      .sort((a, b) => a.name.localeCompare(b.name, 'en'));
    const start = pageToken ? tasks.findIndex(({name}) => name === pageToken) : 0;
    if (start < 0) throw new ApiError('INVALID_ARGUMENT', 'The page token is invalid');
    const end = start + Math.min(pageSize || MAX_PAGE_SIZE, MAX_PAGE_SIZE);
    const next = tasks[end];
    return {
      tasks: tasks.slice(start, end).map((task) => taskResource(parent, task, view)),
      ...(next ? {nextPageToken: next.name} : {}),
    };
  }

  getQueue(parent: string): object {
    const queue = this.queue(parent);
    const {limits} = queue;
    return {
      name: parent,
      rateLimits: {
        maxDispatchesPerSecond: limits.maxDispatchesPerSecond,
        maxConcurrentDispatches: limits.maxConcurrentDispatches,
      },
      retryConfig: {
        maxAttempts: limits.maxAttempts,
        minBackoff: `${limits.minBackoffMs / 1000}s`,
        maxBackoff: `${limits.maxBackoffMs / 1000}s`,
        maxDoublings: limits.maxDoublings,
      },
      state: queue.isPaused() ? PAUSED : RUNNING,
    };
  }

  pauseQueue(parent: string): object {
    this.queue(parent).pause();
    return this.getQueue(parent);
  }

  resumeQueue(parent: string): object {
    this.queue(parent).resume();
    return this.getQueue(parent);
  }
}

function noSuchTask(): ApiError {
  return new ApiError('NOT_FOUND', 'Requested entity was not found.');
}
