import type {Clock} from '../../clock';
import type {Compute, ComputeErrorItem, OperationResult, ZoneOperation} from './client/compute';
import {ComputeFailure} from './client/errors';

export const POLL_MS = 2_000;

/** How an operation ended, or that it still runs when the time for waiting is over. */
export type OperationEnd =
  | {readonly kind: 'done'}
  | {readonly kind: 'failed'; readonly errors: readonly ComputeErrorItem[]}
  | {readonly kind: 'running'};

/** Waits until the operation is done or the waiting is over. */
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
    // The server may answer early that it still runs.
    if (clock.now() - before < POLL_MS) await waiting.pause(POLL_MS);
  }
  return {kind: 'running'};
}

/** An answer that tells nothing, or a rate limit, does not end the wait; its budget does. */
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

/** How often the caller renews its lease, and how long one wait at the server lasts at most. */
export const HEARTBEAT_SECONDS = 25;

/** A wait with a budget, during which the caller is called back so that it can renew its lease. */
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

  /** Whole seconds to wait in one go: what is left, at most a slice. */
  get maxWaitSeconds(): number {
    return Math.max(1, Math.min(HEARTBEAT_SECONDS, Math.ceil((this.#end - this.clock.now()) / 1000)));
  }

  /** Calls back if a slice has passed since the last time. What that throws (the lease was lost) ends the wait. */
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
