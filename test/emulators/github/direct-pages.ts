import {RequestError} from '@octokit/request-error';
import type {Octokit} from '@octokit/rest';
import type {Page} from '../../../shared/github/lists';
import {sameName} from './account';
import {inRange} from './http/created-range';
import {runStatus} from './job';
import type {GitHubWorld} from './model';
import {jobFields} from './payload';
import {isoSeconds} from './time';

/** A page has four items where 100 are asked for, and one where 30 are: lists have several as soon as there are more than a few items. */
const SHRINK = 33;

type Query = Readonly<Record<string, unknown>>;

interface List<T> {
  readonly items: readonly T[];
  /** How GitHub shows an item: of those on the page alone. */
  readonly show: (item: T) => unknown;
  readonly key: string;
  readonly url: string;
}

/** One page of a list, with the faults that the world's `lists` plans for it. Throws a 502 in place of a page that is too much for GitHub. */
export function pageOf<T>(world: GitHubWorld, {items, show, key, url}: List<T>, query: Query): Page {
  const perPage = Math.ceil(Number(query['per_page']) / SHRINK);
  const page = Number(query['page'] ?? 1);
  if (world.lists.fails(url, perPage)) throw answered(502, 'Server Error', url);
  const shown = items.slice((page - 1) * perPage, page * perPage);
  return {
    data: {total_count: items.length + world.lists.totalOff(url), [key]: shown.map(show)},
    hasNext: page * perPage < items.length,
  };
}

/** What the client of runs and jobs asks of octokit, answered by the model itself. */
export function directOctokit(world: GitHubWorld): Octokit {
  const request = async (route: string, query: Query = {}) => {
    const [, repository = '', rest = ''] = /^GET \/repos\/([^/]+\/[^/]+)\/actions\/(.+)$/.exec(route) ?? [];
    const {data, hasNext} = answer(world, decodeURIComponent(repository), rest, query);
    return {data, headers: hasNext ? {link: '<next>; rel="next"'} : {}};
  };
  return {request} as unknown as Octokit;
}

function answer(world: GitHubWorld, repository: string, rest: string, query: Query): Page {
  if (!world.accounts.repositories().some(({fullName}) => sameName(fullName, repository))) {
    throw answered(404, 'Not Found', rest);
  }
  const runs = world.queue.runs().filter((run) => sameName(run.repository, repository));
  const [kind, id, list] = rest.split('/');
  const run = runs.find((each) => each.id === Number(id));
  const json = (each: (typeof runs)[number]) => ({
    id: each.id,
    ...runStatus(each),
    created_at: isoSeconds(each.createdAtMs),
  });
  if (rest === 'runs') {
    const {status, created} = query;
    const wanted = runs
      .filter((each) => status === undefined || runStatus(each).status === status)
      .filter((each) => inRange(each.createdAtMs, String(created)))
      .reverse();
    return pageOf(world, {items: wanted, show: json, key: 'workflow_runs', url: rest}, query);
  }
  if (kind === 'runs' && list === 'jobs' && run) {
    const jobs = run.jobs.filter((job) => job.runAttempt === run.attempt);
    return pageOf(world, {items: jobs, show: (job) => jobFields(job, world.webUrl), key: 'jobs', url: rest}, query);
  }
  if (kind === 'runs' && list === undefined && run) return {data: json(run), hasNext: false};
  const job = world.queue.jobs().find((each) => each.id === Number(id) && sameName(each.repository, repository));
  if (kind === 'jobs' && job) return {data: jobFields(job, world.webUrl), hasNext: false};
  throw answered(404, 'Not Found', rest);
}

function answered(status: number, message: string, url: string): RequestError {
  const request = {method: 'GET', url: `https://api.github.com/${url}`, headers: {}} as const;
  const response = {status, url, headers: {}, data: {message}};
  return new RequestError(message, status, {request, response});
}
