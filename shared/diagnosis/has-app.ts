import type {Config} from '../config/config-types';
import type {SecretReference} from '../config/credentials';
import {isWithoutVersion} from '../errors';

/**
 * Whether there is a GitHub App: its id is given, or the secret of the id has an enabled version. `look` reads the secret; what it throws for
 * another reason is thrown.
 */
export async function hasApp(
  {appId}: Config['github'],
  look: (source: SecretReference) => Promise<unknown>,
): Promise<boolean> {
  if (appId === undefined || typeof appId === 'number') return appId !== undefined;
  try {
    await look(appId);
    return true;
  } catch (error) {
    if (isWithoutVersion(error)) return false;
    throw error;
  }
}
