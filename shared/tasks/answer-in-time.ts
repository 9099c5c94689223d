import type {TimerClock} from '../clock';
import type {DispatchResult} from './dispatch';

export interface Deadline {
  readonly timers: TimerClock;
  readonly deadlineMs: number;
  /** Aborted when the queue closes. */
  readonly closing: AbortSignal;
}

/**
 * The answer to a dispatch. Undefined when none came: the peer was not reached, the deadline passed, or the queue closes; the signal
 * that `dispatch` is given is then aborted, but nobody waits for it to obey.
 */
export async function answerInTime(
  dispatch: (signal: AbortSignal) => Promise<DispatchResult>,
  {timers, deadlineMs, closing}: Deadline,
): Promise<DispatchResult | undefined> {
  const deadline = new AbortController();
  const signal = AbortSignal.any([deadline.signal, closing]);
  const cancel = timers.at(deadlineMs, () => deadline.abort(new Error('the dispatch deadline has passed')));
  const aborted = new Promise<undefined>((resolve) => {
    signal.addEventListener('abort', () => resolve(undefined), {once: true});
  });
  try {
    return await Promise.race([dispatch(signal), aborted]);
  } catch {
    // Cloud Tasks does not say why either: the attempt counts, and the task is tried again.
    return undefined;
  } finally {
    cancel();
  }
}
