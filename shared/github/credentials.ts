import type {Config} from '../config/config';
import type {SecretSource} from '../config/secret-source';
import type {SecretReader} from '../config/secrets';
import {Unavailable} from '../errors';
import type {Secret} from '../secret';
import type {Credentials} from './client';

/** Reads the configured credentials when they are used, so that a rotated key counts without a deployment. */
export function credentialsOf(github: Config['github'], secrets: SecretReader): Credentials {
  const {appId, privateKey, installationId, token} = github;
  if (appId !== undefined && privateKey) {
    return {
      kind: 'app',
      appId,
      privateKey: () => newest(secrets, privateKey),
      invalidate: () => secrets.invalidate(privateKey),
      ...(installationId === undefined ? {} : {installationId}),
    };
  }
  if (!token) throw new RangeError('neither an App nor a token: parseConfig reports that');
  return {kind: 'token', token: () => newest(secrets, token), invalidate: () => secrets.invalidate(token)};
}

async function newest(secrets: SecretReader, source: SecretSource): Promise<Secret> {
  const [secret] = await secrets.read(source);
  if (!secret) throw new Unavailable('the GitHub credential has no enabled version in Secret Manager; add one', 60);
  return secret;
}
