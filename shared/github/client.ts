import type {Octokit} from '@octokit/rest';
import type {Clock} from '../clock';
import type {RateLimited} from '../errors';
import type {Logger} from '../logger';
import {ownerOf, type RunnerScope} from '../model/scope';
import {type Random, systemRandom} from '../random';
import {Secret} from '../secret';
import {type Access, type Credentials, createAccess, type OctokitFor} from './access';
import {createActions} from './actions';
import {type RateReading, watchReadings} from './conditional';
import type {Discovery, GitHubConnection, GitHubFor} from './github';
import {createInspection} from './inspection';
import {createRunnerGroups} from './runner-groups';
import {createScopedGitHub} from './runners';

const TIMEOUT_MS = 10_000;

export type {Credentials, TokenCredentials} from './access';

export interface GitHubOptions {
  /** `https://api.github.com`, or a GitHub Enterprise Server's `https://host/api/v3`. */
  readonly apiUrl: string;
  readonly credentials: Credentials;
  readonly clock: Clock;
  /** Makes each JWT of the App unique; by default the random port of the system. */
  readonly random?: Random;
  /** Time-out of one request; default 10 seconds. */
  readonly timeoutMs?: number;
  /** Receives the warnings of octokit (deprecations). */
  readonly logger?: Logger;
  readonly onRateLimit?: (limited: RateLimited, scope: RunnerScope) => void;
}

/** GitHub over HTTP. Create it once per process: it caches tokens, installations, runner groups and answers. */
export function connectGitHub(options: GitHubOptions): GitHubConnection {
  const {apiUrl, credentials, clock, timeoutMs = TIMEOUT_MS, logger, onRateLimit, random = systemRandom} = options;
  const access = createAccess(credentials, {apiUrl, timeoutMs, ...(logger ? {logger} : {})}, {clock, random});
  const groups = createRunnerGroups(clock);
  const hours = createHours(access.octokits, clock);
  const octokitFor = hours.octokitFor;
  const discovery = createActions({access, groups, clock});

  return {
    forScope: (scope, installationId) =>
      createScopedGitHub({
        scope,
        octokit: () => octokitFor(scope, installationId),
        groups,
        credentials: access.kind,
        clock,
        onRateLimit,
      }),
    discovery,
    inspection: createInspection({access, discovery, clock}),
    actsFor: async (scope) => access.app === undefined || access.app.actsFor(scope),
    left: hours.left,
  };
}

/** The octokits for the calls of a scope, and what GitHub says of their hour. */
function createHours(octokits: Access['octokits'], clock: Clock) {
  const readings = new Map<Octokit, RateReading>();
  /** By owner: the installation that acted last. */
  const last = new Map<string, Octokit>();
  const find = octokits((octokit) => watchReadings(octokit, (reading) => readings.set(octokit, reading)));
  return {
    octokitFor: async (...[scope, installationId]: Parameters<OctokitFor>) => {
      const octokit = await find(scope, installationId);
      last.set(ownerOf(scope), octokit);
      return octokit;
    },
    left(scope: RunnerScope): number {
      const octokit = last.get(ownerOf(scope));
      const reading = octokit && readings.get(octokit);
      return reading && reading.resetMs > clock.now() ? reading.remaining / reading.limit : 1;
    },
  };
}

/** Only the calls of one scope. */
export function createGitHub(options: GitHubOptions): GitHubFor {
  return connectGitHub(options).forScope;
}

/** Only the calls of the sweep. */
export function createDiscovery(options: GitHubOptions): Discovery {
  return connectGitHub(options).discovery;
}

/** `DRY_RUN`: reads from GitHub, and logs changes instead of making them. */
export function dryRunGitHub(github: GitHubFor, logger: Logger): GitHubFor {
  return (scope, installationId) => {
    const real = github(scope, installationId);
    return {
      async createJitConfig(request) {
        logger.info(`dry run: would register runner ${request.name}`, {
          decision: 'dry_run',
          runner: request.name,
          scope,
        });
        return {runnerId: 0, encodedJitConfig: new Secret('dry-run')};
      },
      async createRegistrationToken() {
        logger.info('dry run: would create a registration token', {decision: 'dry_run', scope});
        return new Secret('dry-run');
      },
      findRunner: (name) => real.findRunner(name),
      getRunner: (id) => real.getRunner(id),
      listRunners: () => real.listRunners(),
      async deleteRunner(id) {
        logger.info(`dry run: would deregister runner ${id}`, {decision: 'dry_run', runnerId: id, scope});
        return 'deleted';
      },
      async removeLabel(runnerId, label) {
        logger.info(`dry run: would take label ${label} off runner ${runnerId}`, {
          decision: 'dry_run',
          runnerId,
          scope,
        });
        return 'removed';
      },
      async addLabels(runnerId, labels) {
        const list = labels.join(', ');
        logger.info(`dry run: would give runner ${runnerId} the labels ${list}`, {
          decision: 'dry_run',
          runnerId,
          scope,
        });
        return 'added';
      },
      getJob: (repository, jobId) => real.getJob(repository, jobId),
    };
  };
}
