import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import {GitHubDown, RateLimited, Refused, RefusedByGitHub, RetryableError, Unavailable} from '../errors';
import type {Logger} from '../logger';
import {READ_POINTS, WRITE_POINTS} from '../model/github-points';
import {describeScope, ownerOf, type RunnerScope, scopeKey} from '../model/scope';
import {AppChoice, type ShareableApp} from './app-choice';
import type {GitHub, GitHubFor} from './github';
import type {SharedLimits} from './shared-limits';

/** How long an App that does not act for a scope is left out there, in milliseconds. */
const LEFT_OUT_MS = 5 * 60_000;

/** How long it is taken for granted that an App acts for a scope, in milliseconds. */
const ACTS_MS = 5 * 60_000;

/** Scopes that are remembered. */
const MAX_SCOPES = 5_000;

export interface SharedGitHubOptions {
  /** The first one has the webhook, and its installation is the one that events name. */
  readonly apps: readonly ShareableApp[];
  readonly limits: SharedLimits;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * GitHub by several Apps, whose installations have limits of their own. Each call goes by the App that has most left, and by another one when
 * GitHub limits that App, or when the App does not act for the scope: it is not installed there, suspended, or not set up right. Only when
 * no App is left does a call throw `RateLimited`, or the refusal of the first App.
 *
 * A call by another App than the first counts only if that App acts for the scope: for one that does not, GitHub answers 404, as for a
 * runner that is not there.
 */
export function sharedGitHub(options: SharedGitHubOptions): GitHubFor {
  const {apps, limits, clock, logger} = options;
  const [first] = apps;
  const choice = new AppChoice(clock);
  const acting = new TtlCache<true>(clock, {maxEntries: MAX_SCOPES});
  /** Why an App is left out of a scope. */
  const leftOut = new TtlCache<Refused | RetryableError>(clock, {maxEntries: MAX_SCOPES});

  /** Asks GitHub whether the App acts for the scope, unless that is known. An App of which GitHub does not tell is left out, too. */
  async function actsFor(app: ShareableApp, scope: RunnerScope, isFresh = false): Promise<boolean> {
    const key = keyOf(app, scope);
    if (!isFresh && acting.get(key)) return true;
    acting.delete(key);
    try {
      if (await app.actsFor(scope)) {
        acting.set(key, true, clock.now() + ACTS_MS);
        return true;
      }
      leaveOut(
        app,
        scope,
        new RefusedByGitHub('installation', `${app.name} is not installed on ${describeScope(scope)}`),
      );
    } catch (error) {
      if (!(error instanceof Refused || error instanceof RetryableError)) throw error;
      leaveOut(app, scope, error);
    }
    return false;
  }

  function leaveOut(app: ShareableApp, scope: RunnerScope, why: Refused | RetryableError): void {
    const seconds = why instanceof RetryableError ? why.retryAfterSeconds : LEFT_OUT_MS / 1000;
    leftOut.set(keyOf(app, scope), why, clock.now() + seconds * 1000);
    const where = describeScope(scope);
    logger.warning(`${app.name} is left out for ${where} for ${Math.ceil(seconds)} s: ${why.message}`, {
      decision: 'app_left_out',
      reason: app.name,
    });
  }

  /** Runs the call by one App after the other, until GitHub has answered it. */
  async function ask<T>(
    scope: RunnerScope,
    installationId: number | undefined,
    points: number,
    call: (github: GitHub) => Promise<T>,
  ): Promise<T> {
    const owner = ownerOf(scope);
    let refused: unknown;
    let heldUntil = Number.POSITIVE_INFINITY;
    for (const app of choice.order(apps, scope)) {
      const isFirst = app === first;
      const why = leftOut.get(keyOf(app, scope));
      if (why) {
        if (isFirst) refused = why;
        continue;
      }
      const held = await limits.heldUntil(app.name, owner);
      if (held !== undefined) {
        heldUntil = Math.min(heldUntil, held);
        continue;
      }
      if (!isFirst && !(await actsFor(app, scope))) continue;
      choice.spend(app, owner, points);
      try {
        const result = await call(app.forScope(scope, isFirst ? installationId : undefined));
        if (!isFirst && isAbsent(result) && !(await actsFor(app, scope, true))) continue;
        await limits.answered(app.name, owner);
        return result;
      } catch (error) {
        if (error instanceof RateLimited) {
          await limits.limited(app.name, owner, error);
          heldUntil = Math.min(heldUntil, clock.now() + error.retryAfterSeconds * 1000);
          continue;
        }
        if (!isAppsOwn(error, isFirst)) throw error;
        leaveOut(app, scope, error);
        if (isFirst) refused = error;
      }
    }
    if (heldUntil < Number.POSITIVE_INFINITY) {
      const seconds = Math.max(1, Math.ceil((heldUntil - clock.now()) / 1000));
      throw new RateLimited(`GitHub limits every App on ${owner}. Next try in ${seconds} s.`, seconds);
    }
    throw refused ?? new Unavailable(`no App acts for ${describeScope(scope)} now`, LEFT_OUT_MS / 1000);
  }

  return (scope, installationId) => {
    const by = <T>(points: number, call: (github: GitHub) => Promise<T>) => ask(scope, installationId, points, call);
    return {
      async createJitConfig(request) {
        await limits.awaitTurn(scope);
        return by(WRITE_POINTS, (github) => github.createJitConfig(request));
      },
      createRegistrationToken: () => by(WRITE_POINTS, (github) => github.createRegistrationToken()),
      findRunner: (name) => by(READ_POINTS, (github) => github.findRunner(name)),
      getRunner: (id) => by(READ_POINTS, (github) => github.getRunner(id)),
      listRunners: () => by(READ_POINTS, (github) => github.listRunners()),
      deleteRunner: (id) => by(WRITE_POINTS, (github) => github.deleteRunner(id)),
      removeLabel: (id, label) => by(WRITE_POINTS, (github) => github.removeLabel(id, label)),
      addLabels: (id, labels) => by(WRITE_POINTS, (github) => github.addLabels(id, labels)),
      getJob: (repository, jobId) => by(READ_POINTS, (github) => github.getJob(repository, jobId)),
    };
  };
}

function keyOf({name}: ShareableApp, scope: RunnerScope): string {
  return `${name} ${scopeKey(scope)}`;
}

/** Whether GitHub says that what was asked for does not exist. */
function isAbsent(result: unknown): boolean {
  return result === undefined || result === 'absent';
}

/**
 * Whether the failure is the App's own, so that another App may succeed: it is not installed, or suspended. Of another App than the first also
 * every refusal that may be due to its settings, or a key that cannot be read: nothing of it shall hold up what the first App can do.
 */
function isAppsOwn(error: unknown, isFirst: boolean): error is Refused | RetryableError {
  const reason = error instanceof RefusedByGitHub ? error.reason : undefined;
  if (isFirst) return reason === 'installation';
  if (error instanceof Refused) return reason !== 'registration';
  return error instanceof Unavailable && !(error instanceof GitHubDown);
}
