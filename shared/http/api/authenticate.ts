import {createHash, timingSafeEqual} from 'node:crypto';
import type {Secret} from '../../secret';

/** The header that carries the shared secret. */
export const SECRET_HEADER = 'X-Runner-Secret';

/** Whether the header's value is the secret. Hashes are compared, so that neither the length nor a common beginning shows in the time. */
export function isSecret(given: string, secret: Secret): boolean {
  return timingSafeEqual(sha256(given), sha256(secret.reveal()));
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
