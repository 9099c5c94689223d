import type {Octokit} from '@octokit/rest';
import {GitHubDown} from '../errors';
import {type RunnerScope, repositoryScope, scopePath} from '../model/scope';
import {isRefusedWith, unreadable} from './errors';
import {type DiscoveredRun, type Discovery, joined, type Listed, type NamedRepository, OPEN_RUNS} from './github';
import {listed, readSome} from './lists';
import type {GitHubCall} from './refusals';
import {readCountedItems, readJob, readRun} from './responses';

/** GitHub shows no more of a list of runs that is filtered. */
const LONGEST_FILTERED_LIST = 1000;
const MOST_SLICES = 10;

/** So many runs are looked at in one call: a repository where little happens has no more in five weeks. */
const RECENT_RUNS = 30;

/** Asks in the name of the repository's installation; throws typed errors. */
export type AskIn = <T>(
  call: GitHubCall & {scope: RunnerScope},
  installationId: number | null,
  work: (octokit: Octokit) => Promise<T>,
) => Promise<T>;

/** The part of `Discovery` that reads runs and their jobs. */
export function discoverRuns(ask: AskIn): Pick<Discovery, 'recentRuns' | 'openRuns' | 'jobs' | 'job' | 'isOver'> {
  /** The runs of one status: beyond what GitHub shows of a filtered list, in slices by the time of their creation, newest first. */
  async function runsOf(repository: NamedRepository, status: string, sinceMs: number): Promise<Listed<DiscoveredRun>> {
    const call = callOf(repository, `the runs of repository ${repository.fullName}`);
    const items: DiscoveredRun[] = [];
    let failure: unknown;
    let untilMs: number | undefined;
    for (let slice = 0; slice < MOST_SLICES; slice++) {
      const created = untilMs === undefined ? `>=${iso(sinceMs)}` : `${iso(sinceMs)}..${iso(untilMs)}`;
      const found = await readSome(
        call,
        (work) => ask(call, repository.installationId, work),
        `${pathOf(repository)}/actions/runs`,
        {query: {status, created}, limit: LONGEST_FILTERED_LIST},
      );
      const {items: runs, failure: cause} = listed(call, found, readRun);
      items.push(...runs);
      failure ??= cause;
      if (!found.isCut) return {items, failure};
      const oldestMs = Math.min(...runs.flatMap(({createdAt}) => createdAt ?? []));
      // More than a thousand in one second: the rest of that second is out of reach.
      untilMs = oldestMs === untilMs ? oldestMs - 1000 : oldestMs;
      if (!(untilMs >= sinceMs)) return {items, failure};
    }
    return {items, failure: failure ?? unreadable(call, `more than ${MOST_SLICES * LONGEST_FILTERED_LIST} runs`)};
  }

  return {
    recentRuns(repository, sinceMs) {
      const call = callOf(repository, `the runs of repository ${repository.fullName}`);
      return ask(call, repository.installationId, async (octokit) => {
        const {data}: {data: unknown} = await octokit.request(`GET ${pathOf(repository)}/actions/runs`, {
          created: `>=${iso(sinceMs)}`,
          per_page: RECENT_RUNS,
        });
        const page = readCountedItems(data);
        if (!page) throw unreadable(call, 'no list with a total_count');
        const {items, failure} = listed(call, {items: page.items, failure: undefined}, readRun);
        return {
          open: items.filter(({isOver}) => !isOver),
          isAll: failure === undefined && page.items.length >= page.total && page.items.length < RECENT_RUNS,
        };
      });
    },

    async openRuns(repository, sinceMs) {
      const lists: Listed<DiscoveredRun>[] = [];
      let isAnswered = false;
      for (const status of OPEN_RUNS) {
        try {
          lists.push(await runsOf(repository, status, sinceMs));
          isAnswered = true;
        } catch (error) {
          lists.push({items: [], failure: error});
          // What GitHub does not allow now it does not allow of the other statuses either.
          if (!(error instanceof GitHubDown)) break;
        }
      }
      const {items, failure} = joined(lists);
      if (!isAnswered) throw failure;
      return {items: [...new Map(items.map((run) => [run.id, run])).values()], failure};
    },

    async jobs(repository, {id}) {
      const call = callOf(repository, `the jobs of run ${id} of repository ${repository.fullName}`);
      const path = `${pathOf(repository)}/actions/runs/${id}/jobs`;
      const found = await readSome(call, (work) => ask(call, repository.installationId, work), path, {
        query: {filter: 'latest'},
      });
      return listed(call, found, readJob);
    },

    job(repository, id) {
      const call = callOf(repository, `job ${id} of repository ${repository.fullName}`);
      return ask(call, repository.installationId, async (octokit) => {
        const data = await unless404(octokit.request(`GET ${pathOf(repository)}/actions/jobs/${id}`));
        return data === undefined ? undefined : (known(call, readJob(data)) ?? undefined);
      });
    },

    isOver(repository, runId) {
      const call = callOf(repository, `run ${runId} of repository ${repository.fullName}`);
      return ask(call, repository.installationId, async (octokit) => {
        const data = await unless404(octokit.request(`GET ${pathOf(repository)}/actions/runs/${runId}`));
        return data === undefined || known(call, readRun(data)).isOver;
      });
    },
  };
}

function callOf({fullName}: NamedRepository, what: string) {
  return {kind: 'discovery', scope: repositoryScope(fullName), what, permission: 'actions'} as const;
}

export function pathOf({fullName}: Pick<NamedRepository, 'fullName'>): string {
  return scopePath(repositoryScope(fullName));
}

/** To the second, as GitHub has it. */
function iso(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function known<T>(call: GitHubCall, read: T | undefined): T {
  if (read === undefined) throw unreadable(call, 'another shape than GitHub describes');
  return read;
}

async function unless404(request: Promise<{readonly data: unknown}>): Promise<unknown> {
  try {
    return (await request).data;
  } catch (error) {
    if (isRefusedWith(error, 404)) return undefined;
    throw error;
  }
}
