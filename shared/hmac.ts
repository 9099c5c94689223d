import {createHmac, timingSafeEqual} from 'node:crypto';
import type {Secret} from './secret';

/** `sha256=<HMAC-SHA256 in hex>` of the concatenated parts; text is encoded in UTF-8. */
export function hmacSha256(secret: Secret, ...parts: readonly (Buffer | string)[]): string {
  const hmac = createHmac('sha256', secret.reveal());
  for (const part of parts) hmac.update(part);
  return `sha256=${hmac.digest('hex')}`;
}

/** Whether the text has the form `sha256=<64 hex digits>`. A text of another form is refused without computing an HMAC. */
export function isHmac(text: string | undefined): text is string {
  return text !== undefined && /^sha256=[0-9a-f]{64}$/.test(text);
}

/** Compares in constant time. */
export function isSame(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
