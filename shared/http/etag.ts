import {createHash} from 'node:crypto';
import type {IncomingHttpHeaders} from 'node:http';

/** A strong ETag: a hash of the content. */
export function etagOf(content: string | Buffer): string {
  return `"${createHash('sha256').update(content).digest('base64url').slice(0, 22)}"`;
}

/** Whether the client has this content already, by its `If-None-Match`. @see https://www.rfc-editor.org/rfc/rfc9110#name-if-none-match */
export function isKnownEtag(headers: IncomingHttpHeaders, etag: string): boolean {
  const known = headers['if-none-match']?.split(',').map((each) => each.trim().replace(/^W\//, '')) ?? [];
  return known.includes(etag) || known.includes('*');
}
