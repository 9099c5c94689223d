import type {Clock} from '../clock';
import {RateLimited, Unavailable} from '../errors';
import type {Logger} from '../logger';
import {READ_POINTS, WRITE_POINTS} from '../model/github-points';
import {describeScope, ownerOf, type RunnerScope} from '../model/scope';
import {ActingApps} from './acting-apps';
import {AppChoice, type ShareableApp} from './app-choice';
import type {GitHub, GitHubFor} from './github';
import type {SharedLimits} from './shared-limits';

/** Seconds until the next try where no App acts now. */
const RETRY_SECONDS = 60;

export interface SharedGitHubOptions {
  /** The first one has the webhook, and its installation is the one that events name. */
  readonly apps: readonly ShareableApp[];
  readonly limits: SharedLimits;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * GitHub by several Apps, whose installations have limits of their own. Each call goes by the App that has most left, and by another one when
 * GitHub limits that App, or refuses what another App may be allowed: it is not installed there, suspended, or not set up right. Only when no App is
 * left does a call throw `RateLimited`, or the refusal of an App that acts for the scope, else that of the first one.
 *
 * "Not there" counts only of an App that acts for the scope: for one that does not, GitHub answers 404, as for a runner that is not there.
 */
export function sharedGitHub({apps, limits, clock, logger}: SharedGitHubOptions): GitHubFor {
  const [first] = apps;
  const choice = new AppChoice(clock);
  const acting = new ActingApps({clock, logger});

  /** Runs the call by one App after the other, until GitHub has answered it. `kind`: of the call, for refusals that hold for it alone. */
  async function ask<T>(
    scope: RunnerScope,
    installationId: number | undefined,
    {kind, points}: {readonly kind: string; readonly points: number},
    call: (github: GitHub) => Promise<T>,
  ): Promise<T> {
    const owner = ownerOf(scope);
    let refused: unknown;
    let heldUntil = Number.POSITIVE_INFINITY;
    for (const app of choice.order(apps, scope)) {
      const isFirst = app === first;
      const why = acting.whyLeftOut(app, scope, kind);
      if (why) {
        if (isFirst) refused ??= why;
        continue;
      }
      const held = await limits.heldUntil(app.name, owner);
      if (held !== undefined) {
        heldUntil = Math.min(heldUntil, held);
        continue;
      }
      if (!isFirst && !(await acting.actsFor(app, scope))) continue;
      choice.spend(app, owner, points);
      try {
        const result = await call(app.forScope(scope, isFirst ? installationId : undefined));
        // mutation: absent by another App
        if (isAbsent(result) && !(await acting.countsAbsence(app, scope))) {
          if (isFirst) refused ??= acting.whyLeftOut(app, scope, kind);
          continue;
        }
        await limits.answered(app.name, owner);
        return result;
      } catch (error) {
        if (error instanceof RateLimited) {
          await limits.limited(app.name, owner, error);
          heldUntil = Math.min(heldUntil, clock.now() + error.retryAfterSeconds * 1000);
          continue;
        }
        if (!(await acting.mayAnotherSucceed(app, scope, kind, error))) throw error;
        if (isFirst || !acting.whyLeftOut(app, scope, kind)) refused = error;
      }
    }
    if (heldUntil < Number.POSITIVE_INFINITY) {
      const seconds = Math.max(1, Math.ceil((heldUntil - clock.now()) / 1000));
      throw new RateLimited(`GitHub limits every App on ${owner}. Next try in ${seconds} s.`, seconds);
    }
    throw refused ?? new Unavailable(`no App acts for ${describeScope(scope)} now`, RETRY_SECONDS);
  }

  return (scope, installationId) => {
    const by = <T>(kind: keyof GitHub, points: number, call: (github: GitHub) => Promise<T>) =>
      ask(scope, installationId, {kind, points}, call);
    return {
      async createJitConfig(request) {
        await limits.awaitTurn(scope);
        return by('createJitConfig', WRITE_POINTS, (github) => github.createJitConfig(request));
      },
      createRegistrationToken: () =>
        by('createRegistrationToken', WRITE_POINTS, (github) => github.createRegistrationToken()),
      findRunner: (name) => by('findRunner', READ_POINTS, (github) => github.findRunner(name)),
      getRunner: (id) => by('getRunner', READ_POINTS, (github) => github.getRunner(id)),
      listRunners: () => by('listRunners', READ_POINTS, (github) => github.listRunners()),
      deleteRunner: (id) => by('deleteRunner', WRITE_POINTS, (github) => github.deleteRunner(id)),
      removeLabel: (id, label) => by('removeLabel', WRITE_POINTS, (github) => github.removeLabel(id, label)),
      addLabels: (id, labels) => by('addLabels', WRITE_POINTS, (github) => github.addLabels(id, labels)),
      getJob: (repository, jobId) => by('getJob', READ_POINTS, (github) => github.getJob(repository, jobId)),
    };
  };
}

/** Whether GitHub says that what was asked for does not exist. */
function isAbsent(result: unknown): boolean {
  return result === undefined || result === 'absent';
}
