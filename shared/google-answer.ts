/** google-gax puts the whole body of the answer there; its own fields lose a part of it. */
const RAW_PAYLOAD = Symbol.for('google-gax.rawHttpResponsePayload');

/** The error body that Google's APIs answer with. @see https://cloud.google.com/apis/design/errors#http_mapping */
export interface GoogleAnswer {
  readonly message: string;
  /** `error.errors[0].reason`, such as `notFound`, or else the newer `error.status`, such as `NOT_FOUND`. */
  readonly reason?: string;
}

/**
 * What a Google API itself said when a call of its client library failed. Undefined when somebody else answered: the library reports the
 * status of the metadata server, which it asks for the access token, or of a proxy as that of the call. A status alone is nobody's word.
 */
export function googleAnswer(error: unknown): GoogleAnswer | undefined {
  const payload = isObject(error) ? error[RAW_PAYLOAD] : undefined;
  const body = typeof payload === 'string' ? parseJson(payload) : payload;
  const own = isObject(body) ? body['error'] : undefined;
  // A token service answers {"error": "invalid_grant"}.
  if (!isObject(own) || typeof own['code'] !== 'number') return undefined;
  const first: unknown = Array.isArray(own['errors']) ? own['errors'][0] : undefined;
  const reason = isObject(first) ? first['reason'] : own['status'];
  return {
    message: typeof own['message'] === 'string' ? own['message'] : '',
    ...(typeof reason === 'string' ? {reason} : {}),
  };
}

/** Whether a call failed by an HTTP answer that is not the API's own. */
export function isForeignAnswer(error: unknown): boolean {
  return isObject(error) && typeof error['httpStatusCode'] === 'number' && googleAnswer(error) === undefined;
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
