import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import {MINUTE_MS} from '../durations';
import {GitHubDown, Refused, RefusedByGitHub, RetryableError, Unavailable} from '../errors';
import type {Logger} from '../logger';
import {describeScope, type RunnerScope, scopeKey} from '../model/scope';

/** How long an App that does not act for a scope is left out there, in milliseconds. */
const LEFT_OUT_MS = 5 * MINUTE_MS;

/** How long it is taken for granted that an App acts for a scope, in milliseconds. */
const ACTS_MS = 5 * MINUTE_MS;

/** Scopes that are remembered. */
const MAX_SCOPES = 5_000;

/** An App as far as it matters where it acts. */
export interface PlacedApp {
  /** `app-1` is the first one. Part of the names of breakers, and in messages. */
  readonly name: string;
  /** Asks GitHub whether the App is installed on the scope's owner and reaches the repository, and is not suspended. Throws typed errors. */
  actsFor(scope: RunnerScope): Promise<boolean>;
}

/** Refusals of an App as a whole, by the scope; what it may do there otherwise is not asked. */
const OF_THE_APP: ReadonlySet<string> = new Set(['installation', 'credentials']);

/** Refusals of one kind of call, which GitHub takes of an App with other permissions. */
const OF_THE_CALL: ReadonlySet<string> = new Set(['permission', 'ip_allow_list', 'saml']);

/** Where each of several Apps acts: it is installed, not suspended, reaches the repository, and may make the call. For the memory of a process. */
export class ActingApps {
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #acting: TtlCache<true>;
  readonly #leftOut: TtlCache<Refused | RetryableError>;

  constructor({clock, logger}: {readonly clock: Clock; readonly logger: Logger}) {
    this.#clock = clock;
    this.#logger = logger;
    this.#acting = new TtlCache(clock, {maxEntries: MAX_SCOPES});
    this.#leftOut = new TtlCache(clock, {maxEntries: MAX_SCOPES});
  }

  /** Why the App is left out of the scope, or of calls of this kind there; undefined: it is not. */
  whyLeftOut(app: PlacedApp, scope: RunnerScope, kind: string): Refused | RetryableError | undefined {
    return this.#leftOut.get(keyOf(app, scope)) ?? this.#leftOut.get(`${keyOf(app, scope)} ${kind}`);
  }

  /**
   * Asks GitHub whether the App acts for the scope, unless that is known. An App of which GitHub does not tell is left out, too. `because`: what the
   * App was refused with, which is told of it from then on.
   */
  async actsFor(app: PlacedApp, scope: RunnerScope, isFresh = false, because?: Refused): Promise<boolean> {
    const key = keyOf(app, scope);
    if (!isFresh && this.#acting.get(key)) return true;
    this.#acting.delete(key);
    try {
      if (await app.actsFor(scope)) {
        this.#acting.set(key, true, this.#clock.now() + ACTS_MS);
        return true;
      }
      const found = `${app.name} is not installed on ${describeScope(scope)}, or is suspended there`;
      this.#leaveOut(app, scope, because ?? new RefusedByGitHub('installation', found));
    } catch (error) {
      if (!(error instanceof Refused || error instanceof RetryableError)) throw error;
      this.#leaveOut(app, scope, error);
    }
    return false;
  }

  /**
   * Whether "not there" counts: it is the answer, too, for an App that does not reach the scope. GitHub is asked afresh, because a runner or job
   * that is taken for gone is cleared away.
   */
  countsAbsence(app: PlacedApp, scope: RunnerScope): Promise<boolean> {
    return this.actsFor(app, scope, true);
  }

  /**
   * Whether another App may succeed with what this one failed with. Leaves the App out where the failure will last. A failure that is the request's own,
   * that may have had an effect, or that is GitHub's own trouble, is no App's.
   */
  async mayAnotherSucceed(app: PlacedApp, scope: RunnerScope, kind: string, error: unknown): Promise<boolean> {
    // A secret that cannot be read, or a list that GitHub shows as a part.
    if (error instanceof Unavailable) return !(error instanceof GitHubDown);
    if (!(error instanceof Refused)) return false;
    const reason = error instanceof RefusedByGitHub ? error.reason : 'unknown';
    // mutation: refusal of one App
    if (reason === 'registration') return false;
    if (OF_THE_APP.has(reason)) this.#leaveOut(app, scope, error);
    else if (OF_THE_CALL.has(reason)) this.#leaveOut(app, scope, error, kind);
    // With 404 GitHub means the App, the runner group or the repository. What is wrong with the request leaves no App out.
    else await this.actsFor(app, scope, true, error);
    return true;
  }

  #leaveOut(app: PlacedApp, scope: RunnerScope, why: Refused | RetryableError, kind?: string): void {
    const seconds = why instanceof RetryableError ? why.retryAfterSeconds : LEFT_OUT_MS / 1000;
    const key = kind === undefined ? keyOf(app, scope) : `${keyOf(app, scope)} ${kind}`;
    this.#leftOut.set(key, why, this.#clock.now() + seconds * 1000);
    const where = kind === undefined ? describeScope(scope) : `${kind} in ${describeScope(scope)}`;
    this.#logger.warning(`${app.name} is left out for ${where} for ${Math.ceil(seconds)} s: ${why.message}`, {
      decision: 'app_left_out',
      reason: app.name,
    });
  }
}

function keyOf({name}: PlacedApp, scope: RunnerScope): string {
  return `${name} ${scopeKey(scope)}`;
}
