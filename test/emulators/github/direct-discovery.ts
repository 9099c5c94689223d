import type {Octokit} from '@octokit/rest';
import {classify} from '../../../shared/github/errors';
import type {DeliveryPage, DiscoveredRepository, Discovery, Listed} from '../../../shared/github/github';
import {readRunnerDownloads, readRunnerVersionEnds} from '../../../shared/github/runner-versions';
import {createRuns} from '../../../shared/github/runs';
import {ownerOf} from '../../../shared/model/scope';
import {type Repository, sameName} from './account';
import {outcomeOf} from './delivery';
import {answered, directGitHub} from './direct';
import {directOctokit} from './direct-pages';
import {installationCaller} from './http/authenticate';
import {LARGEST_PAGE} from './limits';
import type {GitHubWorld} from './model';
import {GitHubRefusal} from './refusal';

/**
 * The port `Discovery` straight on the model, for the deterministic simulation. Runs and jobs come in small pages through the client's own code, deliveries
 * in pages too. `isCharged`: what it asks about runs and jobs counts against the limits of the first App, as over HTTP.
 */
export function directDiscovery(world: GitHubWorld, {deliveriesAPage = 100, isCharged = false} = {}): Discovery {
  const github = directGitHub(world);
  const seen = (repository: Repository): DiscoveredRepository => ({
    fullName: repository.fullName,
    installationId: world.app.installationOf(repository)?.id ?? null,
    isPublic: repository.visibility === 'public',
    pushedAt: null,
  });
  const ofAccount = (login: string) =>
    world.app
      .installations()
      .filter(({account, suspended}) => !suspended && sameName(account.login, login))
      .flatMap(({account}) => world.accounts.repositoriesOf(account))
      .map(seen);
  const findJob = (fullName: string, id: number) =>
    world.queue.jobs().find((job) => job.id === id && sameName(job.repository, fullName));

  return {
    ...createRuns(async (call, _, work) => {
      try {
        return await work(isCharged ? chargedOctokit(world, ownerOf(call.scope)) : directOctokit(world));
      } catch (error) {
        throw classify(error, call, {nowMs: world.scheduler.now(), credentials: 'app'});
      }
    }),
    credentials: 'app',
    listRepositories: async () => whole(world.app.installations().flatMap(({account}) => ofAccount(account.login))),
    listRepositoriesOf: async (org) => whole(ofAccount(org)),
    async listRunners(scope, installationId) {
      const found = await github(scope, installationId ?? undefined).listRunners();
      // The first page is charged already.
      for (let page = 2; isCharged && (page - 1) * LARGEST_PAGE < found.length; page++) charge(world, ownerOf(scope));
      return found;
    },
    access: async ({fullName}) => {
      const repository = world.accounts.repositories().find((each) => sameName(each.fullName, fullName));
      const [owner = ''] = fullName.split('/');
      const installation = world.app.installationOfAccount(owner);
      if (!installation) return 'no_app';
      if (installation.suspended) return 'suspended';
      return repository && world.app.installationOf(repository) ? 'granted' : 'not_selected';
    },
    visibility: async ({fullName}) => {
      const repository = world.accounts.repositories().find((each) => sameName(each.fullName, fullName));
      if (!repository || !world.app.installationOf(repository)) return undefined;
      return repository.visibility === 'public' ? 'public' : 'private';
    },
    runnerDownloads: async () => readRunnerDownloads(world.releases.applications()) ?? [],
    runnerVersionEnds: async (_, __, version) =>
      readRunnerVersionEnds(world.releases.deprecation(version)) ?? {registrationEndsAt: null, runtimeEndsAt: null},
    hooks: async () => [],
    deliveries: async (hook, {cursor, failuresOnly}): Promise<DeliveryPage> => {
      const before = cursor === null ? Number.POSITIVE_INFINITY : Number(cursor);
      const rest = world.deliveries
        .list(({target}) => target.kind === 'app')
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

/** Every so many of the model's small pages make one of GitHub's. */
const SMALL_PAGES = 25;

function chargedOctokit(world: GitHubWorld, owner: string): Octokit {
  const free = directOctokit(world);
  const request = async (route: string, query: Readonly<Record<string, unknown>> = {}) => {
    if ((Number(query['page'] ?? 1) - 1) % SMALL_PAGES === 0) charge(world, owner);
    return free.request(route, query);
  };
  return {request} as unknown as Octokit;
}

function charge(world: GitHubWorld, owner: string): void {
  const installation = world.app.installationOfAccount(owner);
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
