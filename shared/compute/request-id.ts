import {createHash} from 'node:crypto';

/** Namespace of our request ids: a random UUID, never to be changed. */
const NAMESPACE = Buffer.from('5f3c7d0e2b6a4c8e9d150a7be4f2c619', 'hex');

/**
 * UUID for Compute Engine's `requestId`: the same parts give the same one, so that a repeated request has one effect. Any part of
 * the request that changes has to be among the parts.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-5
 */
export function requestId(...parts: readonly string[]): string {
  const hash = createHash('sha1').update(NAMESPACE).update(parts.join('|')).digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
