import type {Clock} from '../clock';
import {RateLimited, Unavailable} from '../errors';
import {describeScope, ownerOf, type RunnerScope} from '../model/scope';
import type {ActingApps, PlacedApp} from './acting-apps';
import type {AppLimits} from './shared-limits';

/** Seconds until the next try where no App acts now. */
const RETRY_SECONDS = 60;

/** A call to GitHub that any of several Apps may make. */
export interface AppCall<App extends PlacedApp, T> {
  readonly scope: RunnerScope;
  /** Of the call, for refusals that hold for it alone. */
  readonly kind: string;
  /** All Apps, in the order in which they are asked. */
  readonly apps: readonly App[];
  /** The first of the configuration: its installation is the one that events and records name, and its refusal is the one that is told. */
  readonly first: App | undefined;
  readonly call: (app: App, isFirst: boolean) => Promise<T>;
  /** Whether the result says that what was asked for does not exist, which an App that does not reach the scope would say, too. */
  readonly isAbsent: (result: T) => boolean;
}

/** What is known of the Apps. */
export interface KnownOfApps {
  readonly acting: ActingApps;
  readonly limits: AppLimits;
  readonly clock: Pick<Clock, 'now'>;
}

/**
 * Makes the call by one App after the other, until GitHub has answered it. An App is passed over that does not act for the scope, or that GitHub
 * limits; "not there" counts only of one that acts. Throws `RateLimited` when GitHub limits all that are left, else the refusal of an App that acts
 * for the scope, else that of the first one.
 */
export async function askApps<App extends PlacedApp, T>(
  {acting, limits, clock}: KnownOfApps,
  {scope, kind, apps, first, call, isAbsent}: AppCall<App, T>,
): Promise<T> {
  const owner = ownerOf(scope);
  let refused: unknown;
  let heldUntil = Number.POSITIVE_INFINITY;
  for (const app of apps) {
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
    try {
      const result = await call(app, isFirst);
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
