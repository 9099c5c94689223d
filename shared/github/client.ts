import type {Clock} from '../clock';
import type {RateLimited} from '../errors';
import type {Logger} from '../logger';
import type {RunnerScope} from '../model/scope';
import {type Random, systemRandom} from '../random';
import {type Credentials, connect} from './connect';
import type {GitHubFor} from './github';
import type {Connection} from './octokit';
import {createRunnerGroups} from './runner-groups';
import {createScopedGitHub} from './scoped-github';

const TIMEOUT_MS = 10_000;

export type {Credentials, TokenCredentials} from './connect';

export interface GitHubOptions {
  /** `https://api.github.com`, or a GitHub Enterprise Server's `https://host/api/v3`. */
  readonly apiUrl: string;
  readonly credentials: Credentials;
  readonly clock: Clock;
  /** Makes each JWT of the App another one; the system's unless given. */
  readonly random?: Random;
  /** For one request; 10 seconds unless given. */
  readonly timeoutMs?: number;
  /** Gets octokit's warnings (deprecations). */
  readonly logger?: Logger;
  readonly onRateLimit?: (limited: RateLimited, scope: RunnerScope) => void;
}

/** GitHub over HTTP. What is returned keeps the tokens, installations and runner groups it learns: make it once a process. */
export function createGitHub(options: GitHubOptions): GitHubFor {
  const {clock, credentials, onRateLimit, random = systemRandom} = options;
  const {octokitFor} = connect(credentials, connectionOf(options), {clock, random});
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

export function connectionOf({apiUrl, timeoutMs = TIMEOUT_MS, logger}: GitHubOptions): Connection {
  return {apiUrl, timeoutMs, ...(logger ? {logger} : {})};
}
