import {Octokit} from '@octokit/rest';
import {version} from '../../package.json';
import type {Logger} from '../logger';
import {watchLimit} from './limit-watch';

type Strategy = Pick<NonNullable<ConstructorParameters<typeof Octokit>[0]>, 'auth' | 'authStrategy'>;

export interface Connection {
  /** `https://api.github.com`, or a GitHub Enterprise Server's `https://host/api/v3`. */
  readonly apiUrl: string;
  /** For one request, its body included. */
  readonly timeoutMs: number;
  readonly logger?: Logger;
}

/**
 * Octokit as Slipway wants it: with a time-out, without retries (`@octokit/rest` brings neither plugin-retry nor
 * plugin-throttling: a repeated generate-jitconfig would end in 409), quiet, and pinned to one version of the API.
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
      // Here and not as a `signal` option, which octokit.paginate drops after the first page.
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

/** Octokit would write to the console otherwise; each failure is logged by who handles it. */
const ignore = (): undefined => undefined;
