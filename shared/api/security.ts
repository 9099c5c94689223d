import {createHash, timingSafeEqual} from 'node:crypto';
import {isIPv6} from 'node:net';
import type {Request} from '@google-cloud/functions-framework';
import {RateLimiterMemory} from 'rate-limiter-flexible';
import {Problem, retryAfter} from '../http/errors';
import type {Secret} from '../secret';

/** The header that carries the shared secret. */
export const SECRET_HEADER = 'X-Runner-Secret';

/** Whether the header's value is the secret. Hashes are compared, so that neither the length nor a common beginning shows in the time. */
export function isSecret(given: string, secret: Secret): boolean {
  return timingSafeEqual(sha256(given), sha256(secret.reveal()));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

/**
 * Who asks, for the rate limit. Google's front end appends the address that it saw to `X-Forwarded-For`: the last entry is true, and those
 * before it are what the client likes to say. Where no front end is, the header is the client's altogether: the socket counts.
 * @see https://cloud.google.com/functions/docs/reference/headers
 */
export function clientAddress(request: Request, behindFrontEnd: boolean): string {
  const forwarded = request.get('x-forwarded-for')?.split(',').at(-1)?.trim();
  return network((behindFrontEnd && forwarded) || request.socket.remoteAddress || 'unknown');
}

/** Who has one IPv6 address has the 2⁶⁴ of its network. */
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

const WINDOW_SECONDS = 60;

/** Counts a request of the client; throws the problem `rate-limited` when it was one too many. */
export type RateLimit = (client: string) => Promise<void>;

/**
 * So many requests a minute and client, in the memory of this instance: it keeps one client from guessing secrets or using up the
 * function, and needs no document that every request writes. With several instances the limit is that many times higher.
 */
export function createRateLimit(requestsPerMinute: number): RateLimit {
  const limiter = new RateLimiterMemory({points: requestsPerMinute, duration: WINDOW_SECONDS});
  return async (client) => {
    try {
      await limiter.consume(client);
    } catch (refusal) {
      if (refusal instanceof Error) throw refusal;
      const waitMs = (refusal as {readonly msBeforeNext: number}).msBeforeNext;
      throw new Problem('rate-limited', `found more than ${requestsPerMinute} requests a minute; come back later`, {
        headers: retryAfter(waitMs / 1000),
      });
    }
  };
}
