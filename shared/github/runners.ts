import type {Octokit} from '@octokit/rest';
import type {Clock} from '../clock';
import {RateLimited, RefusedByGitHub} from '../errors';
import {type RunnerScope, scopePath} from '../model/scope';
import {classify, isRefusedWith, unreadable} from './errors';
import type {GitHub, JitConfig, JitConfigRequest, Registration} from './github';
import {listAll, pagesOf, readList} from './lists';
import type {CredentialsKind, GitHubCall} from './refusals';
import {type RunnerGroup, readJitConfig, readJobAtGitHub, readRegistration, readRunnerGroup} from './responses';
import type {ResolvedGroup, RunnerGroups} from './runner-groups';

export interface ScopedGitHubOptions {
  readonly scope: RunnerScope;
  /** The octokit of the installation; may have to look the installation up, and throws typed errors. */
  readonly octokit: () => Promise<Octokit>;
  readonly groups: RunnerGroups;
  readonly credentials: CredentialsKind;
  readonly clock: Clock;
  readonly onRateLimit?: ((limited: RateLimited, scope: RunnerScope) => void) | undefined;
}

/** GitHub's runner calls for one scope. The two scopes differ in the beginning of their paths and in nothing else. */
export function createScopedGitHub(options: ScopedGitHubOptions): GitHub {
  const {scope, groups} = options;
  const runners = `${scopePath(scope)}/actions/runners`;
  const runnersCall: GitHubCall = {kind: 'runners', scope};
  const groupsCall: GitHubCall = {kind: 'runner_groups', scope};

  async function ask<T>(call: GitHubCall, work: (octokit: Octokit) => Promise<T>): Promise<T> {
    try {
      return await work(await options.octokit());
    } catch (error) {
      const failure = classify(error, call, {nowMs: options.clock.now(), credentials: options.credentials});
      if (failure instanceof RateLimited) options.onRateLimit?.(failure, scope);
      throw failure;
    }
  }

  async function list<T>(
    call: GitHubCall,
    url: string,
    query: Readonly<Record<string, string>>,
    read: (item: unknown) => T | undefined,
  ): Promise<T[]> {
    const items = await ask(call, (octokit) => listAll(pagesOf(octokit, url, query), call));
    return items.map((item) => readOrThrow(call, read(item)));
  }

  const listGroups = (): Promise<RunnerGroup[]> =>
    list(groupsCall, `${scopePath(scope)}/actions/runner-groups`, {}, readRunnerGroup);

  function register(request: JitConfigRequest, group: ResolvedGroup): Promise<JitConfig> {
    const call: GitHubCall = {kind: 'register', scope, runnerGroup: group};
    return ask(call, async (octokit) => {
      const {data}: {data: unknown} = await octokit.request(`POST ${runners}/generate-jitconfig`, {
        name: request.name,
        runner_group_id: group.id,
        labels: [...request.labels],
        work_folder: '_work',
      });
      return readOrThrow(call, readJitConfig(data));
    });
  }

  /** The group's id anew after GitHub refused the one that we took it for; undefined when it is the same, or not ours to see. */
  async function lookUpAgain(refused: ResolvedGroup, name: string): Promise<ResolvedGroup | undefined> {
    try {
      const group = await groups.lookUp(scope, name, listGroups);
      return group.id === refused.id ? undefined : group;
    } catch (error) {
      if (error instanceof RefusedByGitHub) return undefined;
      throw error;
    }
  }

  return {
    async createJitConfig(request) {
      const group = await groups.resolve(scope, request.runnerGroup, listGroups);
      try {
        return await register(request, group);
      } catch (error) {
        if (group.settled || !(error instanceof RefusedByGitHub) || error.reason !== 'runner_group') throw error;
        const moved = await lookUpAgain(group, request.runnerGroup);
        if (!moved) throw error;
        return await register(request, moved);
      }
    },

    /** One that is listed is there, whatever else the list lacks. */
    findRunner(name) {
      return ask(runnersCall, async (octokit) => {
        const {items, failure} = await readList(pagesOf(octokit, runners, {name}), runnersCall);
        const found = items.map(readRegistration);
        const runner = found.find((each) => each?.name === name);
        if (runner) return runner;
        if (failure !== undefined) throw failure;
        for (const each of found) readOrThrow(runnersCall, each);
        return undefined;
      });
    },

    getRunner(id) {
      return ask(runnersCall, async (octokit) => {
        try {
          const {data}: {data: unknown} = await octokit.request(`GET ${runners}/${id}`);
          return readOrThrow(runnersCall, readRegistration(data));
        } catch (error) {
          if (isRefusedWith(error, 404)) return undefined;
          throw error;
        }
      });
    },

    listRunners() {
      return list<Registration>(runnersCall, runners, {}, readRegistration);
    },

    deleteRunner(id) {
      return ask(runnersCall, async (octokit) => {
        try {
          await octokit.request(`DELETE ${runners}/${id}`);
          return 'deleted';
        } catch (error) {
          if (isRefusedWith(error, 404)) return 'absent';
          // GitHub's only 422 here is "Runner X is currently running a job"; another one would be no leave to go on either.
          if (isRefusedWith(error, 422)) return 'busy';
          throw error;
        }
      });
    },

    removeLabel(runnerId, label) {
      return ask(runnersCall, (octokit) =>
        unless404(octokit.request(`DELETE ${runners}/${runnerId}/labels/${encodeURIComponent(label)}`), 'removed'),
      );
    },

    addLabels(runnerId, labels) {
      return ask(runnersCall, (octokit) =>
        unless404(octokit.request(`POST ${runners}/${runnerId}/labels`, {labels: [...labels]}), 'added'),
      );
    },

    getJob(repository, jobId) {
      const call: GitHubCall = {kind: 'job', scope, repository, jobId};
      return ask(call, async (octokit) => {
        try {
          const [owner = '', repo = ''] = repository.split('/').map(encodeURIComponent);
          const {data}: {data: unknown} = await octokit.request(`GET /repos/${owner}/${repo}/actions/jobs/${jobId}`);
          return readOrThrow(call, readJobAtGitHub(data));
        } catch (error) {
          if (isRefusedWith(error, 404)) return undefined;
          throw error;
        }
      });
    },
  };
}

async function unless404<T>(request: Promise<unknown>, done: T): Promise<T | 'absent'> {
  try {
    await request;
    return done;
  } catch (error) {
    if (isRefusedWith(error, 404)) return 'absent';
    throw error;
  }
}

function readOrThrow<T>(call: GitHubCall, read: T | undefined): T {
  if (read === undefined) throw unreadable(call, 'another shape than GitHub describes, or an empty body');
  return read;
}
