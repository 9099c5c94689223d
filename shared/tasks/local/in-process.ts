import type {TimerClock} from '../../clock';
import {Unavailable} from '../../errors';
import {provisionQueueFor} from '../../model/queues';
import type {QueueName, TaskTarget} from '../../model/task-payload';
import {functionOf, type NewTask} from '../../model/tasks';
import type {Tasks} from '../tasks';
import {type DispatchResult, mergeHeaders} from './dispatch';
import type {QueueLimits} from './limits';
import {InProcessQueue} from './queue';
import type {QueuedTask} from './register';

/**
 * Names of tasks.
 * @see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks#Task
 */
const TASK_ID = /^[A-Za-z0-9_-]{1,500}$/;

/**
 * Google documents both 100 KB and 1 MiB: the smaller limit is safe.
 * @see https://cloud.google.com/tasks/docs/quotas
 */
const MAX_TASK_BYTES = 100 * 1024;

const MAX_DELAY_MS = 30 * 24 * 3_600_000;

/** A task as its function receives it over HTTP. */
export interface TaskRequest {
  readonly queue: QueueName;
  /** The function that receives the task. */
  readonly to: TaskTarget;
  readonly name: string;
  /** JSON. */
  readonly body: Buffer;
  /** Headers of the task and of Cloud Tasks. */
  readonly headers: Readonly<Record<string, string>>;
  /** Aborted when the dispatch deadline has passed, or the queue is closed. */
  readonly signal: AbortSignal;
}

export interface TaskContent {
  readonly to: TaskTarget;
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

export interface InProcessTasksOptions {
  readonly timers: TimerClock;
  /** Sends a task to its function. Rejects when no answer came. */
  readonly dispatch: (request: TaskRequest) => Promise<DispatchResult>;
  readonly limits?: Partial<QueueLimits>;
  /** Number of provision queues, over which the owners are spread. Default 1. */
  readonly provisionQueues?: number;
  /** Limits of one queue, which override `limits`. */
  readonly limitsOf?: Readonly<Partial<Record<QueueName, Partial<QueueLimits>>>>;
  /** `false`: tasks run only when `dispatchDue` or `drain` of a queue is called. Default `true`. */
  readonly autoDispatch?: boolean;
  /** Called with each task that is deleted after its last attempt. */
  readonly onExhausted?: (queue: QueueName, task: QueuedTask<TaskContent>) => void;
}

/** The queues in this process, for `npm start` and the simulation. */
export class InProcessTasks implements Tasks {
  /** `provision`: the first of these queues. */
  readonly queues: Readonly<Record<QueueName, InProcessQueue<TaskContent>>>;
  readonly #provision: readonly InProcessQueue<TaskContent>[];
  readonly #timers: TimerClock;

  constructor(options: InProcessTasksOptions) {
    this.#timers = options.timers;
    const {provisionQueues = 1} = options;
    const provision = createQueue('provision', options);
    const more = Array.from({length: provisionQueues - 1}, (_, index) => createQueue('provision', options, index + 2));
    this.#provision = [provision, ...more];
    this.queues = {provision, stop: createQueue('stop', options)};
  }

  async enqueue(task: NewTask): Promise<'created' | 'exists'> {
    const body = Buffer.from(JSON.stringify(task.body));
    const delayMs = (task.delaySeconds ?? 0) * 1000;
    const problem = taskProblem({name: task.name, bodyBytes: body.length, delayMs});
    if (problem) throw new Unavailable(`queue ${task.queue} refuses the task: ${problem}`, 60);
    return this.#queueOf(task).create({
      name: task.name,
      payload: {to: functionOf(task), body, headers: {...task.headers, 'content-type': 'application/json'}},
      ...(delayMs > 0 ? {scheduleTimeMs: this.#timers.now() + delayMs} : {}),
    });
  }

  /** The tasks of all queues of this kind that have not ended. */
  pending(queue: QueueName): QueuedTask<TaskContent>[] {
    return (queue === 'provision' ? this.#provision : [this.queues.stop]).flatMap((each) => each.pending());
  }

  async check(): Promise<void> {
    // The queues of this process always exist and accept tasks.
  }

  /** Time of the next possible dispatch in any queue; undefined when no task waits. */
  nextAt(): number | undefined {
    const times = this.#all()
      .map((queue) => queue.nextAt())
      .filter((time) => time !== undefined);
    return times.length > 0 ? Math.min(...times) : undefined;
  }

  /** Dispatches the due tasks of all queues and waits for them. Returns the number of dispatches. */
  async dispatchDue(): Promise<number> {
    const counts = await Promise.all(this.#all().map((queue) => queue.dispatchDue()));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  /** Dispatches until no task is due now in any queue. Later retries and delays stay. */
  async drain(): Promise<number> {
    let total = 0;
    for (let count = await this.dispatchDue(); count > 0; count = await this.dispatchDue()) total += count;
    await this.idle();
    return total;
  }

  /** Resolves when no dispatch is in flight. */
  async idle(): Promise<void> {
    await Promise.all(this.#all().map((queue) => queue.idle()));
  }

  async close(): Promise<void> {
    await Promise.all(this.#all().map((queue) => queue.close()));
  }

  #queueOf({queue, owner}: NewTask): InProcessQueue<TaskContent> {
    return queue === 'stop' ? this.queues.stop : provisionQueueFor(this.#provision, owner);
  }

  #all(): readonly InProcessQueue<TaskContent>[] {
    return [...this.#provision, this.queues.stop];
  }
}

function createQueue(name: QueueName, options: InProcessTasksOptions, number = 1): InProcessQueue<TaskContent> {
  const {timers, dispatch, autoDispatch, onExhausted} = options;
  const limits = {...options.limits, ...options.limitsOf?.[name]};
  return new InProcessQueue<TaskContent>({
    name: number === 1 ? name : `${name}-${number}`,
    timers,
    limits,
    dispatch: ({name: task, payload: {to, body, headers: own}, headers, signal}) =>
      dispatch({queue: name, to, name: task, body, headers: mergeHeaders(own, headers), signal}),
    ...(autoDispatch === undefined ? {} : {autoDispatch}),
    ...(onExhausted ? {onExhausted: (task) => onExhausted(name, task)} : {}),
  });
}

export interface TaskMeasures {
  /** The id, without its queue. */
  readonly name: string;
  readonly bodyBytes: number;
  /** Milliseconds until the task is to be dispatched; negative when that time has passed. */
  readonly delayMs: number;
}

/** Why Cloud Tasks would answer INVALID_ARGUMENT to this task; undefined if it would accept the task. */
export function taskProblem(task: TaskMeasures): string | undefined {
  if (!TASK_ID.test(task.name)) {
    return `the task id "${task.name.slice(0, 60)}" has to be 1 to 500 letters, digits, "-" and "_"`;
  }
  if (task.bodyBytes > MAX_TASK_BYTES) {
    return `the task's body has ${task.bodyBytes} bytes, the limit is ${MAX_TASK_BYTES}`;
  }
  if (task.delayMs > MAX_DELAY_MS) {
    return `the task is scheduled ${Math.ceil(task.delayMs / 1000)} s ahead, the limit is ${MAX_DELAY_MS / 1000} s (30 days)`;
  }
  return undefined;
}
