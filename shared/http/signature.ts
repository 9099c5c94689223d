import {verify} from '@octokit/webhooks-methods';
import type {Secret} from '../secret';

/**
 * Whether one of the secrets signed the body: HMAC-SHA256 over the raw bytes, compared in constant time. Several secrets, so that one is
 * rotated with overlap.
 * @see https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export async function isSigned(
  body: Buffer,
  signature: string | undefined,
  secrets: readonly Secret[],
): Promise<boolean> {
  if (!signature || body.length === 0) return false;
  // latin1 would change the bytes; Buffer → utf8 → bytes does too, when the body is no valid UTF-8, and then no secret matches.
  const payload = body.toString('utf8');
  for (const secret of secrets) {
    if (await verify(secret.reveal(), payload, signature)) return true;
  }
  return false;
}
