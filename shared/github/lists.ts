import {RequestError} from '@octokit/request-error';
import type {Octokit} from '@octokit/rest';
import {Unavailable} from '../errors';
import {RETRY_SECONDS, unreadable} from './errors';
import type {Listed} from './github';
import {describeCall, type GitHubCall} from './refusals';
import {readCountedItems, readItems} from './responses';

const PAGE_SIZE = 100;

/** The default page size of GitHub. An answer that is too large with 100 items succeeds with this size. */
const SMALL_PAGE_SIZE = 30;

/** Failed pages in a row after which the reading of one list ends, and failed pages at all. What is newest may stand on the last page. */
const MAX_FAILED_IN_ROW = 3;
const MAX_FAILED_PAGES = 6;

/** Pages of one list, so that an endless list ends: a runner group has at most 10,000 runners. */
const MAX_PAGES = 1000;

/** One page: the body, and whether `Link` names a next page. */
export interface Page {
  readonly data: unknown;
  readonly hasNext: boolean;
}

/** Reads the page `page`, counted from 1, with `perPage` items. */
export type AskPage = (page: number, perPage: number) => Promise<Page>;

/** The part of a list that could be read. */
export interface ListRead {
  readonly items: readonly unknown[];
  /** Why items may be missing; undefined: the list is complete. */
  readonly failure: unknown;
  /** Whether a page could be read: then an empty list is an answer. */
  readonly isAnswered: boolean;
  /** GitHub cut the list at `limit`, although there are more items. */
  readonly isCut: boolean;
}

export interface ReadOptions {
  /** Number of items after which GitHub cuts such a list. */
  readonly limit?: number;
  /** The list is an array without a total. */
  readonly isArray?: boolean;
}

/** Reads the pages of the list at `url` with octokit. */
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
 * Reads as much of a list as possible. After a 5xx the page is read again in pages of 30, of which those that fail are left out. A wrong
 * total makes the list incomplete. Never throws: the error is the `failure`.
 */
export async function readList(ask: AskPage, call: GitHubCall, options: ReadOptions = {}): Promise<ListRead> {
  const {limit = Number.POSITIVE_INFINITY, isArray = false} = options;
  const items = new Map<unknown, unknown>();
  let perPage = PAGE_SIZE;
  let total: number | undefined;
  let failure: unknown;
  let failed = 0;
  let inRow = 0;
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
      inRow = 0;
    } catch (error) {
      // mutation: smaller pages
      if (isServerError(error) && perPage === PAGE_SIZE) {
        page = Math.floor(((page - 1) * PAGE_SIZE) / SMALL_PAGE_SIZE);
        perPage = SMALL_PAGE_SIZE;
        continue;
      }
      failure ??= error;
      // By what is missing, not by the place of the page: a page may have fewer items than it was asked for.
      const goesOn = total !== undefined && items.size < total;
      if (!isServerError(error) || !goesOn || ++inRow === MAX_FAILED_IN_ROW || ++failed === MAX_FAILED_PAGES)
        return read();
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
 * Every item of a list with a `total_count`. Throws when a page cannot be read, and `Unavailable` when the number of items differs from the
 * total: in an incomplete list a live runner would look absent.
 */
export async function listAll(ask: AskPage, call: GitHubCall): Promise<readonly unknown[]> {
  const {items, failure} = await readList(ask, call);
  if (failure !== undefined) throw failure;
  return items;
}

/** Whether the error is a 5xx of GitHub or of a proxy. */
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

/** Runs the work with an octokit; throws typed errors. */
export type Ask = <T>(work: (octokit: Octokit) => Promise<T>) => Promise<T>;

/** Reads as much of a list as possible. Throws if no page of it could be read. */
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

/** Parses the items of a list and drops those that are null. An unreadable item makes the list incomplete. */
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
