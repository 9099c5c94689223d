import {SlipwayError} from '../../errors';
import type {Inspection} from '../../github/github';
import type {Pool} from '../../model/pool';
import {keyFinding, type MoreApp, ownersOf, permissionsOf} from './app';
import {ask, error, type Found, once, skipped, warning} from './check';
import {installationsFinding} from './installations';

/**
 * What the checks of the App ask of an App of `GITHUB_APPS`. Each of its sentences begins with its place. `number`: 2 for the first in the list,
 * as in the names of its breakers.
 */
export function looksAtMoreApp(inspection: Inspection, number: number, pools: readonly Pool[]): MoreApp {
  const app = once(() => ask('GitHub', inspection.app()));
  const installations = once(() => ask('GitHub', inspection.installations()));
  const name = `app-${number} (GITHUB_APPS[${number - 2}])`;
  const named = (found: Found): Found => ({...found, because: `${name}: ${found.because}`});
  const look = (finding: () => Promise<Found>) => async (): Promise<Found> => {
    try {
      return named(await finding());
    } catch (thrown) {
      if (!(thrown instanceof SlipwayError)) throw thrown;
      if (thrown.retryable)
        return named({...skipped(thrown.message, 'Run the doctor again in a minute.'), isSilent: true});
      return named(error(thrown.message, 'Correct this App in GITHUB_APPS, or take it out.'));
    }
  };
  return {
    async accounts() {
      try {
        const {items} = await installations();
        return items.flatMap(({login, isSuspended}) => (isSuspended ? [] : login.toLowerCase()));
      } catch (thrown) {
        // The checks of this App tell of it.
        if (thrown instanceof SlipwayError) return [];
        throw thrown;
      }
    },
    key: look(() => keyFinding(app)),
    permissions: look(() => permissionsOf({app, installations}, pools)),
    installations: look(async () => {
      const found = installationsFinding(await installations(), ownersOf(pools));
      // Its jobs are served all the same, by the Apps that are installed there.
      return found.status === 'error' ? warning(found.because, found.do) : found;
    }),
  };
}
