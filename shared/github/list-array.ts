import type {Octokit} from '@octokit/rest';
import type {GitHubCall} from './call';
import {unreadable} from './classify';

const PAGE_SIZE = 100;
/** A list that never ends is an error and not a reason to go on for ever. */
const MOST_PAGES = 500;

/** Every item of a list that GitHub sends as a bare array, following `Link` to its end. Such a list has no total to check it by. */
export async function listArray(octokit: Octokit, call: GitHubCall, path: string): Promise<unknown[]> {
  const items: unknown[] = [];
  let url: string | undefined = `${path}${path.includes('?') ? '&' : '?'}per_page=${PAGE_SIZE}`;
  for (let page = 1; url !== undefined; page++) {
    if (page > MOST_PAGES) throw unreadable(call, `more than ${MOST_PAGES} pages`);
    const {data, headers}: {data: unknown; headers: {link?: string | undefined}} = await octokit.request(`GET ${url}`);
    if (!Array.isArray(data)) throw unreadable(call, 'no list');
    items.push(...data);
    url = nextOf(headers.link);
  }
  return items;
}

/** The URL of the next page, by a `Link` header. */
export function nextOf(link: string | undefined): string | undefined {
  return /<([^<>]+)>; *rel="next"/.exec(link ?? '')?.[1];
}
