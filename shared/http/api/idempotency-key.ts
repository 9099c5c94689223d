import type {IncomingHttpHeaders} from 'node:http';
import {Problem} from '../errors';

/**
 * The request's `Idempotency-Key`, undefined without one. A structured header would have it in quotes; both spellings are one key.
 * @see https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header
 */
export function idempotencyKey(headers: IncomingHttpHeaders): string | undefined {
  const header = headers['idempotency-key'];
  if (header === undefined) return undefined;
  const key = [header]
    .flat()
    .join(',')
    .trim()
    .replace(/^"(.*)"$/, '$1');
  if (/^[\x20-\x7e]{1,255}$/.test(key)) return key;
  const message = 'expected 1 to 255 printable ASCII characters, such as a UUID';
  throw new Problem('invalid-request', `the Idempotency-Key is not one: ${message}`, {
    errors: [{in: 'header', path: 'Idempotency-Key', message}],
  });
}
