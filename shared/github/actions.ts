import type {Octokit} from '@octokit/rest';
import type {Clock} from '../clock';
import {RefusedByGitHub} from '../errors';
import {describeScope, ownerOf, type RunnerScope, repositoryScope, scopePath} from '../model/scope';
import type {Access} from './access';
import type {App} from './app';
import {askConditionally, type RateReading} from './conditional';
import {classify, unreadable} from './errors';
import {
  attempt,
  type DeliveryPage,
  type DiscoveredRepository,
  type Discovery,
  type HookReference,
  joined,
  type Listed,
  type NamedRepository,
  type RepositoryAccess,
} from './github';
import {listed, nextOf, readSome} from './lists';
import type {DiscoveryPermission, GitHubCall} from './refusals';
import {readDelivery, readHook, readInstallation, readItems, readRepository} from './responses';
import type {RunnerGroups} from './runner-groups';
import {createScopedGitHub} from './runners';
import {discoverRuns, pathOf} from './runs';

const DELIVERIES_A_PAGE = 100;

export interface ActionsOptions {
  readonly access: Access;
  readonly groups: RunnerGroups;
  readonly clock: Clock;
}

/** What the sweep asks of GitHub beyond the runners of one scope, over HTTP. */
export function createActions({access, groups, clock}: ActionsOptions): Discovery {
  const {app, kind: credentials} = access;
  const readings = new Map<Octokit, RateReading>();
  const octokitFor = access.octokits((octokit) =>
    askConditionally(octokit, (reading) => readings.set(octokit, reading)),
  );

  async function ask<T>(
    call: GitHubCall & {scope: RunnerScope},
    installationId: number | null,
    work: (octokit: Octokit) => Promise<T>,
  ): Promise<T> {
    try {
      return await work(await octokitFor(call.scope, installationId ?? undefined));
    } catch (error) {
      throw classify(error, call, {nowMs: clock.now(), credentials});
    }
  }

  const inTheNameOf =
    (call: DiscoveryCall, installationId: number | null) =>
    <T>(work: (octokit: Octokit) => Promise<T>): Promise<T> =>
      ask(call, installationId, work);

  async function installations({ask: askApp}: App): Promise<Listed<{id: number; login: string; isSuspended: boolean}>> {
    const call = callOf({kind: 'organization', org: '*'}, 'the installations of the App', 'metadata');
    const found = await readSome(call, (work) => askApp(call, work), '/app/installations', {isArray: true});
    return listed(call, found, readInstallation);
  }

  async function accessOfApp(asked: App, {fullName}: NamedRepository): Promise<RepositoryAccess> {
    const scope = repositoryScope(fullName);
    const {items, failure} = await installations(asked);
    const installation = items.find(({login}) => login.toLowerCase() === ownerOf(scope));
    if (!installation && failure !== undefined) throw failure;
    if (!installation) return 'no_app';
    if (installation.isSuspended) return 'suspended';
    try {
      await asked.findInstallation(scope);
      return 'granted';
    } catch (error) {
      if (error instanceof RefusedByGitHub && error.status === 404) return 'not_selected';
      throw error;
    }
  }

  async function accessOfToken(repository: NamedRepository): Promise<RepositoryAccess> {
    const call = callOf(repositoryScope(repository.fullName), `repository ${repository.fullName}`, 'metadata');
    try {
      await ask(call, null, (octokit) => octokit.request(`GET ${pathOf(repository)}/actions/runs`, {per_page: 1}));
      return 'granted';
    } catch (error) {
      if (error instanceof RefusedByGitHub && error.status === 404) return 'not_visible';
      throw error;
    }
  }

  async function ofInstallation({id, login}: {id: number; login: string}): Promise<Listed<DiscoveredRepository>> {
    const call = callOf({kind: 'organization', org: login}, `the repositories of installation ${id}`, 'metadata');
    const found = await readSome(call, inTheNameOf(call, id), '/installation/repositories');
    return listed(call, found, (data) => readRepository(data, id));
  }

  async function arrayOfRepositories(
    scope: RunnerScope,
    what: string,
    path: string,
    installationId: number | null,
  ): Promise<Listed<DiscoveredRepository>> {
    const call = callOf(scope, what, 'metadata');
    const found = await readSome(call, inTheNameOf(call, installationId), path, {isArray: true});
    return listed(call, found, (data) => readRepository(data, installationId));
  }

  return {
    ...discoverRuns(ask),
    credentials,

    async visible() {
      if (!app) return arrayOfRepositories({kind: 'organization', org: '*'}, 'its repositories', '/user/repos', null);
      const {items, failure} = await installations(app);
      const lists: Listed<DiscoveredRepository>[] = [{items: [], failure}];
      const active = items.filter(({isSuspended}) => !isSuspended);
      for (const installation of active) lists.push(await attempt(() => ofInstallation(installation)));
      return joined(lists);
    },

    async ofOrganization(org) {
      const path = `/orgs/${encodeURIComponent(org)}/repos`;
      const scope: RunnerScope = {kind: 'organization', org};
      const installationId = app ? await app.findInstallation(scope) : null;
      return arrayOfRepositories(scope, `the repositories of organization ${org}`, path, installationId);
    },

    access: (repository) => (app ? accessOfApp(app, repository) : accessOfToken(repository)),

    runners(scope, installationId) {
      const octokit = () => octokitFor(scope, installationId ?? undefined);
      return createScopedGitHub({scope, octokit, groups, credentials, clock}).listRunners();
    },

    async hooks(scope) {
      if (app) return [];
      const call = callOf(scope, `the hooks of ${describeScope(scope)}`, 'hooks');
      const found = await readSome(call, inTheNameOf(call, null), `${scopePath(scope)}/hooks`, {isArray: true});
      // Deliveries of a hook that is not listed would never be looked at; one that cannot be read may be of a kind that is none of ours.
      if (found.failure !== undefined) throw found.failure;
      const {items} = listed(call, found, readHook);
      return items.filter(({getsJobs}) => getsJobs).map(({id}) => ({kind: 'hook', scope, hookId: id}));
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
        const items = readItems(data);
        if (!items) throw unreadable(call, 'no list');
        const read = items.map((item) => readDelivery(item, hook));
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
      const call = callOf(
        repositoryScope(repository.fullName),
        `job ${jobId} of repository ${repository.fullName}`,
        'rerun',
      );
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
