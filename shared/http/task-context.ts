import type {Request} from '@google-cloud/functions-framework';

/** What Cloud Tasks says of a dispatch, in headers that clients cannot set. */
export interface TaskContext {
  readonly queue: string;
  /** The task's id, without its queue. */
  readonly task: string;
  /** Attempts before this one. */
  readonly retryCount: number;
}

/** Of a task, and of a queue. */
const ID = /^[A-Za-z0-9_-]{1,500}$/;

/** @see https://cloud.google.com/tasks/docs/creating-http-target-tasks#handler */
export function taskContext(request: Request): TaskContext {
  const task = request.get('x-cloudtasks-taskname');
  const queue = request.get('x-cloudtasks-queuename');
  const retryCount = Number(request.get('x-cloudtasks-taskretrycount') ?? 0);
  return {
    queue: queue !== undefined && ID.test(queue) ? queue : 'unknown',
    task: task !== undefined && ID.test(task) ? task : 'unnamed',
    retryCount: Number.isInteger(retryCount) && retryCount >= 0 ? retryCount : 0,
  };
}

/** After this attempt Cloud Tasks deletes the task without a word: there is no dead-letter queue. */
export function isLastAttempt(context: TaskContext, maxAttempts: number): boolean {
  return context.retryCount >= maxAttempts - 1;
}
