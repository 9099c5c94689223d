import type {Octokit} from '@octokit/rest';
import {systemRandom} from '../random';
import {isRefusedWith} from './answer';
import type {DiscoveryPermission, GitHubCall} from './call';
import {classify, unreadable} from './classify';
import {connectionOf, type GitHubOptions} from './client';
import {askConditionally, type RateReading} from './conditional';
import {connect} from './connect';
import {type DeliveryPage, type DiscoveredRepository, type Discovery, type HookReference, OPEN_RUNS} from './discovery';
import type {RunnerScope} from './github';
import {listAll} from './list-all';
import {listArray, nextOf} from './list-array';
import {readDelivery, readHook, readInstallation, readJob, readRepository, readRun} from './read-discovery';
import {createRunnerGroups} from './runner-groups';
import {describeScope, scopePath} from './scope';
import {createScopedGitHub} from './scoped-github';

const DELIVERIES_A_PAGE = 100;

/** Discovery over HTTP. What is returned keeps tokens and answers: make it once a process. */
export function createDiscovery(options: GitHubOptions): Discovery {
  const {clock, credentials, random = systemRandom} = options;
  const readings = new Map<Octokit, RateReading>();
  const {octokitFor, app} = connect(credentials, connectionOf(options), {clock, random}, (octokit) =>
    askConditionally(octokit, (reading) => readings.set(octokit, reading)),
  );
  const groups = createRunnerGroups(clock);

  async function ask<T>(
    call: GitHubCall & {scope: RunnerScope},
    installationId: number | null,
    work: (octokit: Octokit) => Promise<T>,
  ): Promise<T> {
    try {
      return await work(await octokitFor(call.scope, installationId ?? undefined));
    } catch (error) {
      throw classify(error, call, {nowMs: clock.now(), credentials: credentials.kind});
    }
  }

  /** Every installation that is not suspended. */
  async function installations(): Promise<{id: number; login: string}[]> {
    if (!app) return [];
    const call = callOf({kind: 'organization', org: '*'}, 'the installations of the App', 'metadata');
    const found = await app.ask(call, (octokit) => listArray(octokit, call, '/app/installations'));
    return found.map((data) => some(call, readInstallation(data))).filter(({isSuspended}) => !isSuspended);
  }

  async function ofInstallation({id, login}: {id: number; login: string}): Promise<DiscoveredRepository[]> {
    const call = callOf({kind: 'organization', org: login}, `the repositories of installation ${id}`, 'metadata');
    const found = await ask(call, id, (octokit) => listAll(octokit, call, '/installation/repositories'));
    return present(found.map((data) => some(call, readRepository(data, id))));
  }

  async function arrayOfRepositories(
    scope: RunnerScope,
    what: string,
    path: string,
    installationId: number | null,
  ): Promise<DiscoveredRepository[]> {
    const call = callOf(scope, what, 'metadata');
    const found = await ask(call, installationId, (octokit) => listArray(octokit, call, path));
    return present(found.map((data) => some(call, readRepository(data, installationId))));
  }

  const runsCall = ({fullName}: Named) => callOf(scopeOf(fullName), `the runs of repository ${fullName}`, 'actions');
  const jobCall = ({fullName}: Named, id: number, permission: 'actions' | 'rerun' = 'actions') =>
    callOf(scopeOf(fullName), `job ${id} of repository ${fullName}`, permission);

  return {
    credentials: credentials.kind,

    async visible() {
      if (!app) return arrayOfRepositories({kind: 'organization', org: '*'}, 'its repositories', '/user/repos', null);
      const lists: DiscoveredRepository[][] = [];
      for (const installation of await installations()) lists.push(await ofInstallation(installation));
      return lists.flat();
    },

    async ofOrganization(org) {
      const path = `/orgs/${encodeURIComponent(org)}/repos`;
      const scope: RunnerScope = {kind: 'organization', org};
      const installationId = app ? await app.findInstallation(scope) : null;
      return arrayOfRepositories(scope, `the repositories of organization ${org}`, path, installationId);
    },

    hasRuns(repository, sinceMs) {
      const call = runsCall(repository);
      return ask(call, repository.installationId, async (octokit) => {
        const {data}: {data: unknown} = await octokit.request(`GET ${pathOf(repository)}/actions/runs`, {
          created: `>=${iso(sinceMs)}`,
          per_page: 1,
        });
        const total = typeof data === 'object' && data !== null && 'total_count' in data ? data.total_count : undefined;
        if (typeof total !== 'number') throw unreadable(call, 'no list with a total_count');
        return total > 0;
      });
    },

    async openRuns(repository, sinceMs) {
      const call = runsCall(repository);
      const runs = new Map<number, ReturnType<typeof readRun> & object>();
      for (const status of OPEN_RUNS) {
        const query = {status, created: `>=${iso(sinceMs)}`};
        const found = await ask(call, repository.installationId, (octokit) =>
          listAll(octokit, call, `${pathOf(repository)}/actions/runs`, query),
        );
        for (const data of found) {
          const run = some(call, readRun(data));
          runs.set(run.id, run);
        }
      }
      return [...runs.values()];
    },

    async jobs(repository, run) {
      const call = callOf(
        scopeOf(repository.fullName),
        `the jobs of run ${run.id} of repository ${repository.fullName}`,
        'actions',
      );
      const path = `${pathOf(repository)}/actions/runs/${run.id}/jobs`;
      const found = await ask(call, repository.installationId, (octokit) =>
        listAll(octokit, call, path, {filter: 'latest'}),
      );
      return present(found.map((data) => some(call, readJob(data))));
    },

    job(repository, id) {
      const call = jobCall(repository, id);
      return ask(call, repository.installationId, async (octokit) => {
        try {
          const {data}: {data: unknown} = await octokit.request(`GET ${pathOf(repository)}/actions/jobs/${id}`);
          return some(call, readJob(data)) ?? undefined;
        } catch (error) {
          if (isRefusedWith(error, 404)) return undefined;
          throw error;
        }
      });
    },

    runners(scope, installationId) {
      const octokit = () => octokitFor(scope, installationId ?? undefined);
      return createScopedGitHub({scope, octokit, groups, credentials: credentials.kind, clock}).listRunners();
    },

    async hooks(scope) {
      if (app) return [];
      const call = callOf(scope, `the hooks of ${describeScope(scope)}`, 'hooks');
      const found = await ask(call, null, (octokit) => listArray(octokit, call, `${scopePath(scope)}/hooks`));
      // One of another shape, which nothing is known of, hides no other.
      const hooks = found.map(readHook).filter((hook) => hook?.getsJobs === true);
      return hooks.flatMap((hook) => (hook ? [{kind: 'hook', scope, hookId: hook.id} as const] : []));
    },

    async deliveries(hook, {cursor, failuresOnly}) {
      const call = deliveriesCall(hook);
      const query = {
        per_page: DELIVERIES_A_PAGE,
        ...(cursor === null ? {} : {cursor}),
        ...(failuresOnly ? {status: 'failure'} : {}),
      };
      const list = async (octokit: Octokit): Promise<DeliveryPage> => {
        const {data, headers}: {data: unknown; headers: {link?: string | undefined}} = await octokit.request(
          `GET ${hookPath(hook)}/deliveries`,
          query,
        );
        if (!Array.isArray(data)) throw unreadable(call, 'no list');
        const read = data.map((item) => readDelivery(item, hook));
        const deliveries = read.filter((item) => item !== undefined);
        return {deliveries, next: nextCursor(headers.link), unreadable: read.length - deliveries.length};
      };
      return hook.kind === 'app' && app ? app.ask(call, list) : ask(call, null, list);
    },

    async redeliver({hook, id}) {
      const call = deliveriesCall(hook);
      const send = async (octokit: Octokit) => {
        await octokit.request(`POST ${hookPath(hook)}/deliveries/${id}/attempts`);
      };
      await (hook.kind === 'app' && app ? app.ask(call, send) : ask(call, null, send));
    },

    async rerun(repository, jobId) {
      const call = jobCall(repository, jobId, 'rerun');
      await ask(call, repository.installationId, async (octokit) => {
        await octokit.request(`POST ${pathOf(repository)}/actions/jobs/${jobId}/rerun`);
      });
    },

    left() {
      const shares = [...readings.values()]
        .filter(({resetMs}) => resetMs > clock.now())
        .map(({remaining, limit}) => remaining / limit);
      return Math.min(1, ...shares);
    },
  };
}

type Named = Pick<DiscoveredRepository, 'fullName'>;
type DiscoveryCall = GitHubCall & {scope: RunnerScope};

function callOf(scope: RunnerScope, what: string, permission: DiscoveryPermission): DiscoveryCall {
  return {kind: 'discovery', scope, what, permission};
}

function deliveriesCall(hook: HookReference): DiscoveryCall {
  if (hook.kind === 'app') return callOf({kind: 'organization', org: '*'}, 'the deliveries of the App', 'hooks');
  return callOf(hook.scope, `the deliveries of hook ${hook.hookId} of ${describeScope(hook.scope)}`, 'hooks');
}

function hookPath(hook: HookReference): string {
  return hook.kind === 'app' ? '/app/hook' : `${scopePath(hook.scope)}/hooks/${hook.hookId}`;
}

/** Of the page that `Link` names as the next one. */
function nextCursor(link: string | undefined): string | null {
  const url = nextOf(link);
  return url === undefined ? null : new URL(url, 'https://api.github.com').searchParams.get('cursor');
}

function scopeOf(fullName: string): RunnerScope {
  const [owner = '', repo = ''] = fullName.split('/');
  return {kind: 'repository', owner, repo};
}

function pathOf({fullName}: Named): string {
  return scopePath(scopeOf(fullName));
}

/** To the second, as GitHub has it. */
function iso(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 19)}Z`;
}

/** An item that cannot be read makes a list incomplete. */
function some<T>(call: GitHubCall, read: T | undefined): T {
  if (read === undefined) throw unreadable(call, 'another shape than GitHub describes');
  return read;
}

function present<T>(items: readonly (T | null)[]): T[] {
  return items.filter((item) => item !== null);
}
