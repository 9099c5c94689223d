import {SECRET_HEADER} from './authenticate';

const PREFLIGHT_SECONDS = 600;
const REQUEST_HEADERS = [SECRET_HEADER, 'Content-Type', 'Idempotency-Key'];
const RESPONSE_HEADERS = ['Link', 'Retry-After', 'Allow', 'Idempotent-Replayed'];

/**
 * What a browser has to be told so that a page of that origin may read the answer. `allowed`: `*` or origins; none by default.
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function corsHeaders(origin: string | undefined, allowed: readonly string[]): Record<string, string> {
  if (allowed.length === 0) return {};
  const exposed = {'Access-Control-Expose-Headers': RESPONSE_HEADERS.join(', ')};
  if (allowed.includes('*')) return {'Access-Control-Allow-Origin': '*', ...exposed};
  if (!origin || !allowed.includes(origin)) return {Vary: 'Origin'};
  return {'Access-Control-Allow-Origin': origin, Vary: 'Origin', ...exposed};
}

/** Beside `corsHeaders`, when the browser asks before the request; it asks without the secret. */
export function preflightHeaders(allow: string): Record<string, string> {
  return {
    'Access-Control-Allow-Methods': allow,
    'Access-Control-Allow-Headers': REQUEST_HEADERS.join(', '),
    'Access-Control-Max-Age': String(PREFLIGHT_SECONDS),
  };
}
