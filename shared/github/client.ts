import type {Octokit} from '@octokit/rest';
import type {Clock} from '../clock';
import type {RateLimited} from '../errors';
import type {Secret} from '../secret';
import type {Logger} from '../telemetry/logger';
import {type AppCredentials, createApp} from './app';
import {authorize} from './authorize';
import type {GitHubFor, RunnerScope} from './github';
import {createInstallations} from './installations';
import {type Connection, createOctokit} from './octokit';
import {createRunnerGroups} from './runner-groups';
import {createScopedGitHub} from './scoped-github';
import {installationTokens, personalToken, type TokenSource} from './tokens';

const TIMEOUT_MS = 10_000;

export interface TokenCredentials {
  readonly kind: 'token';
  /** A personal access token; read at each request, kept by whoever reads the secret. */
  readonly token: () => Promise<Secret>;
  /** Called after a 401: the next `token()` has to look anew. */
  readonly invalidate?: () => void;
}

export type Credentials = AppCredentials | TokenCredentials;

export interface GitHubOptions {
  /** `https://api.github.com`, or a GitHub Enterprise Server's `https://host/api/v3`. */
  readonly apiUrl: string;
  readonly credentials: Credentials;
  readonly clock: Clock;
  /** For one request; 10 seconds unless given. */
  readonly timeoutMs?: number;
  /** Gets octokit's warnings (deprecations). */
  readonly logger?: Logger;
  readonly onRateLimit?: (limited: RateLimited, scope: RunnerScope) => void;
}

/** GitHub over HTTP. What is returned keeps the tokens, installations and runner groups it learns: make it once a process. */
export function createGitHub(options: GitHubOptions): GitHubFor {
  const {clock, credentials, onRateLimit} = options;
  const connection: Connection = {
    apiUrl: options.apiUrl,
    timeoutMs: options.timeoutMs ?? TIMEOUT_MS,
    ...(options.logger ? {logger: options.logger} : {}),
  };
  const octokitFor =
    credentials.kind === 'app' ? asInstallation(credentials, connection, clock) : asUser(credentials, connection);
  const groups = createRunnerGroups(clock);

  return (scope, installationId) =>
    createScopedGitHub({
      scope,
      octokit: () => octokitFor(scope, installationId),
      groups,
      credentials: credentials.kind,
      clock,
      onRateLimit,
    });
}

type OctokitFor = (scope: RunnerScope, installationId?: number) => Promise<Octokit>;

function asInstallation(credentials: AppCredentials, connection: Connection, clock: Clock): OctokitFor {
  const app = createApp(credentials, connection, clock);
  const installations = createInstallations(app, credentials.installationId, clock);
  const octokits = new Map<number, Octokit>();

  return async (scope, installationId) => {
    const id = await installations.idFor(scope, installationId);
    const octokit =
      octokits.get(id) ??
      authorized(
        connection,
        installationTokens(clock, () => app.issueToken(id)),
      );
    octokits.set(id, octokit);
    return octokit;
  };
}

function asUser(credentials: TokenCredentials, connection: Connection): OctokitFor {
  const octokit = authorized(connection, personalToken(credentials.token, credentials.invalidate));
  return async () => octokit;
}

function authorized(connection: Connection, tokens: TokenSource): Octokit {
  const octokit = createOctokit(connection);
  authorize(octokit, tokens);
  return octokit;
}
