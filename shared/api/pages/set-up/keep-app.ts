import type {AddVersion} from '../../../config/secret-manager';
import {SlipwayError, Unavailable} from '../../../errors';
import {Secret} from '../../../secret';
import type {SetUpTargets} from './needs';

/** What has to be kept of an App. */
export interface KeptApp {
  readonly id: number;
  readonly privateKey: Secret;
  readonly webhookSecret: Secret;
}

/** A version that could not be written, and those that were written before. */
export interface NotKept {
  readonly variable: string;
  readonly secret: string;
  readonly because: string;
  readonly written: readonly string[];
}

/**
 * Writes a new version of each secret: the key first and the id last, because an App counts as configured once its id is there. Undefined:
 * everything is kept.
 */
export async function keepApp(
  app: KeptApp,
  targets: SetUpTargets,
  addVersion: AddVersion,
): Promise<NotKept | undefined> {
  const versions = [
    {variable: 'GITHUB_APP_PRIVATE_KEY', secret: targets.privateKey, value: app.privateKey},
    {variable: 'GITHUB_WEBHOOK_SECRET', secret: targets.webhookSecret, value: app.webhookSecret},
    {variable: 'GITHUB_APP_ID', secret: targets.appId, value: new Secret(String(app.id))},
  ];
  const written: string[] = [];
  for (const {variable, secret, value} of versions) {
    try {
      await addTwice(addVersion, secret, value);
    } catch (error) {
      if (!(error instanceof SlipwayError)) throw error;
      return {variable, secret, because: error.message, written};
    }
    written.push(secret);
  }
  return undefined;
}

/** GitHub shows the key only once, so one answer that is lost must not cost the App; a second equal version does no harm. */
async function addTwice(addVersion: AddVersion, secret: string, value: Secret): Promise<void> {
  try {
    await addVersion(secret, value);
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
    await addVersion(secret, value);
  }
}
