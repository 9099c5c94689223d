import {RequestError} from '@octokit/request-error';
import type {Octokit} from '@octokit/rest';
import {Unavailable} from '../errors';
import {RETRY_SECONDS, unreadable} from './errors';
import type {Listed} from './github';
import {describeCall, type GitHubCall} from './refusals';
import {readCountedItems, readItems} from './responses';

/** One page as GitHub sent it: the body, and whether `Link` names a next one. */
export interface Page {
  readonly data: unknown;
  readonly hasNext: boolean;
}

/** Asks for a page, counted from 1, of so many items. */
export type AskPage = (page: number, perPage: number) => Promise<Page>;

/** What could be read of a list. */
export interface ListRead {
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
const MAX_FAILED_PAGES = 3;
/** 10,000 runners are GitHub's limit of a group; a list that never ends is no reason to go on for ever. */
const MAX_PAGES = 1000;

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
export async function readList(ask: AskPage, call: GitHubCall, options: ReadOptions = {}): Promise<ListRead> {
  const {limit = Number.POSITIVE_INFINITY, isArray = false} = options;
  const items = new Map<unknown, unknown>();
  let perPage = PAGE_SIZE;
  let total: number | undefined;
  let failure: unknown;
  let failed = 0;
  let isAnswered = false;
  const read = (isCut = false): ListRead => ({items: [...items.values()], failure, isAnswered, isCut});

  for (let page = 1, asked = 1; ; page++, asked++) {
    if (asked > MAX_PAGES) {
      failure ??= unreadable(call, `more than ${MAX_PAGES} pages`);
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
      if (!isServerError(error) || !goesOn || ++failed === MAX_FAILED_PAGES) return read();
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

function readPage(data: unknown, isArray: boolean): {items: readonly unknown[]; total?: number} | undefined {
  if (!isArray) return readCountedItems(data);
  const items = readItems(data);
  return items && {items};
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

/** Asks with the octokit that a call needs; what that throws is typed. */
export type Ask = <T>(work: (octokit: Octokit) => Promise<T>) => Promise<T>;

/** As much of a list as can be read. Throws when GitHub answers for no page of it. */
export async function readListWith(
  call: GitHubCall,
  ask: Ask,
  path: string,
  {query = {}, ...options}: ReadOptions & {readonly query?: Readonly<Record<string, string>>} = {},
): Promise<ListRead> {
  let found: ListRead = {items: [], failure: undefined, isAnswered: false, isCut: false};
  try {
    await ask(async (octokit) => {
      found = await readList(pagesOf(octokit, path, query), call, options);
      if (found.failure !== undefined) throw found.failure;
    });
    return found;
  } catch (failure) {
    // mutation: what could be read
    if (!found.isAnswered) throw failure;
    return {...found, failure};
  }
}

/** The items of a list that can be read, without those that are null. One that cannot be read makes the list incomplete, and hides no other. */
export function toListed<T>(
  call: GitHubCall,
  {items, failure}: Pick<ListRead, 'items' | 'failure'>,
  readItem: (data: unknown) => T | null | undefined,
): Listed<T> {
  const found = items.map(readItem);
  const unread = found.includes(undefined)
    ? unreadable(call, 'an item of another shape than GitHub describes')
    : undefined;
  return {items: found.flatMap((item) => item ?? []), failure: failure ?? unread};
}

/** The URL of the next page, by a `Link` header. */
export function nextPageUrl(link: string | undefined): string | undefined {
  return /<([^<>]+)>; *rel="next"/.exec(link ?? '')?.[1];
}
