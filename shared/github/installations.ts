import type {App} from './app';
import type {RunnerScope} from './github';
import {ownerOf} from './scope';

/** Which installation of the App acts for a scope. */
export interface Installations {
  idFor(scope: RunnerScope, fromPayload: number | undefined): Promise<number>;
}

/**
 * The payload's id, else the configured one, else the one that GitHub knows for the account, remembered. A webhook of a
 * repository or organization carries no installation, and 0 is what a missing one becomes: never asked for.
 */
export function createInstallations(app: App, configured: number | undefined): Installations {
  const found = new Map<string, number>();
  return {
    async idFor(scope, fromPayload) {
      const given = fromPayload || configured || found.get(ownerOf(scope));
      if (given) return given;
      const id = await app.findInstallation(scope);
      found.set(ownerOf(scope), id);
      return id;
    },
  };
}
