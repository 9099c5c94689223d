/** The property in which google-gax keeps the whole body of the answer; the error's other fields lack a part of it. */
const RAW_PAYLOAD = Symbol.for('google-gax.rawHttpResponsePayload');

/** The error body of an answer of Google's APIs. @see https://cloud.google.com/apis/design/errors#http_mapping */
export interface GoogleAnswer {
  readonly message: string;
  /** `error.errors[0].reason`, such as `notFound`, or else the newer `error.status`, such as `NOT_FOUND`. */
  readonly reason?: string;
  /** `ErrorInfo.reason` of newer APIs, such as `RATE_LIMIT_EXCEEDED`. @see https://cloud.google.com/apis/design/errors#error_info */
  readonly info?: string;
}

/**
 * The answer of a Google API to a failed call of its client library. Undefined if another server answered: the library asks the metadata
 * server for the access token, and reports an error status of that server, or of a proxy, as the status of the call. So the status alone
 * does not tell who answered.
 */
export function googleAnswer(error: unknown): GoogleAnswer | undefined {
  const payload = isObject(error) ? error[RAW_PAYLOAD] : undefined;
  const body = typeof payload === 'string' ? parseJson(payload) : payload;
  const answer = isObject(body) ? body['error'] : undefined;
  // A token service answers {"error": "invalid_grant"}.
  if (!isObject(answer) || typeof answer['code'] !== 'number') return undefined;
  const first: unknown = Array.isArray(answer['errors']) ? answer['errors'][0] : undefined;
  const reason = isObject(first) ? first['reason'] : answer['status'];
  const details: readonly unknown[] = Array.isArray(answer['details']) ? answer['details'] : [];
  const info = details.find(isErrorInfo)?.['reason'];
  return {
    message: typeof answer['message'] === 'string' ? answer['message'] : '',
    ...(typeof reason === 'string' ? {reason} : {}),
    ...(typeof info === 'string' ? {info} : {}),
  };
}

/** Whether a call failed with an HTTP answer that did not come from the API itself. */
export function isForeignAnswer(error: unknown): boolean {
  return isObject(error) && typeof error['httpStatusCode'] === 'number' && googleAnswer(error) === undefined;
}

function isErrorInfo(detail: unknown): detail is Record<PropertyKey, unknown> {
  return isObject(detail) && detail['@type'] === 'type.googleapis.com/google.rpc.ErrorInfo';
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
