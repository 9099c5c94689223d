import type {Backoff} from '../../model/backoff';

/**
 * Limits of the dispatches and retries of a queue.
 * @see https://cloud.google.com/tasks/docs/configuring-queues
 */
export interface QueueLimits extends Backoff {
  /** Maximum of dispatches of one task, after which it is deleted; -1: no limit. Default 20. */
  readonly maxAttempts: number;
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
