import {classify} from '../../../shared/github/errors';
import type {DeliveryPage, DiscoveredRepository, Discovery, Listed} from '../../../shared/github/github';
import {readRunnerDownloads, readRunnerVersionEnds} from '../../../shared/github/runner-versions';
import {createRuns} from '../../../shared/github/runs';
import {type Repository, sameName} from './account';
import {outcomeOf} from './delivery';
import {directGitHub} from './direct';
import {directOctokit} from './direct-pages';
import type {GitHubWorld} from './model';

/**
 * The port `Discovery` straight on the model, for the deterministic simulation. Runs and jobs come in small pages through the client's own code, deliveries
 * in pages too.
 */
export function directDiscovery(world: GitHubWorld, {deliveriesAPage = 100} = {}): Discovery {
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
        return await work(directOctokit(world));
      } catch (error) {
        throw classify(error, call, {nowMs: world.scheduler.now(), credentials: 'app'});
      }
    }),
    credentials: 'app',
    listRepositories: async () => whole(world.app.installations().flatMap(({account}) => ofAccount(account.login))),
    listRepositoriesOf: async (org) => whole(ofAccount(org)),
    listRunners: (scope, installationId) => github(scope, installationId ?? undefined).listRunners(),
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

function whole<T>(items: readonly T[]): Listed<T> {
  return {items, failure: undefined};
}
