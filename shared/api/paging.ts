import {isDocumentId} from '../model/names';
import {invalidInput} from './input';
import type {RequestContext} from './operation';

/** One row of a source. `item` is left out if the row does not match the filter. */
export interface Row<T> {
  readonly id: string;
  readonly item?: T;
}

/** Reads rows in the order of their ids: at most `limit` rows after the id `after`. Fewer than `limit` means that the source has ended. */
export type Source<T> = (after: string, limit: number) => Promise<readonly Row<T>[]>;

export interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

/** The most reads for one page: a filter that matches nothing must not read a whole collection. */
const MAX_READS = 10;

/** Sorts before every id. */
const START = ' ';

interface Position {
  readonly source: number;
  readonly after: string;
}

/** One page from several sources, which are read one after the other. The cursor says where the next page begins. Pages have no total order. */
export async function readPage<T>(
  sources: readonly Source<T>[],
  {cursor, per_page: perPage}: {readonly cursor?: string | undefined; readonly per_page: number},
): Promise<Page<T>> {
  const start = cursor === undefined ? {source: 0, after: START} : decode(cursor);
  const items: T[] = [];
  let reads = 0;
  let {after} = start;
  for (let index = start.source; index < sources.length; index++, after = START) {
    for (;;) {
      if (reads++ === MAX_READS) return {items, next: encode({source: index, after})};
      const rows = (await sources[index]?.(after, perPage + 1)) ?? [];
      for (const {id, item} of rows) {
        if (items.length === perPage) return {items, next: encode({source: index, after})};
        after = id;
        if (item !== undefined) items.push(item);
      }
      if (rows.length <= perPage) break;
    }
  }
  return {items, next: null};
}

/** The `Link` header to the next page. @see https://www.rfc-editor.org/rfc/rfc8288 */
export function linkHeader({linkTo}: RequestContext, next: string | null): Record<string, string> {
  return next === null ? {} : {Link: `<${linkTo(next)}>; rel="next"`};
}

function encode({source, after}: Position): string {
  return Buffer.from(`${source}:${after}`).toString('base64url');
}

function decode(cursor: string): Position {
  const [, source, after] = /^(\d{1,3}):([^/]+)$/.exec(Buffer.from(cursor, 'base64url').toString('utf8')) ?? [];
  if (source === undefined || after === undefined || !isDocumentId(after)) {
    throw invalidInput('query', 'cursor', 'expected `next` of the previous page');
  }
  return {source: Number(source), after};
}
