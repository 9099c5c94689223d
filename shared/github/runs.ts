import type {Octokit} from '@octokit/rest';
import {GitHubDown} from '../errors';
import {type RunnerScope, repositoryScope, scopePath} from '../model/scope';
import {isRefusedWith, unreadable} from './errors';
import {type DiscoveredRun, type Discovery, joinLists, type Listed, type NamedRepository, OPEN_RUNS} from './github';
import {readListWith, toListed} from './lists';
import type {GitHubCall} from './refusals';
import {readCountedItems, readJob, readRun} from './responses';

/** Runs after which GitHub cuts a filtered list. */
const MAX_FILTERED_RUNS = 1000;
const MAX_SLICES = 10;
/** Runs that one call reads: a quiet repository has no more in five weeks. */
const RECENT_RUNS = 30;

/** Runs the work for the installation of a repository; throws typed errors. */
export type AskIn = <T>(
  call: GitHubCall & {scope: RunnerScope},
  installationId: number | null,
  work: (octokit: Octokit) => Promise<T>,
) => Promise<T>;

/** Creates the part of `Discovery` that reads runs and jobs. */
export function createRuns(ask: AskIn): Pick<Discovery, 'recentRuns' | 'openRuns' | 'jobs' | 'job' | 'run' | 'isOver'> {
  /** Reads the runs of one status. When GitHub cuts the list, reads further slices by creation time, newest first. */
  async function runsOf(repository: NamedRepository, status: string, sinceMs: number): Promise<Listed<DiscoveredRun>> {
    const call = callOf(repository, `the runs of repository ${repository.fullName}`);
    const items: DiscoveredRun[] = [];
    let failure: unknown;
    let untilMs: number | undefined;
    for (let slice = 0; slice < MAX_SLICES; slice++) {
      const created = untilMs === undefined ? `>=${iso(sinceMs)}` : `${iso(sinceMs)}..${iso(untilMs)}`;
      const found = await readListWith(
        call,
        (work) => ask(call, repository.installationId, work),
        `${pathOf(repository)}/actions/runs`,
        {query: {status, created}, limit: MAX_FILTERED_RUNS},
      );
      const {items: runs, failure: cause} = toListed(call, found, readRun);
      items.push(...runs);
      failure ??= cause;
      if (!found.isCut) return {items, failure};
      const oldestMs = Math.min(...runs.flatMap(({createdAt}) => createdAt ?? []));
      // More than 1,000 runs in one second: the rest of that second cannot be read.
      untilMs = oldestMs === untilMs ? oldestMs - 1000 : oldestMs;
      if (!(untilMs >= sinceMs)) return {items, failure};
    }
    return {items, failure: failure ?? unreadable(call, `more than ${MAX_SLICES * MAX_FILTERED_RUNS} runs`)};
  }

  function getRun(repository: NamedRepository, runId: number) {
    const call = callOf(repository, `run ${runId} of repository ${repository.fullName}`);
    return ask(call, repository.installationId, async (octokit) => {
      const data = await unless404(octokit.request(`GET ${pathOf(repository)}/actions/runs/${runId}`));
      return data === undefined ? undefined : readOrThrow(call, readRun(data));
    });
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
        const {items, failure} = toListed(call, {items: page.items, failure: undefined}, readRun);
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
          // A refusal or rate limit for one status applies to the others too.
          if (!(error instanceof GitHubDown)) break;
        }
      }
      const {items, failure} = joinLists(lists);
      if (!isAnswered) throw failure;
      return {items: [...new Map(items.map((run) => [run.id, run])).values()], failure};
    },

    async jobs(repository, {id}) {
      const call = callOf(repository, `the jobs of run ${id} of repository ${repository.fullName}`);
      const path = `${pathOf(repository)}/actions/runs/${id}/jobs`;
      const found = await readListWith(call, (work) => ask(call, repository.installationId, work), path, {
        query: {filter: 'latest'},
      });
      return toListed(call, found, readJob);
    },

    job(repository, id) {
      const call = callOf(repository, `job ${id} of repository ${repository.fullName}`);
      return ask(call, repository.installationId, async (octokit) => {
        const data = await unless404(octokit.request(`GET ${pathOf(repository)}/actions/jobs/${id}`));
        return data === undefined ? undefined : (readOrThrow(call, readJob(data)) ?? undefined);
      });
    },

    run: getRun,

    async isOver(repository, runId) {
      return (await getRun(repository, runId))?.isOver ?? true;
    },
  };
}

function callOf({fullName}: NamedRepository, what: string) {
  return {kind: 'discovery', scope: repositoryScope(fullName), what, permission: 'actions'} as const;
}

export function pathOf({fullName}: Pick<NamedRepository, 'fullName'>): string {
  return scopePath(repositoryScope(fullName));
}

/** ISO 8601, to the second. */
function iso(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

function readOrThrow<T>(call: GitHubCall, read: T | undefined): T {
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
