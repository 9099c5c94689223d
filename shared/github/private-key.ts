import {createPrivateKey, type KeyObject} from 'node:crypto';
import {parsePrivateKey} from '../config/credentials';
import {Refused} from '../errors';
import type {Secret} from '../secret';

/**
 * The App's private key as it was read at run time, in any spelling that the configuration takes. Throws `Refused` when it
 * is none; the message says nothing of its content.
 */
export function readPrivateKey(secret: Secret): KeyObject {
  const key = parsePrivateKey(secret.reveal());
  if (key.kind === 'pem') return createPrivateKey(key.pem);
  throw new Refused(`GITHUB_APP_PRIVATE_KEY: found ${key.found}, expected ${key.expected}`);
}
