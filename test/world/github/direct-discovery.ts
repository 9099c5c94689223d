import {
  type DeliveryPage,
  type DiscoveredJob,
  type DiscoveredRepository,
  type DiscoveredRun,
  type Discovery,
  OPEN_RUNS,
} from '../../../shared/github/discovery';
import {type Repository, sameName} from './account';
import {outcomeOf} from './delivery';
import {directGitHub} from './direct';
import {type Job, runStatus} from './job';
import type {GitHubWorld} from './model';

/** The port `Discovery` straight on the model, for the deterministic simulation: what the HTTP client gets, without JSON. Deliveries come in pages. */
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
  const runsOf = (fullName: string, sinceMs: number) =>
    world.queue.runs().filter((run) => sameName(run.repository, fullName) && run.createdAtMs >= sinceMs);
  const findJob = (fullName: string, id: number) =>
    world.queue.jobs().find((job) => job.id === id && sameName(job.repository, fullName));

  return {
    credentials: 'app',
    visible: async () => world.app.installations().flatMap(({account}) => ofAccount(account.login)),
    ofOrganization: async (org) => ofAccount(org),
    hasRuns: async ({fullName}, sinceMs) => runsOf(fullName, sinceMs).length > 0,
    openRuns: async ({fullName, isPublic}, sinceMs): Promise<DiscoveredRun[]> =>
      runsOf(fullName, sinceMs)
        .filter((run) => OPEN_RUNS.includes(runStatus(run).status))
        .map(({id}) => ({id, isPublic})),
    jobs: async (_, {id}) => {
      const run = world.queue.run(id);
      return run.jobs.filter((job) => job.runAttempt === run.attempt).map(discovered);
    },
    job: async ({fullName}, id) => {
      const job = findJob(fullName, id);
      return job && discovered(job);
    },
    runners: (scope, installationId) => github(scope, installationId ?? undefined).listRunners(),
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
        })),
        next: last && rest.length > page.length ? String(last.id) : null,
        unreadable: 0,
      };
    },
    redeliver: async ({id}) => world.redeliver(id),
    rerun: async ({fullName}, id) => {
      if (findJob(fullName, id)) world.rerun(id);
    },
    left: () => 1,
  };
}

function discovered(job: Job): DiscoveredJob {
  const runs = job.status === 'in_progress' || job.status === 'completed';
  return {
    id: job.id,
    runId: job.runId,
    runAttempt: job.runAttempt,
    status: job.status,
    conclusion: job.conclusion,
    labels: job.labels,
    runnerName: runs ? (job.runner?.name ?? null) : null,
    runnerId: runs ? (job.runner?.id ?? null) : null,
    workflow: null,
    url: `https://github.com/${job.repository}/actions/runs/${job.runId}/job/${job.id}`,
    createdAt: job.createdAtMs,
    hasFailedStep: job.ending === 'ran' && job.conclusion === 'failure',
  };
}
