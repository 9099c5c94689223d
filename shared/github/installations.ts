import type {Clock} from '../clock';
import type {Logger} from '../telemetry/logger';
import type {App} from './app';
import {RefusedByGitHub} from './classify';
import type {RunnerScope} from './github';
import {describeScope, ownerOf} from './scope';
import type {IssuedToken} from './tokens';

/** An App that is removed and installed again has another id from then on. */
const REMEMBERED_MS = 60 * 60_000;

/** Which installation of the App acts for a scope. */
export interface Installations {
  idFor(scope: RunnerScope, fromPayload: number | undefined): Promise<number>;
  /**
   * A token of the installation, or of the one that the account of `scope` has in its place: records and late webhooks name the one that
   * was there before the App was removed and installed again. A configured id is taken at its word.
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
  const found = new Map<string, {readonly id: number; readonly untilMs: number}>();
  return {
    async idFor(scope, fromPayload) {
      const given = fromPayload || configured;
      if (given) return given;
      const known = found.get(ownerOf(scope));
      if (known && clock.now() < known.untilMs) return known.id;
      const id = await app.findInstallation(scope);
      found.set(ownerOf(scope), {id, untilMs: clock.now() + REMEMBERED_MS});
      return id;
    },
    async issueToken(id, scope) {
      try {
        return await app.issueToken(id);
      } catch (error) {
        if (id === configured || !isGone(error)) throw error;
        const other = await app.findInstallation(scope).catch((failure: unknown) => {
          throw isGone(failure) ? error : failure;
        });
        if (other === id) throw error;
        logger?.info(`installation ${id} is not there any more: ${other} acts for ${describeScope(scope)}`);
        return app.issueToken(other);
      }
    },
  };
}

/** Not there, or suspended. */
function isGone(error: unknown): boolean {
  return error instanceof RefusedByGitHub && error.reason === 'installation';
}
