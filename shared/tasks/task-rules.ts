/** Names of tasks. @see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks#Task */
const TASK_ID = /^[A-Za-z0-9_-]{1,500}$/;

/** One page of Google's says 100 KB, another 1 MiB: the smaller is safe. @see https://cloud.google.com/tasks/docs/quotas */
const MAX_TASK_BYTES = 100 * 1024;

const MAX_DELAY_MS = 30 * 24 * 3_600_000;

export interface TaskMeasures {
  /** The id, without its queue. */
  readonly name: string;
  readonly bodyBytes: number;
  /** Until it is to be dispatched; negative when that is past. */
  readonly delayMs: number;
}

/** Why Cloud Tasks would answer INVALID_ARGUMENT to this task; undefined when it would take it. */
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
