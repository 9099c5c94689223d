import type {Clock} from '../../clock';
import {POLL_MS, type PollBudget} from '../poll-budget';
import type {Compute, ComputeErrorItem, OperationResult, ZoneOperation} from './client/compute';
import {ComputeFailure} from './client/errors';

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
