import {parseFilter} from './filter';
import {invalid} from './resources';

const MOST = 500;

export interface Page<T> {
  readonly items: readonly T[];
  readonly nextPageToken?: string;
}

/** `filter`, `maxResults` (500 unless given, and at most) and `pageToken` of a list call over resources as they are answered. */
export function page<T extends object>(resources: readonly T[], query: URLSearchParams): Page<T> {
  const given = query.get('maxResults');
  const size = given === null ? MOST : Number(given);
  if (!Number.isInteger(size) || size < 0 || size > MOST) {
    throw invalid(`Invalid value for field 'maxResults': '${given}'. Must be between 0 and ${MOST}.`);
  }
  const start = offsetOf(query.get('pageToken'));
  const matching = resources.filter(parseFilter(query.get('filter')));
  const end = start + (size || MOST);
  return {
    items: matching.slice(start, end),
    ...(end < matching.length ? {nextPageToken: Buffer.from(`offset:${end}`).toString('base64url')} : {}),
  };
}

function offsetOf(token: string | null): number {
  if (!token) return 0;
  const offset = /^offset:(\d+)$/.exec(Buffer.from(token, 'base64url').toString())?.[1];
  if (offset === undefined) throw invalid(`Invalid value for field 'pageToken': '${token}'.`);
  return Number(offset);
}
