import {withDeadline} from '../clock';
import {classifyRequest, type RefusedRequest} from './classify';
import {ComputeFailure} from './failure';
import {scrubMessage} from './scrub';

/** Time-out of a call that does not wait at the server. */
export const CALL_TIMEOUT_MS = 15_000;

/** Beyond the client's own time-out, which does not cover fetching a token. */
const GUARD_MS = 2_000;

/** google-gax puts the whole body of the answer there; its own fields lose Compute Engine's `reason`. */
const RAW_PAYLOAD = Symbol.for('google-gax.rawHttpResponsePayload');

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
    throw isDeadline(error) ? timedOut() : failureOf(call, error);
  }
}

/** Whether a call failed because the thing it names does not exist. */
export function isAbsent(error: unknown): boolean {
  return error instanceof ComputeFailure && /^(notFound|HTTP_404)$/.test(error.code);
}

function failureOf({what, secrets}: Call, error: unknown): ComputeFailure {
  const refused = readError(error);
  const {failureClass, code} = withoutCredentials(refused.message)
    ? {failureClass: 'denied' as const, code: 'NO_CREDENTIALS'}
    : classifyRequest(refused);
  const status = refused.status === undefined ? 'no answer' : `HTTP ${refused.status}`;
  return new ComputeFailure(
    failureClass,
    code,
    `${what}: ${status}, ${code}: ${scrubMessage(refused.message, secrets)}`,
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
  const reason = reasonOf(error[RAW_PAYLOAD]) ?? (typeof error['reason'] === 'string' ? error['reason'] : undefined);
  return {message, ...(typeof status === 'number' ? {status} : {}), ...(reason ? {reason} : {})};
}

/** `error.errors[0].reason` of Compute Engine's error body, as text or already parsed. */
function reasonOf(payload: unknown): string | undefined {
  const body = typeof payload === 'string' ? parseJson(payload) : payload;
  const error = isObject(body) ? body['error'] : undefined;
  const errors = isObject(error) ? error['errors'] : undefined;
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  const reason = isObject(first) ? first['reason'] : undefined;
  return typeof reason === 'string' ? reason : undefined;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<PropertyKey, unknown> {
  return typeof value === 'object' && value !== null;
}
