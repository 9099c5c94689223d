import type {QueueName} from '../model/task-payload';
import type {NewTask} from '../model/tasks';

/**
 * A durable queue with the semantics of Cloud Tasks: at least once, unordered, and the name of a task stays taken for up to a day after the
 * task has ended.
 *
 * @see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks
 */
export interface Tasks {
  /** `exists`: a task of this name was created before, which counts as success. Throws `Unavailable` if the task could not be stored. */
  enqueue(task: NewTask): Promise<'created' | 'exists'>;
  /**
   * Checks whether the queue exists, takes tasks and runs them; of several provision queues every one, or with an `owner` the one of its tasks. Throws
   * `QueueStopped` with a remedy if not, `Refused` where a person has to change something before the queue can be seen, `Unavailable` without an
   * answer. Creates nothing.
   */
  check(queue: QueueName, owner?: string): Promise<void>;
}
