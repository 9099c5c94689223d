import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import {MINUTE_MS} from '../durations';
import {GitHubDown, RefusedByGitHub} from '../errors';
import type {Logger} from '../logger';
import {describeScope, ownerOf, type RunnerScope} from '../model/scope';
import type {App} from './app';
import {RETRY_SECONDS} from './errors';
import type {IssuedToken} from './tokens';

/** How long the installation of an account is cached, in milliseconds. An App that is removed and installed again has another id. */
const CACHE_TTL_MS = 60 * MINUTE_MS;

/** Pause before a 404 is checked again, in milliseconds: GitHub sometimes answers 404 for an installation that exists. */
const RETRY_AFTER_404_MS = 3_000;

/** How long an absent installation is not checked a second time, in milliseconds. */
const ABSENT_TTL_MS = 5 * MINUTE_MS;

/** Absent installations that are remembered. When the oldest is dropped, it costs a second request again. */
const MAX_ABSENT = 1_000;

/** Finds the installation of the App that acts for a scope. */
export interface Installations {
  idFor(scope: RunnerScope, fromPayload: number | undefined): Promise<number>;
  /**
   * Issues a token of the installation, or of the one that replaced it on the account of `scope`: records and late webhooks name the
   * installation from before the App was removed and installed again. A configured id is used without lookup. Throws `Refused` when GitHub
   * answered 404 twice and does not list the installation; `Unavailable` when GitHub lists it.
   */
  issueToken(id: number, scope: RunnerScope): Promise<IssuedToken>;
}

/**
 * Uses the id from the payload, else the configured one, else the one that GitHub has for the account, cached for an hour. The webhook of a
 * repository or organization names no installation; 0 stands for none and is never used.
 */
export function createInstallations(
  app: App,
  configured: number | undefined,
  {clock, logger}: {readonly clock: Clock; readonly logger?: Logger | undefined},
): Installations {
  /** Installation ids by account. */
  const found = new TtlCache<number>(clock);
  /** Absent installations, by scope or by id: a 404 is not checked a second time. */
  const absent = new TtlCache<true>(clock, {maxEntries: MAX_ABSENT});

  const rememberAbsent = (what: string): void => absent.set(what, true, clock.now() + ABSENT_TTL_MS);

  /** Runs `ask`; repeats it with another JWT some seconds later if GitHub answers that `what` does not exist. */
  async function askTwice<T>(what: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (!isAbsent(error) || absent.get(what)) throw error;
      await clock.sleep(RETRY_AFTER_404_MS);
      try {
        return await ask();
      } catch (again) {
        if (isAbsent(again)) rememberAbsent(what);
        throw again;
      }
    }
  }

  /** Issues the token once more, some seconds after GitHub answered that the installation does not exist. */
  async function reissueAfter404(id: number, error: unknown): Promise<IssuedToken> {
    if (!isAbsent(error) || absent.get(`installation ${id}`)) throw error;
    await clock.sleep(RETRY_AFTER_404_MS);
    try {
      return await app.issueToken(id);
    } catch (again) {
      if (!isAbsent(again)) throw again;
      if (await app.hasInstallation(id)) {
        const found = `GitHub answered 404 to two requests for an access token of installation ${id}, which it lists`;
        throw new GitHubDown(`${found}. Next try in ${RETRY_SECONDS} s.`, RETRY_SECONDS);
      }
      rememberAbsent(`installation ${id}`);
      throw again;
    }
  }

  return {
    async idFor(scope, fromPayload) {
      const given = fromPayload || configured;
      if (given) return given;
      const owner = ownerOf(scope);
      const known = found.get(owner);
      if (known !== undefined) return known;
      // Each caller asks for itself: the repositories of the account need not all be in the installation.
      const id = await askTwice(describeScope(scope), () => app.findInstallation(scope));
      found.set(owner, id, clock.now() + CACHE_TTL_MS);
      return id;
    },
    async issueToken(id, scope) {
      try {
        return await app.issueToken(id);
      } catch (error) {
        if (!isGone(error)) throw error;
        const other = id === configured ? undefined : await findReplacement(app, scope);
        if (other === undefined || other === id) return reissueAfter404(id, error);
        logger?.info(`installation ${id} is not there any more: ${other} acts for ${describeScope(scope)}`);
        return app.issueToken(other);
      }
    },
  };
}

/** Finds the present installation of the account; undefined if there is none. */
async function findReplacement(app: App, scope: RunnerScope): Promise<number | undefined> {
  try {
    return await app.findInstallation(scope);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Whether the installation does not exist or is suspended. */
function isGone(error: unknown): error is RefusedByGitHub {
  return error instanceof RefusedByGitHub && error.reason === 'installation';
}

/** Whether the installation does not exist: GitHub answers 403 for a suspended one. */
function isAbsent(error: unknown): boolean {
  return isGone(error) && error.status === 404;
}
