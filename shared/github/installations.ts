import type {Clock} from '../clock';
import type {App} from './app';
import type {RunnerScope} from './github';
import {ownerOf} from './scope';

/** An App that is removed and installed again has another id from then on. */
const REMEMBERED_MS = 60 * 60_000;

/** Which installation of the App acts for a scope. */
export interface Installations {
  idFor(scope: RunnerScope, fromPayload: number | undefined): Promise<number>;
}

/**
 * The payload's id, else the configured one, else the one that GitHub knows for the account, remembered for an hour. A
 * webhook of a repository or organization carries no installation, and 0 is what a missing one becomes: never asked for.
 */
export function createInstallations(app: App, configured: number | undefined, clock: Clock): Installations {
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
  };
}
