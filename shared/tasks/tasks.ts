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

/**
 * A durable queue with the semantics of Cloud Tasks: at least once, unordered, names remembered for up to a day after the
 * task is gone.
 *
 * @see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks
 */
export interface Tasks {
  /** `exists`: a task of this name was already created, which is success. Throws `Unavailable` when it could not be made durable. */
  enqueue(task: NewTask): Promise<'created' | 'exists'>;
  /** Asks whether the queue is there and takes tasks; throws `Unavailable`, saying what to do, when it does not. Makes nothing. */
  check(queue: QueueName): Promise<void>;
}
