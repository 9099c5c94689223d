import {LARGEST_PAGE, PAGE_SIZE} from '../limits';
import type {Call} from './call';

export interface Page<T> {
  readonly items: readonly T[];
  readonly total: number;
  readonly headers: Readonly<Record<string, string>>;
}

/** One page by `per_page` and `page`, with GitHub's `Link`. */
export function paginate<T>(call: Call, all: readonly T[]): Page<T> {
  const size = pageSize(call);
  const page = Math.max(1, Number(call.query['page'] ?? 1));
  const last = Math.max(1, Math.ceil(all.length / size));
  const links: [string, number][] = [];
  if (page > 1) links.push(['prev', page - 1], ['first', 1]);
  if (page < last) links.push(['next', page + 1], ['last', last]);
  return {
    items: all.slice((page - 1) * size, page * size),
    total: all.length,
    headers: linkHeader(
      call,
      links.map(([rel, number]) => [rel, {page: String(number)}]),
    ),
  };
}

/** One page by `per_page` and `cursor`; `idOf` gives what a cursor names. */
export function paginateByCursor<T>(call: Call, all: readonly T[], idOf: (item: T) => number): Page<T> {
  const size = pageSize(call);
  const cursor = call.query['cursor'];
  const after = cursor === undefined ? undefined : Number(/^v1_(\d+)$/.exec(String(cursor))?.[1]);
  const rest = after === undefined ? all : all.filter((item) => idOf(item) < after);
  const items = rest.slice(0, size);
  const last = items.at(-1);
  const links: [string, Record<string, string>][] =
    rest.length > size && last !== undefined ? [['next', {cursor: `v1_${idOf(last)}`}]] : [];
  return {items, total: all.length, headers: linkHeader(call, links)};
}

/** GitHub quietly gives no more than 100. */
function pageSize(call: Call): number {
  return Math.min(LARGEST_PAGE, Math.max(1, Number(call.query['per_page'] ?? PAGE_SIZE)));
}

function linkHeader(call: Call, links: readonly (readonly [string, Record<string, string>])[]): Record<string, string> {
  if (links.length === 0) return {};
  const parts = links.map(([rel, change]) => {
    const url = new URL(call.url);
    for (const [name, value] of Object.entries(change)) url.searchParams.set(name, value);
    return `<${url.href}>; rel="${rel}"`;
  });
  return {link: parts.join(', ')};
}
