import {createPublicKey, generateKeyPairSync, type KeyObject} from 'node:crypto';

export interface AppKey {
  /** PKCS#1, as GitHub offers it for download. */
  readonly privateKeyPem: string;
  readonly publicKey: KeyObject;
}

/** Where test/global-setup.ts leaves a key for all suites: each is a process of its own to this module. */
export const SHARED_KEY = 'SLIPWAY_TEST_APP_KEY';

let made: AppKey | undefined;

/** One RSA key for all worlds of the process, or of all suites of a run: making one takes a tenth of a second. */
export function appKey(): AppKey {
  if (!made) {
    const {env} = process;
    const privateKeyPem = env[SHARED_KEY] ?? newPrivateKey();
    made = {privateKeyPem, publicKey: createPublicKey(privateKeyPem)};
  }
  return made;
}

/** A new private key, in `AppKey`'s form. */
export function newPrivateKey(): string {
  const {privateKey} = generateKeyPairSync('rsa', {modulusLength: 2048});
  return privateKey.export({type: 'pkcs1', format: 'pem'}).toString();
}
