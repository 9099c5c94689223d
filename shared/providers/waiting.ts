import type {Clock} from '../clock';

/** How often the caller renews its lease, and how long one wait at the server lasts at most. */
export const SLICE_SECONDS = 25;

/** A wait with a budget, during which the caller is called back so that it can renew its lease. */
export class Waiting {
  readonly #end: number;
  #calledAt: number;

  constructor(
    private readonly clock: Clock,
    budgetSeconds: number,
    private readonly onWaiting: (() => Promise<void>) | undefined,
  ) {
    this.#calledAt = clock.now();
    this.#end = this.#calledAt + budgetSeconds * 1000;
  }

  get isOver(): boolean {
    return this.clock.now() >= this.#end;
  }

  /** Whole seconds to wait in one go: what is left, at most a slice. */
  get sliceSeconds(): number {
    return Math.max(1, Math.min(SLICE_SECONDS, Math.ceil((this.#end - this.clock.now()) / 1000)));
  }

  /** Calls back if a slice has passed since the last time. What that throws (the lease was lost) ends the wait. */
  async pulse(): Promise<void> {
    if (this.clock.now() - this.#calledAt < SLICE_SECONDS * 1000) return;
    this.#calledAt = this.clock.now();
    await this.onWaiting?.();
  }

  async pause(ms: number): Promise<void> {
    await this.clock.sleep(ms);
    await this.pulse();
  }
}
