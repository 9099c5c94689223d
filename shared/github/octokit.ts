import {RequestError} from '@octokit/request-error';
import {Octokit} from '@octokit/rest';
import {version} from '../../package.json';
import type {Clock} from '../clock';
import type {Logger} from '../logger';
import type {Secret} from '../secret';
import type {TokenSource} from './tokens';

/** A new token may not have reached all servers of GitHub yet: for this many milliseconds a 401 is retried. */
const REPLICATION_MS = 5_000;

/** Share of the hourly limit below which a warning is logged, before runners have to wait. */
const NEAR_LIMIT_SHARE = 0.1;

type Strategy = Pick<NonNullable<ConstructorParameters<typeof Octokit>[0]>, 'auth' | 'authStrategy'>;

export interface Connection {
  /** `https://api.github.com`, or a GitHub Enterprise Server's `https://host/api/v3`. */
  readonly apiUrl: string;
  /** Time-out of one request including its body. */
  readonly timeoutMs: number;
  readonly logger?: Logger;
}

/**
 * Creates an octokit with a time-out, without retries (`@octokit/rest` includes neither plugin-retry nor plugin-throttling: a repeated
 * generate-jitconfig would end in 409), without console output, and pinned to one version of the API.
 */
export function createOctokit(connection: Connection, strategy: Strategy = {}): Octokit {
  const log = {
    debug: ignore,
    info: ignore,
    warn: (message: string) => connection.logger?.warning(message),
    error: ignore,
  };
  const octokit = new Octokit({
    ...strategy,
    baseUrl: connection.apiUrl.replace(/\/+$/, ''),
    userAgent: `slipway/${version}`,
    log,
    request: {
      log,
      // Set here and not as the `signal` option, which octokit.paginate drops after the first page.
      fetch: (url: string, init: RequestInit) =>
        fetch(url, {...init, signal: AbortSignal.timeout(connection.timeoutMs)}),
    },
  });
  octokit.hook.before('request', (options) => {
    options.headers.accept = 'application/vnd.github+json';
    options.headers['x-github-api-version'] = '2022-11-28';
  });
  if (connection.logger) watchLimit(octokit, connection.logger);
  return octokit;
}

/** Octokit would otherwise write to the console. Failures are logged where they are handled. */
const ignore = (): undefined => undefined;

/**
 * Sends every request with the current token. A 401 has no effect at GitHub, so the request is sent again: while the token is new, after
 * pauses of 1, 2, … seconds; then once with another token, if there is one.
 *
 * @see https://github.com/octokit/auth-app.js#authenticate-as-installation (auth-app pauses in the same way, on the system's timers)
 */
export function authorize(octokit: Octokit, tokens: TokenSource, clock: Pick<Clock, 'sleep'>): void {
  octokit.hook.wrap('request', async (request, options) => {
    const send = async (token: Secret) => {
      for (let pauseMs = 1_000; ; pauseMs += 1_000) {
        // Changed in place: the hooks of octokit pass on these options, and not those given to `request`.
        options.headers.authorization = `token ${token.reveal()}`;
        try {
          return await request(options);
        } catch (error) {
          if (!isUnauthorized(error) || tokens.ageMs(token) >= REPLICATION_MS) throw error;
          await clock.sleep(pauseMs);
        }
      }
    };
    const token = await tokens.current();
    try {
      return await send(token);
    } catch (error) {
      if (!isUnauthorized(error)) throw error;
      const other = await tokens.renew(token);
      if (!other) throw error;
      return send(other);
    }
  });
}

function isUnauthorized(error: unknown): boolean {
  return error instanceof RequestError && error.status === 401;
}

/**
 * Logs a warning once per hourly window when the primary rate limit is nearly used up.
 *
 * @see https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#checking-the-status-of-your-rate-limit
 */
function watchLimit(octokit: Pick<Octokit, 'hook'>, logger: Pick<Logger, 'warning'>): void {
  let warnedOf: string | undefined;
  octokit.hook.after('request', ({headers}) => {
    const limit = Number(headers['x-ratelimit-limit']);
    const remaining = Number(headers['x-ratelimit-remaining']);
    const window = String(headers['x-ratelimit-reset']);
    // Without the headers (a GitHub Enterprise Server without limits) both are NaN.
    if (!(remaining < limit * NEAR_LIMIT_SHARE) || window === warnedOf) return;
    warnedOf = window;
    logger.warning(`${remaining} of ${limit} requests to GitHub are left in this hour`, {
      decision: 'github_limit_near',
      reason: String(headers['x-ratelimit-resource'] ?? 'core'),
      remaining,
      limit,
    });
  });
}
