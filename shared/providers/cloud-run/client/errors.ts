import type {Clock} from '../../../clock';
import {MINUTE_MS} from '../../../durations';
import {Refused, SlipwayError, Unavailable} from '../../../errors';
import {lacksCredentials, type RefusedCall} from '../../../google-call';
import {scrubMessage} from '../../../secret';

/**
 * What a refusal of Cloud Run means.
 * - `quota`: as many executions run as the region allows; open the quota breaker.
 * - `rate`: too many requests in this minute.
 * - `busy`: another change of the same resource is under way: nothing was done, try again.
 * - `missing`: what was named does not exist, according to Cloud Run itself.
 * - `precondition`: what was named is in no state for this, as an execution that has finished is for a cancellation.
 * - `denied`, `invalid`: a person has to change something.
 * - `uncertain`: no answer of Cloud Run's own, or 5xx: it may have happened.
 */
export type RunFailureClass =
  | 'quota'
  | 'rate'
  | 'busy'
  | 'missing'
  | 'precondition'
  | 'denied'
  | 'invalid'
  | 'uncertain';

export class RunFailure extends SlipwayError {
  readonly kind = 'run_failure';

  constructor(
    readonly failureClass: RunFailureClass,
    /** Reason of Cloud Run, e.g. `RESOURCE_EXHAUSTED`; else the HTTP status. */
    readonly code: string,
    /** Without secrets. */
    message: string,
  ) {
    super(message);
  }

  get retryable(): boolean {
    return !['missing', 'precondition', 'denied', 'invalid'].includes(this.failureClass);
  }
}

/** A quota of requests, which comes back by itself: `Quota exceeded for quota metric 'Write requests' … per minute per region`. */
const OF_REQUESTS = /\bper (?:second|minute|hour|day|\d+ seconds)\b|\brequests?\b|\brate\b/i;

/** By the status of the API, `google.rpc.Code`. @see https://cloud.google.com/apis/design/errors#handling_errors */
const BY_REASON: Readonly<Record<string, RunFailureClass>> = {
  NOT_FOUND: 'missing',
  PERMISSION_DENIED: 'denied',
  UNAUTHENTICATED: 'denied',
  INVALID_ARGUMENT: 'invalid',
  OUT_OF_RANGE: 'invalid',
  UNIMPLEMENTED: 'invalid',
  FAILED_PRECONDITION: 'precondition',
  ABORTED: 'busy',
  ALREADY_EXISTS: 'busy',
};

/**
 * Classifies a refused call. A status without a reason is not from Cloud Run, but from the metadata server or a proxy: only a 429 counts
 * then.
 */
export function classifyRun({status, reason, info, message}: RefusedCall): RunFailureClass {
  if (lacksCredentials(message)) return 'denied';
  if (reason === undefined) return status === 429 ? 'rate' : 'uncertain';
  if (reason === 'RESOURCE_EXHAUSTED' || status === 429) {
    return info === 'RATE_LIMIT_EXCEEDED' || OF_REQUESTS.test(message) ? 'rate' : 'quota';
  }
  // Limits of resources are worded as preconditions, too.
  if (reason === 'FAILED_PRECONDITION' && /\bquota\b/i.test(message)) return 'quota';
  return BY_REASON[reason] ?? 'uncertain';
}

/** A call without an answer in time. */
export function noAnswer(what: string, ms: number): RunFailure {
  const message = `${what}: Cloud Run gave no answer within ${ms} ms; it may have taken effect`;
  return new RunFailure('uncertain', 'TIME_OUT', message);
}

/** Turns a refused call into the failure on which callers act. `secrets`: values that no message may contain. */
export function toRunFailure(what: string, refused: RefusedCall, secrets: readonly string[] = []): RunFailure {
  const {status, reason, message} = refused;
  const code = reason ?? (status === undefined ? 'NO_ANSWER' : `HTTP_${status}`);
  const said = status === undefined ? 'no answer' : `HTTP ${status}`;
  const sender = status === undefined || reason ? '' : " (not Cloud Run's own answer)";
  const text = `${what}: ${said}${sender}, ${code}: ${scrubMessage(message, secrets)}`;
  return new RunFailure(classifyRun(refused), code, text);
}

/** Seconds until the next minute, in which the rate quotas start again. @see https://cloud.google.com/run/quotas#api */
export function secondsToNextMinute(nowMs: number): number {
  return Math.max(1, Math.ceil((MINUTE_MS - (nowMs % MINUTE_MS)) / 1000));
}

/** Turns failures of Cloud Run into `Unavailable` or `Refused`, for calls that can safely be repeated. */
export async function withRunErrors<T>(clock: Pick<Clock, 'now'>, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof RunFailure)) throw error;
    if (error.failureClass === 'rate') throw new Unavailable(error.message, secondsToNextMinute(clock.now()));
    if (error.retryable) throw new Unavailable(error.message, 10);
    throw new Refused(error.message);
  }
}
