import type {Clock} from '../clock';

export const POLL_MS = 2_000;

/** Seconds between two heartbeats, and the longest single wait at the server. */
const HEARTBEAT_SECONDS = 25;

/** A wait with a time budget. Calls `onWaiting` at regular times, so that the caller can renew its lease. */
export class PollBudget {
  readonly #end: number;
  lastHeartbeatAt: number;

  constructor(
    private readonly clock: Clock,
    budgetSeconds: number,
    private readonly onWaiting: (() => Promise<void>) | undefined,
  ) {
    this.lastHeartbeatAt = clock.now();
    this.#end = this.lastHeartbeatAt + budgetSeconds * 1000;
  }

  get isOver(): boolean {
    return this.clock.now() >= this.#end;
  }

  /** Whole seconds of the next wait: the remaining budget, at most `HEARTBEAT_SECONDS`. */
  get maxWaitSeconds(): number {
    return Math.max(1, Math.min(HEARTBEAT_SECONDS, Math.ceil((this.#end - this.clock.now()) / 1000)));
  }

  /**
   * Calls `onWaiting` if `HEARTBEAT_SECONDS` have passed since the last call. An error of `onWaiting` (the lease was lost) ends the wait.
   */
  async heartbeat(): Promise<void> {
    if (this.clock.now() - this.lastHeartbeatAt < HEARTBEAT_SECONDS * 1000) return;
    this.lastHeartbeatAt = this.clock.now();
    await this.onWaiting?.();
  }

  async pause(ms: number): Promise<void> {
    await this.clock.sleep(ms);
    await this.heartbeat();
  }
}
