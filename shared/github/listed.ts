import type {Octokit} from '@octokit/rest';
import type {GitHubCall} from './call';
import {unreadable} from './classify';
import type {Listed} from './discovery';
import {pagesOf, type Read, type ReadOptions, readList} from './list-all';

/** Asks with the octokit that a call needs; what that throws is typed. */
export type Ask = <T>(work: (octokit: Octokit) => Promise<T>) => Promise<T>;

/** As much of a list as can be read. Throws when GitHub answers for no page of it. */
export async function readSome(
  call: GitHubCall,
  ask: Ask,
  path: string,
  {query = {}, ...options}: ReadOptions & {readonly query?: Readonly<Record<string, string>>} = {},
): Promise<Read> {
  let found: Read = {items: [], failure: undefined, isAnswered: false, isCut: false};
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
export function listed<T>(
  call: GitHubCall,
  {items, failure}: Pick<Read, 'items' | 'failure'>,
  readItem: (data: unknown) => T | null | undefined,
): Listed<T> {
  const found = items.map(readItem);
  const unread = found.includes(undefined)
    ? unreadable(call, 'an item of another shape than GitHub describes')
    : undefined;
  return {items: found.flatMap((item) => item ?? []), failure: failure ?? unread};
}

/** A list that cannot be read at all is no failure of the others. */
export async function attempt<T>(look: () => Promise<Listed<T>>): Promise<Listed<T>> {
  try {
    return await look();
  } catch (failure) {
    return {items: [], failure};
  }
}

export function joined<T>(lists: readonly Listed<T>[]): Listed<T> {
  return {
    items: lists.flatMap(({items}) => items),
    failure: lists.find(({failure}) => failure !== undefined)?.failure,
  };
}
