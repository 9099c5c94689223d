/** How long a queue waits before it tries a task again. */
export interface Backoff {
  /** Wait before the first retry. */
  readonly minBackoffMs: number;
  readonly maxBackoffMs: number;
  /** How often the wait doubles; afterwards it grows by the last step. */
  readonly maxDoublings: number;
}

/** Of the queues that Terraform makes: terraform/queues.tf says the same. */
export const TASK_BACKOFF: Backoff = {minBackoffMs: 10_000, maxBackoffMs: 300_000, maxDoublings: 5};

/**
 * Wait before retry `retry`, counted from 1, in milliseconds. With 10 s, at most 300 s and 3 doublings: 10, 20, 40, 80, 160, 240, 300, 300
 * s.
 * @see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#RetryConfig
 */
export function backoffMs(backoff: Backoff, retry: number): number {
  const doubled = backoff.minBackoffMs * 2 ** Math.min(retry - 1, backoff.maxDoublings);
  const steps = Math.max(1, retry - backoff.maxDoublings);
  return Math.min(backoff.maxBackoffMs, doubled * steps);
}
