import type {Clock} from '../../clock';
import type {Compute, ComputeErrorItem, OperationResult, ZoneOperation} from './client/compute';
import {ComputeFailure} from './client/errors';

export const POLL_MS = 2_000;

/** Seconds between two heartbeats, and the longest single wait at the server. */
export const HEARTBEAT_SECONDS = 25;

/** How an operation ended; `running`: the budget ran out first. */
export type OperationEnd =
  | {readonly kind: 'done'}
  | {readonly kind: 'failed'; readonly errors: readonly ComputeErrorItem[]}
  | {readonly kind: 'running'};

/** Waits until the operation is done or the budget has run out. */
export async function awaitOperation(
  compute: Pick<Compute, 'waitForOperation'>,
  clock: Clock,
  operation: ZoneOperation,
  waiting: PollBudget,
): Promise<OperationEnd> {
  for (; !waiting.isOver; await waiting.heartbeat()) {
    const before = clock.now();
    const result = await waitOnce(compute, operation, waiting.maxWaitSeconds);
    if (result.kind !== 'running') return result;
    // The server may answer early, while the operation still runs.
    if (clock.now() - before < POLL_MS) await waiting.pause(POLL_MS);
  }
  return {kind: 'running'};
}

/** Asks once. An uncertain answer or a rate limit does not end the wait. */
async function waitOnce(
  compute: Pick<Compute, 'waitForOperation'>,
  operation: ZoneOperation,
  seconds: number,
): Promise<OperationResult> {
  try {
    return await compute.waitForOperation(operation, seconds);
  } catch (error) {
    if (error instanceof ComputeFailure && /^(uncertain|rate)$/.test(error.failureClass)) return {kind: 'running'};
    throw error;
  }
}

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
