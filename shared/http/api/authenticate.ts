import {createHash, timingSafeEqual} from 'node:crypto';
import type {Secret} from '../../secret';

/** The header that carries the shared secret. */
export const SECRET_HEADER = 'X-Runner-Secret';

/**
 * Whether the header's value is one of the secrets; several, so that one is rotated with overlap. Hashes are compared, so that neither
 * the length nor a common beginning shows in the time; and every secret is.
 */
export function isSecret(given: string | undefined, secrets: readonly Secret[]): boolean {
  if (!given) return false;
  const hash = sha256(given);
  return secrets.map((secret) => timingSafeEqual(hash, sha256(secret.reveal()))).includes(true);
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
