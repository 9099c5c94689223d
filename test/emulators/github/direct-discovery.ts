import type {Octokit} from '@octokit/rest';
import {classify} from '../../../shared/github/errors';
import type {DeliveryPage, DiscoveredRepository, Discovery, Listed} from '../../../shared/github/github';
import {readRunnerDownloads, readRunnerVersionEnds} from '../../../shared/github/runner-versions';
import {createRuns} from '../../../shared/github/runs';
import {ownerOf, type RunnerScope, scopeName} from '../../../shared/model/scope';
import {type Repository, sameName} from './account';
import type {App} from './app';
import {type Hook, outcomeOf} from './delivery';
import {actingInstallation, answered, directGitHub} from './direct';
import {directOctokit} from './direct-pages';
import {installationCaller} from './http/authenticate';
import {LARGEST_PAGE} from './limits';
import type {GitHubWorld} from './model';
import {GitHubRefusal} from './refusal';

export interface DirectDiscoveryOptions {
  readonly deliveriesAPage?: number;
  /** What it asks about runs and jobs counts against the limits of the App, as over HTTP. */
  readonly isCharged?: boolean;
  /** The first one unless given. */
  readonly app?: App;
}

/**
 * The port `Discovery` straight on the model, for the deterministic simulation. Runs and jobs come in small pages through the client's own code, deliveries
 * in pages too.
 */
export function directDiscovery(
  world: GitHubWorld,
  {deliveriesAPage = 100, isCharged = false, app = world.app}: DirectDiscoveryOptions = {},
): Discovery {
  const github = directGitHub(world, app);
  const seen = (repository: Repository): DiscoveredRepository => ({
    fullName: repository.fullName,
    installationId: app.installationOf(repository)?.id ?? null,
    isPublic: repository.visibility === 'public',
    pushedAt: null,
  });
  const ofAccount = (login: string) =>
    app
      .installations()
      .filter(({account, suspended}) => !suspended && sameName(account.login, login))
      .flatMap(({account}) => world.accounts.repositoriesOf(account))
      .filter((repository) => app.installationOf(repository) !== undefined)
      .map(seen);
  const findJob = (fullName: string, id: number) =>
    world.queue.jobs().find((job) => job.id === id && sameName(job.repository, fullName));

  return {
    ...createRuns(async (call, installationId, work) => {
      try {
        actingInstallation(world, app, call.scope, installationId ?? undefined);
        const octokit = isCharged ? chargedOctokit(world, app, ownerOf(call.scope)) : directOctokit(world);
        return await work(reaching(world, app, call.scope, octokit));
      } catch (error) {
        throw classify(error, call, {nowMs: world.scheduler.now(), credentials: 'app'});
      }
    }),
    credentials: 'app',
    listRepositories: async () => whole(app.installations().flatMap(({account}) => ofAccount(account.login))),
    listRepositoriesOf: async (org) => whole(ofAccount(org)),
    async listRunners(scope, installationId) {
      const found = await github(scope, installationId ?? undefined).listRunners();
      // The first page is charged already.
      for (let page = 2; isCharged && (page - 1) * LARGEST_PAGE < found.length; page++)
        charge(world, app, ownerOf(scope));
      return found;
    },
    access: async ({fullName}) => {
      const repository = world.accounts.repositories().find((each) => sameName(each.fullName, fullName));
      const [owner = ''] = fullName.split('/');
      const installation = app.installationOfAccount(owner);
      if (!installation) return 'no_app';
      if (installation.suspended) return 'suspended';
      return repository && app.installationOf(repository) ? 'granted' : 'not_selected';
    },
    visibility: async ({fullName}) => {
      const repository = world.accounts.repositories().find((each) => sameName(each.fullName, fullName));
      if (!repository || !app.installationOf(repository)) return undefined;
      return repository.visibility === 'public' ? 'public' : 'private';
    },
    runnerDownloads: async () => readRunnerDownloads(world.releases.applications()) ?? [],
    runnerVersionEnds: async (_, __, version) =>
      readRunnerVersionEnds(world.releases.deprecation(version)) ?? {registrationEndsAt: null, runtimeEndsAt: null},
    hooks: async () => [],
    appHooks: async () => [{kind: 'app'}],
    deliveries: async (hook, {cursor, failuresOnly}): Promise<DeliveryPage> => {
      const before = cursor === null ? Number.POSITIVE_INFINITY : Number(cursor);
      const rest = world.deliveries
        .list((one) => isHookOf(world, app, one))
        .filter((one) => one.id < before && (!failuresOnly || outcomeOf(one) === 'failure'));
      const page = rest.slice(0, deliveriesAPage);
      const last = page.at(-1);
      return {
        deliveries: page.map(({id, guid, event, action, deliveredAtMs, redelivery, statusCode}) => ({
          hook,
          id,
          guid,
          event,
          action,
          deliveredAt: deliveredAtMs,
          redelivery,
          ok: statusCode >= 200 && statusCode < 300,
          statusCode: statusCode || null,
        })),
        next: last && rest.length > page.length ? String(last.id) : null,
        unreadable: 0,
      };
    },
    redeliver: async ({id}) => world.redeliver(id),
    rerun: async ({fullName}, id) => {
      if (findJob(fullName, id)) world.rerun(id);
    },
    remainingQuota: () => 1,
  };
}

/** The App's own webhook; undefined: it has none. */
export function hookOf(world: GitHubWorld, app: App): Hook | undefined {
  return world.deliveries.hooks().find((one) => isHookOf(world, app, one));
}

function isHookOf(world: GitHubWorld, app: App, {target}: Hook): boolean {
  return target.kind === 'app' && (target.app ?? world.app) === app;
}

/** Answers 404 for a repository that the installation leaves out, and 403 where it may not read runs. */
function reaching(world: GitHubWorld, app: App, scope: RunnerScope, octokit: Octokit): Octokit {
  const request = async (route: string, query: Readonly<Record<string, unknown>> = {}) => {
    const name = scopeName(scope);
    const repository = world.accounts.repositories().find(({fullName}) => sameName(fullName, name));
    const installation = repository && app.installationOf(repository);
    const refuse = (status: number, message: string) =>
      answered({method: 'GET'}, route, new GitHubRefusal(status, message), {});
    if (repository && !installation) throw refuse(404, 'Not Found');
    if (installation && installation.permissions['actions'] === undefined)
      throw refuse(403, 'Resource not accessible by integration');
    return octokit.request(route, query);
  };
  return {request} as unknown as Octokit;
}

/** Every so many of the model's small pages make one of GitHub's. */
const SMALL_PAGES = 25;

function chargedOctokit(world: GitHubWorld, app: App, owner: string): Octokit {
  const free = directOctokit(world);
  const request = async (route: string, query: Readonly<Record<string, unknown>> = {}) => {
    if ((Number(query['page'] ?? 1) - 1) % SMALL_PAGES === 0) charge(world, app, owner);
    return free.request(route, query);
  };
  return {request} as unknown as Octokit;
}

function charge(world: GitHubWorld, app: App, owner: string): void {
  const installation = app.installationOfAccount(owner);
  if (!installation) return;
  const path = `/repos/${owner}`;
  world.requests.push({method: 'GET', path, operationId: DISCOVERY, at: world.scheduler.now()});
  try {
    world.limits.charge(installationCaller(installation.id), 'GET');
  } catch (error) {
    if (error instanceof GitHubRefusal) throw answered({method: 'GET'}, path, error, error.headers ?? {});
    throw error;
  }
}

/** How a call about runs and jobs is logged. */
export const DISCOVERY = 'discovery (direct)';

function whole<T>(items: readonly T[]): Listed<T> {
  return {items, failure: undefined};
}
