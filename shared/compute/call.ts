import {withDeadline} from '../clock';
import {googleAnswer} from '../google-answer';
import {classifyRequest, missingResource, type RefusedRequest} from './classify';
import {ComputeFailure} from './failure';
import {scrubMessage} from './scrub';

/** Time-out of a call that does not wait at the server. */
export const CALL_TIMEOUT_MS = 15_000;

/** Beyond the client's own time-out, which does not cover fetching a token. */
const GUARD_MS = 2_000;

export interface CallOptions {
  readonly timeout: number;
  /** The library retries by itself; we do not let it: a repeated insert is our decision. */
  readonly retry: null;
}

export interface Call {
  /** For the message: what was asked of Compute Engine, e.g. `insert instance x in us-central1-a`. */
  readonly what: string;
  readonly timeoutMs?: number;
  /** Values that no message may hold. */
  readonly secrets?: readonly string[];
}

/** A call that did not answer in time. Only waiting for an operation may treat it as an answer. */
export class TimedOut extends ComputeFailure {
  constructor(what: string, timeoutMs: number) {
    super(
      'uncertain',
      'TIME_OUT',
      `${what}: Compute Engine gave no answer within ${timeoutMs} ms; it may have taken effect`,
    );
  }
}

/** Runs one call of a client. Any failure is a `ComputeFailure`, without the original error, which may hold the request. */
export async function callCompute<T>(call: Call, run: (options: CallOptions) => Promise<T>): Promise<T> {
  const timeout = call.timeoutMs ?? CALL_TIMEOUT_MS;
  const timedOut = () => new TimedOut(call.what, timeout);
  try {
    return await withDeadline(timeout + GUARD_MS, run({timeout, retry: null}), timedOut);
  } catch (error) {
    if (error instanceof ComputeFailure) throw error;
    throw isDeadline(error) ? timedOut() : refusalOf(call, readError(error));
  }
}

/**
 * Whether a call failed because Compute Engine itself says that `path` does not exist, e.g. `zones/us-central1-a/instances/x`. Another
 * sender's 404, or a 404 about something else, says nothing of it.
 */
export function isAbsent(error: unknown, path: string): boolean {
  return error instanceof ComputeFailure && (error.missing?.endsWith(`/${path}`) ?? false);
}

/** A refused request as the failure that callers act on. */
export function refusalOf({what, secrets}: Call, refused: RefusedRequest): ComputeFailure {
  const {failureClass, code} = withoutCredentials(refused.message)
    ? {failureClass: 'denied' as const, code: 'NO_CREDENTIALS'}
    : classifyRequest(refused);
  const status = refused.status === undefined ? 'no answer' : `HTTP ${refused.status}`;
  const sender = refused.status === undefined || refused.reason ? '' : " (not Compute Engine's own answer)";
  const missing = missingResource(refused);
  return new ComputeFailure(
    failureClass,
    code,
    `${what}: ${status}${sender}, ${code}: ${scrubMessage(refused.message, secrets)}`,
    missing === undefined ? {} : {missing},
  );
}

function withoutCredentials(message: string): boolean {
  return message.includes('Could not load the default credentials');
}

/** gRPC's DEADLINE_EXCEEDED, given by the client itself: no HTTP answer came. */
function isDeadline(error: unknown): boolean {
  return isObject(error) && error['code'] === 4 && error['httpStatusCode'] === undefined;
}

function readError(error: unknown): RefusedRequest {
  if (!isObject(error)) return {message: String(error)};
  const message = typeof error['message'] === 'string' ? error['message'] : 'no message';
  const status = error['httpStatusCode'];
  const reason = googleAnswer(error)?.reason;
  return {message, ...(typeof status === 'number' ? {status} : {}), ...(reason ? {reason} : {})};
}

function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null;
}
