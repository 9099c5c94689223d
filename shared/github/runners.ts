import type {Octokit} from '@octokit/rest';
import type {Clock} from '../clock';
import {RateLimited, RefusedByGitHub} from '../errors';
import {type RunnerScope, scopePath} from '../model/scope';
import {classify, isRefusedWith, unreadable} from './errors';
import type {GitHub, JitConfig, JitConfigRequest, Registration} from './github';
import {listAll, pagesOf, readList} from './lists';
import type {CredentialsKind, GitHubCall} from './refusals';
import {
  type RunnerGroup,
  readJitConfig,
  readJobAtGitHub,
  readRegistration,
  readRegistrationToken,
  readRunnerGroup,
} from './responses';
import type {ResolvedGroup, RunnerGroups} from './runner-groups';

export interface ScopedGitHubOptions {
  readonly scope: RunnerScope;
  /** Returns the octokit of the installation. May look the installation up; throws typed errors. */
  readonly octokit: () => Promise<Octokit>;
  readonly groups: RunnerGroups;
  readonly credentials: CredentialsKind;
  readonly clock: Clock;
  readonly onRateLimit?: ((limited: RateLimited, scope: RunnerScope) => void) | undefined;
}

/** Creates the runner calls for one scope. Repository and organization differ only in the first part of their paths. */
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

  /** Looks the id of the group up again after GitHub refused `refused`. Undefined if the id is the same or GitHub refuses the list. */
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

    createRegistrationToken() {
      return ask(runnersCall, async (octokit) => {
        const {data}: {data: unknown} = await octokit.request(`POST ${runners}/registration-token`);
        return readOrThrow(runnersCall, readRegistrationToken(data));
      });
    },

    /** A listed runner exists, even if the list is incomplete. */
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
          // GitHub answers 422 here only with "Runner X is currently running a job". For another reason the runner must not be deleted
          // either.
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
