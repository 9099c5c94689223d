import type {Clock} from '../clock';
import type {Compute, ComputeErrorItem, OperationResult, ZoneOperation} from '../compute/compute';
import {ComputeFailure} from '../compute/failure';
import type {Waiting} from './waiting';

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
  waiting: Waiting,
): Promise<OperationEnd> {
  for (; !waiting.isOver; await waiting.pulse()) {
    const before = clock.now();
    const result = await waitOnce(compute, operation, waiting.sliceSeconds);
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
