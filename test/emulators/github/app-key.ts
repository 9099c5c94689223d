import {createPublicKey, generateKeyPairSync, type KeyObject} from 'node:crypto';

export interface AppKey {
  /** PKCS#1, as GitHub offers it for download. */
  readonly privateKeyPem: string;
  readonly publicKey: KeyObject;
}

let made: AppKey | undefined;

/** One RSA key for all worlds of the process: making one takes a tenth of a second. */
export function appKey(): AppKey {
  if (!made) {
    const {privateKey} = generateKeyPairSync('rsa', {modulusLength: 2048});
    made = {
      privateKeyPem: privateKey.export({type: 'pkcs1', format: 'pem'}).toString(),
      publicKey: createPublicKey(privateKey),
    };
  }
  return made;
}
