import type {Clock} from '../clock';
import {ComputeFailure} from '../compute/failure';
import {Refused, Unavailable} from '../errors';
import {secondsToNextMinute} from './rate-quota';

/**
 * Compute Engine's refusals as what a caller can act on, for calls that can be repeated without harm: it does not matter whether an
 * answer was lost.
 */
export async function typedRefusals<T>(clock: Pick<Clock, 'now'>, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ComputeFailure)) throw error;
    if (error.failureClass === 'rate') throw new Unavailable(error.message, secondsToNextMinute(clock.now()));
    if (error.retryable) throw new Unavailable(error.message, 10);
    throw new Refused(error.message);
  }
}
