import {NotSetUp, Refused} from '../errors';
import type {Config} from './config-types';
import {parseAppId, type SecretReference} from './credentials';
import {isWithoutVersion, type SecretReader} from './secrets';

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

/** The id of the App from its secret. Throws `NotSetUp` while the secret has no version, `Unavailable` or `Refused`. */
export async function readAppId(secrets: SecretReader, source: SecretReference): Promise<number> {
  const [secret] = await secrets.read(source).catch((error: unknown) => {
    throw isWithoutVersion(error) ? new NotSetUp() : error;
  });
  const id = parseAppId(secret?.reveal().trim() ?? '');
  if (id !== undefined) return id;
  throw new Refused('GITHUB_APP_ID: found a secret that holds no number, expected the id of an App');
}
