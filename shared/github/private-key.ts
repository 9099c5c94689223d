import {createPrivateKey, type KeyObject} from 'node:crypto';
import {Refused} from '../errors';
import type {Secret} from '../secret';

/**
 * The App's private key, given as PEM (PKCS#1, as GitHub issues it, or PKCS#8), as PEM whose line ends are spelt `\n`, or
 * as base64 of PEM. Throws `Refused` when it is none of these; the message says nothing of its content.
 */
export function readPrivateKey(secret: Secret): KeyObject {
  const given = secret.reveal().replaceAll('\\n', '\n').trim();
  const pem = given.startsWith('-----BEGIN') ? given : Buffer.from(given, 'base64').toString('utf8');
  try {
    const key = createPrivateKey(pem);
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch {
    // The reason that OpenSSL gives ("unsupported", "no start line") helps nobody.
  }
  const found = pem.startsWith('-----BEGIN') ? 'PEM that holds no RSA private key' : 'neither PEM nor base64 of PEM';
  throw new Refused(
    `GITHUB_APP_PRIVATE_KEY: found ${found}, expected the private key that the settings of the GitHub App offer for download`,
  );
}
