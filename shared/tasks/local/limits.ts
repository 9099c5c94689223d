/**
 * Limits of the dispatches and retries of a queue.
 * @see https://cloud.google.com/tasks/docs/configuring-queues
 */
export interface QueueLimits {
  /** Maximum of dispatches of one task, after which it is deleted; -1: no limit. Default 20. */
  readonly maxAttempts: number;
  /** Wait before the first retry. Default 10,000. */
  readonly minBackoffMs: number;
  /** Default 300,000. */
  readonly maxBackoffMs: number;
  /** How often the wait doubles; afterwards it grows by the last step. Default 16. */
  readonly maxDoublings: number;
  /** Default 1,000. */
  readonly maxConcurrentDispatches: number;
  /** Default 500. */
  readonly maxDispatchesPerSecond: number;
  /** How long a name stays taken after its task has ended. Default 24 h. */
  readonly tombstoneMs: number;
  /** Time after which an attempt without an answer counts as failed, although the handler may continue. Default 10 min. */
  readonly dispatchDeadlineMs: number;
}

export const DEFAULT_QUEUE_LIMITS: QueueLimits = {
  maxAttempts: 20,
  minBackoffMs: 10_000,
  maxBackoffMs: 300_000,
  maxDoublings: 16,
  maxConcurrentDispatches: 1_000,
  maxDispatchesPerSecond: 500,
  tombstoneMs: 24 * 3_600_000,
  dispatchDeadlineMs: 600_000,
};

/**
 * Wait before retry `retry`, counted from 1, in milliseconds. With 10 s, at most 300 s and 3 doublings: 10, 20, 40, 80, 160, 240, 300, 300
 * s.
 * @see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues#RetryConfig
 */
export function backoffMs(limits: QueueLimits, retry: number): number {
  const doubled = limits.minBackoffMs * 2 ** Math.min(retry - 1, limits.maxDoublings);
  const steps = Math.max(1, retry - limits.maxDoublings);
  return Math.min(limits.maxBackoffMs, doubled * steps);
}

/** Limits the rate of dispatches: a token bucket for up to one second of dispatches. */
export class DispatchRate {
  readonly #perSecond: number;
  readonly #capacity: number;
  #tokens: number;
  #filledMs: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#capacity = Math.max(1, perSecond);
    this.#tokens = this.#capacity;
    this.#filledMs = nowMs;
  }

  take(nowMs: number): boolean {
    if (this.availableAt(nowMs) > nowMs) return false;
    this.#tokens -= 1;
    return true;
  }

  /** Time of the next allowed dispatch: `nowMs`, or a whole millisecond after it. */
  availableAt(nowMs: number): number {
    const gained = (Math.max(0, nowMs - this.#filledMs) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#capacity, this.#tokens + gained);
    this.#filledMs = Math.max(this.#filledMs, nowMs);
    // Tokens are fractions: without the tolerance, rounding could refuse a dispatch at the announced time.
    if (this.#tokens >= 1 - 1e-6) return nowMs;
    return nowMs + Math.ceil(((1 - this.#tokens) / this.#perSecond) * 1000);
  }
}
