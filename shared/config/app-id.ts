import {isWithoutVersion, NotSetUp, Refused} from '../errors';
import {parseAppId, type SecretReference} from './credentials';
import type {SecretReader} from './secrets';

/** The id of the App from its secret. Throws `NotSetUp` while the secret has no version, `Unavailable` or `Refused`. */
export async function readAppId(
  secrets: SecretReader,
  source: SecretReference,
  name = 'GITHUB_APP_ID',
): Promise<number> {
  const [secret] = await secrets.read(source).catch((error: unknown) => {
    throw isWithoutVersion(error) ? new NotSetUp() : error;
  });
  const id = parseAppId(secret?.reveal().trim() ?? '');
  if (id !== undefined) return id;
  throw new Refused(`${name}: found a secret that holds no number, expected the id of an App`);
}
