import {RateLimiterMemory} from 'rate-limiter-flexible';
import {Problem, retryAfter} from '../errors';

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
