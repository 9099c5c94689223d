/** A token bucket that holds up to a second's worth of dispatches. */
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

  /** When the next dispatch is allowed: `nowMs`, or a whole millisecond after it. */
  availableAt(nowMs: number): number {
    const gained = (Math.max(0, nowMs - this.#filledMs) / 1000) * this.#perSecond;
    this.#tokens = Math.min(this.#capacity, this.#tokens + gained);
    this.#filledMs = Math.max(this.#filledMs, nowMs);
    // Tokens come in fractions: without the tolerance the wait that was announced could end a hair too early.
    if (this.#tokens >= 1 - 1e-6) return nowMs;
    return nowMs + Math.ceil(((1 - this.#tokens) / this.#perSecond) * 1000);
  }
}
