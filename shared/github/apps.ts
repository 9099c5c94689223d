import type {Clock} from '../clock';
import type {Logger} from '../logger';
import {READ_POINTS, WRITE_POINTS} from '../model/github-points';
import {ownerOf, type RunnerScope} from '../model/scope';
import {ActingApps} from './acting-apps';
import {AppChoice, type ShareableApp} from './app-choice';
import {askApps} from './ask-apps';
import type {GitHub, GitHubFor} from './github';
import type {AppLimits, SharedLimits} from './shared-limits';

export interface SharedGitHubOptions {
  /** The first one has the webhook, and its installation is the one that events name. */
  readonly apps: readonly ShareableApp[];
  readonly limits: SharedLimits;
  readonly clock: Clock;
  readonly logger: Logger;
}

type Method = keyof GitHub;

/** What each call costs of an App's points. */
const POINTS: Readonly<Record<Method, number>> = {
  createJitConfig: WRITE_POINTS,
  createRegistrationToken: WRITE_POINTS,
  findRunner: READ_POINTS,
  getRunner: READ_POINTS,
  listRunners: READ_POINTS,
  deleteRunner: WRITE_POINTS,
  removeLabel: WRITE_POINTS,
  addLabels: WRITE_POINTS,
  getJob: READ_POINTS,
};

/**
 * GitHub by several Apps, whose installations have limits of their own. Each call goes by the App that has most left, and by another one when
 * GitHub limits that App, or refuses what another App may be allowed: it is not installed there, suspended, or not set up right. `whileDry`: the calls of dry runs,
 * which change nothing at GitHub and note no limit.
 */
export function sharedGitHub({apps, limits, clock, logger}: SharedGitHubOptions): {
  readonly github: GitHubFor;
  readonly whileDry: GitHubFor;
} {
  const [first] = apps;
  const choice = new AppChoice(clock);
  const acting = new ActingApps({clock, logger});

  const within = (noted: AppLimits, scope: RunnerScope, installationId: number | undefined): GitHub => {
    const owner = ownerOf(scope);
    const known = {acting, limits: noted, clock};
    return eachMethod((method, call) =>
      askApps(known, {
        scope,
        kind: method,
        apps: choice.order(apps, scope),
        first,
        isAbsent,
        call(app, isFirst) {
          choice.spend(app, owner, POINTS[method]);
          return call(app.forScope(scope, isFirst ? installationId : undefined));
        },
      }),
    );
  };

  return {
    github(scope, installationId) {
      const github = within(limits, scope, installationId);
      return {
        ...github,
        async createJitConfig(request) {
          await limits.awaitTurn(scope);
          return github.createJitConfig(request);
        },
      };
    },
    whileDry: (scope, installationId) => within(limits.whileDry, scope, installationId),
  };
}

/** The port each of whose methods is called by `by`, which chooses whose. */
function eachMethod(by: (method: Method, call: (github: GitHub) => Promise<unknown>) => Promise<unknown>): GitHub {
  const methods = Object.keys(POINTS) as Method[];
  const entries = methods.map((method) => {
    const through = (...parameters: unknown[]) =>
      by(method, (github) => Reflect.apply(github[method], github, parameters) as Promise<unknown>);
    return [method, through];
  });
  return Object.fromEntries(entries) as GitHub;
}

/** Whether GitHub says that what was asked for does not exist. */
function isAbsent(result: unknown): boolean {
  return result === undefined || result === 'absent';
}
