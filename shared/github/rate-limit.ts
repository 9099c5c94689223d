/** GitHub asks for at least a minute, then more, when a secondary limit names no time; the queue's back-off does the "more". */
const SECONDARY_LIMIT_SECONDS = 60;

export interface RateLimitAnswer {
  readonly status: number;
  /** Names in lower case, as octokit has them. */
  readonly headers: Readonly<Record<string, string | number | undefined>>;
  /** `message` of the body. */
  readonly text: string;
}

/**
 * Seconds to wait when the answer is a primary or secondary rate limit; undefined when it is something else: a 403 is a
 * refused permission as well, and the last request of an hour can be one with `x-ratelimit-remaining: 0`.
 *
 * @see https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
export function rateLimitSeconds(answer: RateLimitAnswer, nowMs: number): number | undefined {
  if (answer.status !== 403 && answer.status !== 429) return undefined;
  const named = retryAfterSeconds(answer.headers, nowMs);
  if (named !== undefined) return named;
  const says = /rate limit|abuse detection/i.test(answer.text);
  const usedUp = String(answer.headers['x-ratelimit-remaining']) === '0';
  if (answer.status === 403 && !says) return undefined;
  if (/secondary|abuse/i.test(answer.text) || !usedUp) return SECONDARY_LIMIT_SECONDS;
  const resetMs = Number(answer.headers['x-ratelimit-reset']) * 1000;
  return Number.isFinite(resetMs) ? Math.max(1, Math.ceil((resetMs - nowMs) / 1000)) : SECONDARY_LIMIT_SECONDS;
}

/** `Retry-After` in seconds, at least 1; it comes as seconds or as an HTTP date (RFC 9110, section 10.2.3). */
export function retryAfterSeconds(headers: RateLimitAnswer['headers'], nowMs: number): number | undefined {
  const value = headers['retry-after'];
  if (value === undefined || value === '') return undefined;
  const seconds = /^\d+$/.test(String(value)) ? Number(value) : Math.ceil((Date.parse(String(value)) - nowMs) / 1000);
  return Number.isFinite(seconds) ? Math.max(1, seconds) : undefined;
}
