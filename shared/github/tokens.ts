import type {Clock} from '../clock';
import type {Secret} from '../secret';

/** An installation token lives an hour; five minutes before that a new one is fetched, so that no request meets its end. */
const RENEW_BEFORE_MS = 5 * 60_000;

/** Where the `Authorization` of a request comes from. */
export interface TokenSource {
  current(): Promise<Secret>;
  /** After a 401: another token than the refused one, or undefined when there is none. */
  renew(refused: Secret): Promise<Secret | undefined>;
}

export interface IssuedToken {
  readonly token: Secret;
  readonly expiresAtMs: number;
}

/** One token at a time, fetched once for however many ask together. */
export function installationTokens(clock: Clock, issue: () => Promise<IssuedToken>): TokenSource {
  let known: IssuedToken | undefined;
  let pending: Promise<IssuedToken> | undefined;

  async function fetchToken(): Promise<IssuedToken> {
    try {
      known = await issue();
      return known;
    } finally {
      pending = undefined;
    }
  }

  async function shareFetch(): Promise<Secret> {
    pending ??= fetchToken();
    return (await pending).token;
  }

  return {
    async current() {
      return known && clock.now() < known.expiresAtMs - RENEW_BEFORE_MS ? known.token : shareFetch();
    },
    async renew(refused) {
      return known && known.token.reveal() !== refused.reveal() ? known.token : shareFetch();
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
  };
}
