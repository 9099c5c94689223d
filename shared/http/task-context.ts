import type {Request} from '@google-cloud/functions-framework';

/** What Cloud Tasks says of a dispatch, in headers that clients cannot set. */
export interface TaskContext {
  readonly queue: string;
  /** The task's id, without its queue. */
  readonly task: string;
  /** Attempts before this one. */
  readonly retryCount: number;
}

/** @see https://cloud.google.com/tasks/docs/creating-http-target-tasks#handler */
export function taskContext(request: Request): TaskContext {
  const retryCount = Number(request.get('x-cloudtasks-taskretrycount') ?? 0);
  return {
    queue: request.get('x-cloudtasks-queuename') ?? 'unknown',
    task: request.get('x-cloudtasks-taskname') ?? 'unnamed',
    retryCount: Number.isInteger(retryCount) && retryCount >= 0 ? retryCount : 0,
  };
}

/** After this attempt Cloud Tasks deletes the task without a word: there is no dead-letter queue. */
export function isLastAttempt(context: TaskContext, maxAttempts: number): boolean {
  return context.retryCount >= maxAttempts - 1;
}
