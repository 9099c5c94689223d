import type {QueueName} from '../model/task-payload';
import type {NewTask} from '../model/tasks';

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
