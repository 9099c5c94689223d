import type {Octokit} from '@octokit/rest';
import type {Clock} from '../clock';
import {RefusedByGitHub} from '../errors';
import {describeScope, ownerOf, type RunnerScope, repositoryScope, scopePath} from '../model/scope';
import type {Access} from './access';
import {type App, listInstallations} from './app';
import {askConditionally, type RateReading} from './conditional';
import {classify, isRefusedWith, unreadable} from './errors';
import {
  type DeliveryPage,
  type DiscoveredRepository,
  type Discovery,
  type HookReference,
  joinLists,
  type Listed,
  listOrFailure,
  type NamedRepository,
  type RepositoryAccess,
} from './github';
import {nextPageUrl, readListWith, toListed} from './lists';
import type {DiscoveryPermission, GitHubCall} from './refusals';
import {readDelivery, readHook, readItems, readRepository, readVisibility} from './responses';
import type {RunnerGroups} from './runner-groups';
import {createRunnerVersions} from './runner-versions';
import {createScopedGitHub} from './runners';
import {createRuns, pathOf} from './runs';

const DELIVERIES_PER_PAGE = 100;

export interface ActionsOptions {
  readonly access: Access;
  readonly groups: RunnerGroups;
  readonly clock: Clock;
}

/** Creates the calls of the sweep to GitHub, over HTTP. */
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

  const askAs =
    (call: DiscoveryCall, installationId: number | null) =>
    <T>(work: (octokit: Octokit) => Promise<T>): Promise<T> =>
      ask(call, installationId, work);

  async function accessOfApp(asked: App, {fullName}: NamedRepository): Promise<RepositoryAccess> {
    const scope = repositoryScope(fullName);
    const {items, failure} = await listInstallations(asked);
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

  async function listOfInstallation({id, login}: {id: number; login: string}): Promise<Listed<DiscoveredRepository>> {
    const call = callOf({kind: 'organization', org: login}, `the repositories of installation ${id}`, 'metadata');
    const found = await readListWith(call, askAs(call, id), '/installation/repositories');
    return toListed(call, found, (data) => readRepository(data, id));
  }

  async function readRepositories(
    scope: RunnerScope,
    what: string,
    path: string,
    installationId: number | null,
  ): Promise<Listed<DiscoveredRepository>> {
    const call = callOf(scope, what, 'metadata');
    const found = await readListWith(call, askAs(call, installationId), path, {isArray: true});
    return toListed(call, found, (data) => readRepository(data, installationId));
  }

  return {
    ...createRuns(ask),
    ...createRunnerVersions(ask),
    credentials,

    async listRepositories() {
      if (!app) return readRepositories({kind: 'organization', org: '*'}, 'its repositories', '/user/repos', null);
      const {items, failure} = await listInstallations(app);
      const lists: Listed<DiscoveredRepository>[] = [{items: [], failure}];
      const active = items.filter(({isSuspended}) => !isSuspended);
      for (const installation of active) lists.push(await listOrFailure(() => listOfInstallation(installation)));
      return joinLists(lists);
    },

    async listRepositoriesOf(org) {
      const path = `/orgs/${encodeURIComponent(org)}/repos`;
      const scope: RunnerScope = {kind: 'organization', org};
      const installationId = app ? await app.findInstallation(scope) : null;
      return readRepositories(scope, `the repositories of organization ${org}`, path, installationId);
    },

    access: (repository) => (app ? accessOfApp(app, repository) : accessOfToken(repository)),

    visibility(repository) {
      const call = callOf(repositoryScope(repository.fullName), `repository ${repository.fullName}`, 'metadata');
      return ask(call, repository.installationId, async (octokit) => {
        try {
          const {data}: {data: unknown} = await octokit.request(`GET ${pathOf(repository)}`);
          const visibility = readVisibility(data);
          if (!visibility) throw unreadable(call, 'no visibility');
          return visibility;
        } catch (error) {
          if (isRefusedWith(error, 404)) return undefined;
          throw error;
        }
      });
    },

    listRunners(scope, installationId) {
      const octokit = () => octokitFor(scope, installationId ?? undefined);
      return createScopedGitHub({scope, octokit, groups, credentials, clock}).listRunners();
    },

    async hooks(scope) {
      if (app) return [];
      const call = callOf(scope, `the hooks of ${describeScope(scope)}`, 'hooks');
      const found = await readListWith(call, askAs(call, null), `${scopePath(scope)}/hooks`, {isArray: true});
      // An incomplete list is an error, because the deliveries of a missing hook would never be read. A single unreadable hook is ignored.
      if (found.failure !== undefined) throw found.failure;
      const {items} = toListed(call, found, readHook);
      return items.filter(({getsJobs}) => getsJobs).map(({id}) => ({kind: 'hook', scope, hookId: id}));
    },

    appHooks: async () => (app ? [{kind: 'app'}] : []),

    async deliveries(hook, {cursor, failuresOnly}) {
      const call = deliveriesCall(hook);
      const query = {
        per_page: DELIVERIES_PER_PAGE,
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

    remainingQuota() {
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

/** Cursor of the next page by the `Link` header. */
function nextCursor(link: string | undefined): string | null {
  const url = nextPageUrl(link);
  return url === undefined ? null : new URL(url, 'https://api.github.com').searchParams.get('cursor');
}
