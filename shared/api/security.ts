import {createHash, timingSafeEqual} from 'node:crypto';
import {isIPv6} from 'node:net';
import type {Request} from '@google-cloud/functions-framework';
import type {Secret} from '../secret';

/** The header that carries the shared secret. */
export const SECRET_HEADER = 'X-Runner-Secret';

/** Whether the header's value is the secret. Compares hashes, so that the time tells neither the length nor a common beginning. */
export function isSecret(given: string, secret: Secret): boolean {
  return timingSafeEqual(sha256(given), sha256(secret.reveal()));
}

/** Tells valid secrets apart, for the rate limit, without keeping them. */
export function secretId(given: string): string {
  return sha256(given).toString('hex').slice(0, 16);
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * The client's address, for the rate limit. Google's front end appends the address of its peer to `X-Forwarded-For`: only the last entry is
 * reliable, because the client can send the entries before it. Without a front end the client controls the whole header, so the address of
 * the socket is used.
 * @see https://cloud.google.com/functions/docs/reference/headers
 */
export function clientAddress(request: Request, behindFrontEnd: boolean): string {
  const forwarded = request.get('x-forwarded-for')?.split(',').at(-1)?.trim();
  return network((behindFrontEnd && forwarded) || request.socket.remoteAddress || 'unknown');
}

/** An IPv6 address stands for its /64 network: whoever has one address of the network has all 2⁶⁴. */
function network(address: string): string {
  if (!isIPv6(address) || address.startsWith('::ffff:')) return address;
  const [head = '', tail = ''] = address.split('::');
  const groups = [head.split(':'), address.includes('::') ? tail.split(':') : []].map((part) => part.filter(Boolean));
  const [first = [], last = []] = groups;
  const zeros = Array<string>(Math.max(0, 8 - first.length - last.length)).fill('0');
  return `${[...first, ...zeros, ...last].slice(0, 4).join(':')}::/64`;
}

const PREFLIGHT_SECONDS = 600;
const REQUEST_HEADERS = [SECRET_HEADER, 'Content-Type', 'Idempotency-Key'];
const RESPONSE_HEADERS = ['Link', 'Retry-After', 'Allow', 'Idempotent-Replayed'];

/**
 * The CORS headers with which a browser lets a page of this origin read the answer. `allowed`: `*` or origins; none by default.
 * @see https://fetch.spec.whatwg.org/#http-cors-protocol
 */
export function corsHeaders(origin: string | undefined, allowed: readonly string[]): Record<string, string> {
  if (allowed.length === 0) return {};
  const exposed = {'Access-Control-Expose-Headers': RESPONSE_HEADERS.join(', ')};
  if (allowed.includes('*')) return {'Access-Control-Allow-Origin': '*', ...exposed};
  if (!origin || !allowed.includes(origin)) return {Vary: 'Origin'};
  return {'Access-Control-Allow-Origin': origin, Vary: 'Origin', ...exposed};
}

/** Headers of the answer to a CORS preflight, in addition to `corsHeaders`. A preflight request carries no secret. */
export function preflightHeaders(allow: string): Record<string, string> {
  return {
    'Access-Control-Allow-Methods': allow,
    'Access-Control-Allow-Headers': REQUEST_HEADERS.join(', '),
    'Access-Control-Max-Age': String(PREFLIGHT_SECONDS),
  };
}
