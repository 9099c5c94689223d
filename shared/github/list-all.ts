import {Unavailable} from '../errors';
import type {GitHubCall} from './call';
import {RETRY_SECONDS, unreadable} from './classify';

/** What octokit's `paginate.iterator` gives: each page's items, with the `total_count` of all. */
export interface Paginates {
  readonly paginate: {
    iterator(route: string, parameters: Readonly<Record<string, unknown>>): AsyncIterable<{readonly data: object}>;
  };
}

const PAGE_SIZE = 100;
/** 10,000 runners are GitHub's limit of a group; a list that never ends is an error and not a reason to go on for ever. */
const MOST_PAGES = 1000;

/**
 * Every item of a list, following `Link`. Throws `Unavailable` when fewer or more come than `total_count` says: a list with
 * a hole in it would make a living runner look absent.
 */
export async function listAll(
  octokit: Paginates,
  call: GitHubCall,
  url: string,
  query: Readonly<Record<string, string>> = {},
): Promise<unknown[]> {
  const items = new Map<unknown, unknown>();
  let pages = 0;
  let total: number | undefined;
  for await (const page of octokit.paginate.iterator(`GET ${url}`, {...query, per_page: PAGE_SIZE})) {
    const {data} = page;
    total = 'total_count' in data && typeof data.total_count === 'number' ? data.total_count : undefined;
    // octokit turns a 409 and a broken body into an empty page; neither has a total.
    if (total === undefined || !Array.isArray(data)) throw unreadable(call, 'no list with a total_count');
    for (const item of data) items.set(idOf(item) ?? item, item);
    // mutation: next page of list
    if (++pages > MOST_PAGES) throw unreadable(call, `more than ${MOST_PAGES} pages`);
  }
  // mutation: list is complete
  if (items.size !== total) {
    throw new Unavailable(
      `the list of GitHub at ${url} is incomplete: found ${items.size}, expected its total_count of ${total}. It changed meanwhile, or lags behind.`,
      RETRY_SECONDS,
    );
  }
  return [...items.values()];
}

function idOf(item: unknown): unknown {
  return typeof item === 'object' && item !== null && 'id' in item ? item.id : undefined;
}
