import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import {GitHubDown, RefusedByGitHub} from '../errors';
import type {Logger} from '../logger';
import {describeScope, ownerOf, type RunnerScope} from '../model/scope';
import type {App} from './app';
import {RETRY_SECONDS} from './errors';
import type {IssuedToken} from './tokens';

/** An App that is removed and installed again has another id from then on. */
const CACHE_TTL_MS = 60 * 60_000;

/** GitHub answers 404 for a moment where nothing is missing: a 404 is believed when it comes again after so long. */
const ASK_AGAIN_MS = 3_000;

/** What was found to be absent is not asked for twice in this time. */
const ABSENT_MS = 5 * 60_000;

/** Beyond that the oldest is forgotten, which costs a second request again. */
const MOST_ABSENT = 1_000;

/** Which installation of the App acts for a scope. */
export interface Installations {
  idFor(scope: RunnerScope, fromPayload: number | undefined): Promise<number>;
  /**
   * A token of the installation, or of the one that the account of `scope` has in its place: records and late webhooks name the one that
   * was there before the App was removed and installed again. A configured id is taken at its word. Throws `Refused` when GitHub said
   * twice that the installation is not there, and lists no such installation; `Unavailable` when it lists it all the same.
   */
  issueToken(id: number, scope: RunnerScope): Promise<IssuedToken>;
}

/**
 * The payload's id, else the configured one, else the one that GitHub knows for the account, remembered for an hour. A
 * webhook of a repository or organization carries no installation, and 0 is what a missing one becomes: never asked for.
 */
export function createInstallations(
  app: App,
  configured: number | undefined,
  {clock, logger}: {readonly clock: Clock; readonly logger?: Logger | undefined},
): Installations {
  /** By account. */
  const found = new TtlCache<number>(clock);
  /** By scope, or by id of an installation: what is believed at once to be absent. */
  const absent = new TtlCache<true>(clock, {maxEntries: MOST_ABSENT});

  const rememberAbsent = (what: string): void => absent.set(what, true, clock.now() + ABSENT_MS);

  /** Asks once more, some seconds later, with another JWT, when GitHub says that `what` is not there. */
  async function askTwice<T>(what: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (!isAbsent(error) || absent.get(what)) throw error;
      await clock.sleep(ASK_AGAIN_MS);
      try {
        return await ask();
      } catch (again) {
        if (isAbsent(again)) rememberAbsent(what);
        throw again;
      }
    }
  }

  /** The token of an installation of which GitHub has just said that it is not there. */
  async function askAgain(id: number, error: unknown): Promise<IssuedToken> {
    if (!isAbsent(error) || absent.get(`installation ${id}`)) throw error;
    await clock.sleep(ASK_AGAIN_MS);
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
      // Not shared with others of the account who ask meanwhile: its repositories need not all be in the installation.
      const id = await askTwice(describeScope(scope), () => app.findInstallation(scope));
      found.set(owner, id, clock.now() + CACHE_TTL_MS);
      return id;
    },
    async issueToken(id, scope) {
      try {
        return await app.issueToken(id);
      } catch (error) {
        if (!isGone(error)) throw error;
        const other = id === configured ? undefined : await findOther(app, scope);
        if (other === undefined || other === id) return askAgain(id, error);
        logger?.info(`installation ${id} is not there any more: ${other} acts for ${describeScope(scope)}`);
        return app.issueToken(other);
      }
    },
  };
}

/** Undefined when the account has none. */
async function findOther(app: App, scope: RunnerScope): Promise<number | undefined> {
  try {
    return await app.findInstallation(scope);
  } catch (error) {
    if (isGone(error)) return undefined;
    throw error;
  }
}

/** Not there, or suspended. */
function isGone(error: unknown): error is RefusedByGitHub {
  return error instanceof RefusedByGitHub && error.reason === 'installation';
}

/** Not there, by GitHub's status: a suspended one is answered 403. */
function isAbsent(error: unknown): boolean {
  return isGone(error) && error.status === 404;
}
