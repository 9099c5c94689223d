import {createHash} from 'node:crypto';
import type {JobKey} from './job';
import type {JobEvent} from './job-event';

/** A queue, and the function that it is for. */
export type QueueName = 'provision' | 'stop';

export interface NewTask {
  /** Whose rate the task uses up. */
  readonly queue: QueueName;
  /** The function that gets the task; left out: the queue's own. */
  readonly to?: QueueName;
  /** Deterministic id, `[A-Za-z0-9_-]{1,500}`: the same work has the same name. */
  readonly name: string;
  /** Sent as JSON. Small, and without secrets. */
  readonly body: object;
  /** Not before this many seconds from now; 0 or left out: at once. */
  readonly delaySeconds?: number;
  /** Extra request headers, e.g. `traceparent`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The function that gets a task. */
export function functionOf({queue, to}: Pick<NewTask, 'queue' | 'to'>): QueueName {
  return to ?? queue;
}

/** `deadletters/job-<job key>`, or `deadletters/<task name>` of a task without a job: what was given up, and why. A job has one at a time. */
export interface DeadLetterDocument {
  readonly task: string;
  readonly queue: string;
  readonly body: unknown;
  readonly error: string;
  readonly job: JobKey | null;
  readonly jobUrl: string | null;
  readonly attempts: number;
  /** How many letters of this job there were, this one included; missing in documents of older versions: one. */
  readonly count?: number;
  readonly at: number;
  readonly expireAt: number;
}

/**
 * Cloud Tasks id, `[A-Za-z0-9_-]{1,500}`. It starts with a hash, because sequential names slow a queue down, and ends with
 * what a person looks for.
 * @see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks#Task
 */
export function taskName(key: string, ...readable: (string | number)[]): string {
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 16);
  const tail = readable.map((part) => String(part).replace(/[^A-Za-z0-9_-]/g, '_')).join('-');
  return `${hash}-${tail}`.slice(0, 500);
}

/** Which queue a task waits in, and, where it is not the queue's own, which function gets it. */
export type Route = Pick<NewTask, 'queue' | 'to'>;

/**
 * How a task reaches a function; with the status of its event, if it has one. News of a start asks nothing of GitHub: it must not use up the rate of the provision queue, which is
 * GitHub's limit for runners. `waiting` asks nothing either, but would overtake its `queued` in another queue.
 */
export function routeTo(to: QueueName, status?: JobEvent['status']): Route {
  if (to === 'provision' && status === 'in_progress') return {queue: 'stop', to};
  return {queue: to};
}

/**
 * The task of an event: release is for `stop`, everything else is demand. Its name comes from the delivery's GUID, which a redelivery keeps;
 * without one from the body. Not from the job alone: a job that is queued again after an approval has the same id and may have the same body.
 */
export function eventTask(event: JobEvent): Omit<NewTask, 'headers' | 'delaySeconds'> {
  const {delivery, jobId, runAttempt, status} = event;
  return {
    ...routeTo(status === 'completed' ? 'stop' : 'provision', status),
    name: taskName(`${delivery}/${jobId}/${runAttempt}/${status}`, jobId, runAttempt, status),
    body: {kind: 'event', event},
  };
}
