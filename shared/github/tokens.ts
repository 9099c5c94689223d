import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import {MINUTE_MS} from '../durations';
import type {Secret} from '../secret';

/** An installation token is replaced this many milliseconds before it expires. It is valid for an hour. */
const RENEW_BEFORE_MS = 5 * MINUTE_MS;

/** The only key of the cache. */
const CACHE_KEY = 'token';

/** Provides the token for the `Authorization` header. */
export interface TokenSource {
  current(): Promise<Secret>;
  /** Returns another token after a 401; undefined if there is none. */
  renew(refused: Secret): Promise<Secret | undefined>;
  /** Milliseconds since GitHub issued the token; infinite if not known. */
  ageMs(token: Secret): number;
}

export interface IssuedToken {
  readonly token: Secret;
  readonly expiresAtMs: number;
}

/**
 * Tokens of one installation. Concurrent requests share one token. Does not use the cache of auth-app: see
 * docs/adr/0013-tokens-of-the-app.md.
 */
export function installationTokens(clock: Clock, issue: () => Promise<IssuedToken>): TokenSource {
  const cache = new TtlCache<IssuedToken & {readonly issuedAtMs: number}>(clock);
  const issueNow = async () => ({...(await issue()), issuedAtMs: clock.now()});
  const untilMs = ({expiresAtMs}: IssuedToken) => expiresAtMs - RENEW_BEFORE_MS;

  return {
    async current() {
      return (await cache.load(CACHE_KEY, issueNow, untilMs)).token;
    },
    async renew(refused) {
      const known = cache.former(CACHE_KEY);
      if (known && known.token.reveal() !== refused.reveal()) return known.token;
      return (await cache.reload(CACHE_KEY, issueNow, untilMs)).token;
    },
    ageMs(token) {
      const known = cache.former(CACHE_KEY);
      return known?.token.reveal() === token.reveal() ? clock.now() - known.issuedAtMs : Number.POSITIVE_INFINITY;
    },
  };
}

/** A personal access token. Reads the secret again when GitHub refuses the token. */
export function personalToken(token: () => Promise<Secret>, invalidate?: () => void): TokenSource {
  return {
    current: token,
    async renew(refused) {
      invalidate?.();
      const again = await token();
      return again.reveal() === refused.reveal() ? undefined : again;
    },
    ageMs: () => Number.POSITIVE_INFINITY,
  };
}
