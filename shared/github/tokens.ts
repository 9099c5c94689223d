import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import type {Secret} from '../secret';

/** An installation token lives an hour; five minutes before that a new one is fetched, so that no request meets its end. */
const RENEW_BEFORE_MS = 5 * 60_000;

/** The cache's one key. */
const CACHE_KEY = 'token';

/** Where the `Authorization` of a request comes from. */
export interface TokenSource {
  current(): Promise<Secret>;
  /** After a 401: another token than the refused one, or undefined when there is none. */
  renew(refused: Secret): Promise<Secret | undefined>;
  /** Milliseconds since GitHub issued the token; infinite where that is not known. */
  ageMs(token: Secret): number;
}

export interface IssuedToken {
  readonly token: Secret;
  readonly expiresAtMs: number;
}

/**
 * One token at a time, fetched once for however many ask together. Not auth-app's own cache and sharing (docs/adr/0013-tokens-of-the-app.md).
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

/** A personal access token: read from where the secret is kept, and read once more when GitHub refuses it. */
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
