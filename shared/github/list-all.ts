import {RequestError} from '@octokit/request-error';
import type {Octokit} from '@octokit/rest';
import {Unavailable} from '../errors';
import {describeCall, type GitHubCall} from './call';
import {RETRY_SECONDS, unreadable} from './classify';

/** One page as GitHub sent it: the body, and whether `Link` names a next one. */
export interface Page {
  readonly data: unknown;
  readonly hasNext: boolean;
}

/** Asks for a page, counted from 1, of so many items. */
export type AskPage = (page: number, perPage: number) => Promise<Page>;

/** What could be read of a list. */
export interface Read {
  readonly items: readonly unknown[];
  /** Why the list may lack items; undefined: it is complete. */
  readonly failure: unknown;
  /** Whether a page of it could be read: that no item came is an answer then. */
  readonly isAnswered: boolean;
  /** GitHub shows no more of the list than this, although it goes on. */
  readonly isCut: boolean;
}

export interface ReadOptions {
  /** GitHub shows no more items of such a list than this. */
  readonly limit?: number;
  /** The list is a bare array, and no total says how long it is. */
  readonly isArray?: boolean;
}

const PAGE_SIZE = 100;
/** GitHub's own size of a page: an answer that is too large for it at 100 items succeeds at this size. */
const SMALL_PAGE_SIZE = 30;
/** Pages of one list that may fail, so that a list that fails everywhere costs little. */
const MOST_FAILED_PAGES = 3;
/** 10,000 runners are GitHub's limit of a group; a list that never ends is no reason to go on for ever. */
const MOST_PAGES = 1000;

/** Pages of the list at `url`, through octokit. */
export function pagesOf(octokit: Octokit, url: string, query: Readonly<Record<string, string>> = {}): AskPage {
  return async (page, perPage) => {
    const {data, headers}: {data: unknown; headers: {link?: string | undefined}} = await octokit.request(`GET ${url}`, {
      ...query,
      per_page: perPage,
      ...(page > 1 ? {page} : {}),
    });
    return {data, hasNext: /rel="next"/.test(headers.link ?? '')};
  };
}

/**
 * As much of a list as can be read. After a 5xx the page is asked for once more in pages of 30; one of these that fails is left out. A
 * total that does not fit makes the list incomplete and its items no less true. Never throws: what failed is the `failure`.
 */
export async function readList(ask: AskPage, call: GitHubCall, options: ReadOptions = {}): Promise<Read> {
  const {limit = Number.POSITIVE_INFINITY, isArray = false} = options;
  const items = new Map<unknown, unknown>();
  let perPage = PAGE_SIZE;
  let total: number | undefined;
  let failure: unknown;
  let failed = 0;
  let isAnswered = false;
  const read = (isCut = false): Read => ({items: [...items.values()], failure, isAnswered, isCut});

  for (let page = 1, asked = 1; ; page++, asked++) {
    if (asked > MOST_PAGES) {
      failure ??= unreadable(call, `more than ${MOST_PAGES} pages`);
      return read();
    }
    let found: readonly unknown[];
    let hasNext: boolean;
    try {
      const answer = await ask(page, perPage);
      const body = readPage(answer.data, isArray);
      if (!body) throw unreadable(call, isArray ? 'no list' : 'no list with a total_count');
      ({items: found, total} = body);
      hasNext = answer.hasNext;
      isAnswered = true;
    } catch (error) {
      // mutation: smaller pages
      if (isServerError(error) && perPage === PAGE_SIZE) {
        page = Math.floor(((page - 1) * PAGE_SIZE) / SMALL_PAGE_SIZE);
        perPage = SMALL_PAGE_SIZE;
        continue;
      }
      failure ??= error;
      const goesOn = total !== undefined && page * perPage < total;
      if (!isServerError(error) || !goesOn || ++failed === MOST_FAILED_PAGES) return read();
      continue;
    }
    for (const item of found) items.set(idOf(item) ?? item, item);
    if (items.size >= limit) return read(true);
    // mutation: next page of list
    if (hasNext || (found.length >= perPage && total !== undefined && items.size < total)) continue;
    if (total !== undefined && items.size !== total) failure ??= incomplete(call, items.size, total);
    return read();
  }
}

/**
 * Every item of a list that comes with a `total_count`. Throws when a page cannot be read, and `Unavailable` when fewer or more items
 * come than the total says: a list with a hole in it would make a living runner look absent.
 */
export async function listAll(ask: AskPage, call: GitHubCall): Promise<readonly unknown[]> {
  const {items, failure} = await readList(ask, call);
  if (failure !== undefined) throw failure;
  return items;
}

/** GitHub's answer, or a proxy's on its way, that the server could not do it. */
function isServerError(error: unknown): boolean {
  return error instanceof RequestError && error.response !== undefined && error.status >= 500;
}

/** The one array of the body, whatever its name, and the total. */
export function readPage(
  data: unknown,
  isArray: boolean,
): {items: readonly unknown[]; total: number | undefined} | undefined {
  if (isArray) return Array.isArray(data) ? {items: data, total: undefined} : undefined;
  if (typeof data !== 'object' || data === null || !('total_count' in data)) return undefined;
  const items: unknown = Object.values(data).find(Array.isArray);
  if (typeof data.total_count !== 'number' || !Array.isArray(items)) return undefined;
  return {items, total: data.total_count};
}

function incomplete(call: GitHubCall, found: number, total: number): Unavailable {
  return new Unavailable(
    `the list of ${describeCall(call)} is incomplete: found ${found}, expected its total_count of ${total}. It changed meanwhile, or lags behind.`,
    RETRY_SECONDS,
  );
}

function idOf(item: unknown): unknown {
  return typeof item === 'object' && item !== null && 'id' in item ? item.id : undefined;
}
