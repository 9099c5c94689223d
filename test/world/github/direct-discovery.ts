import {
  type DiscoveredDelivery,
  type DiscoveredJob,
  type DiscoveredRepository,
  type DiscoveredRun,
  type Discovery,
  type Listed,
  OPEN_RUNS,
} from '../../../shared/github/discovery';
import {type Repository, sameName} from './account';
import {directGitHub} from './direct';
import {type Job, type Run, runStatus} from './job';
import type {GitHubWorld} from './model';

/** Longer than a run of GitHub's own list of deliveries. */
const KEPT_DELIVERIES_MS = 3 * 24 * 3_600_000;

/** As the client looks at in one call; fewer, so that it is not always all. */
const RECENT_RUNS = 5;

/** The port `Discovery` straight on the model, for the deterministic simulation: what the HTTP client gets, without pages and JSON. */
export function directDiscovery(world: GitHubWorld): Discovery {
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
  const openOf = ({isPublic}: DiscoveredRepository, runs: readonly Run[]): DiscoveredRun[] =>
    runs
      .filter((run) => OPEN_RUNS.includes(runStatus(run).status))
      .map(({id, createdAtMs}) => ({id, isPublic, createdAt: createdAtMs}));
  const findJob = (fullName: string, id: number) =>
    world.queue.jobs().find((job) => job.id === id && sameName(job.repository, fullName));

  return {
    credentials: 'app',
    visible: async () => whole(world.app.installations().flatMap(({account}) => ofAccount(account.login))),
    ofOrganization: async (org) => whole(ofAccount(org)),
    recentRuns: async (repository, sinceMs) => {
      const runs = runsOf(repository.fullName, sinceMs).slice(-RECENT_RUNS);
      return {open: openOf(repository, runs), isAll: runs.length < RECENT_RUNS};
    },
    openRuns: async (repository, sinceMs) => whole(openOf(repository, runsOf(repository.fullName, sinceMs))),
    jobs: async (_, {id}) => {
      const run = world.queue.run(id);
      return whole(run.jobs.filter((job) => job.runAttempt === run.attempt).map(discovered));
    },
    isOver: async (_, id) => {
      const run = world.queue.runs().find((each) => each.id === id);
      return !run || runStatus(run).status === 'completed';
    },
    job: async ({fullName}, id) => {
      const job = findJob(fullName, id);
      return job && discovered(job);
    },
    runners: (scope, installationId) => github(scope, installationId ?? undefined).listRunners(),
    hooks: async () => [],
    deliveries: async (hook, sinceMs): Promise<DiscoveredDelivery[]> =>
      world.deliveries
        .list(({target}) => target.kind === 'app')
        .filter(({deliveredAtMs}) => deliveredAtMs >= Math.max(sinceMs, world.scheduler.now() - KEPT_DELIVERIES_MS))
        .map(({id, guid, event, action, deliveredAtMs, redelivery, statusCode}) => ({
          hook,
          id,
          guid,
          event,
          action,
          deliveredAt: deliveredAtMs,
          redelivery,
          ok: statusCode >= 200 && statusCode < 300,
        })),
    redeliver: async ({id}) => world.redeliver(id),
    rerun: async ({fullName}, id) => {
      if (findJob(fullName, id)) world.rerun(id);
    },
    left: () => 1,
  };
}

function whole<T>(items: readonly T[]): Listed<T> {
  return {items, failure: undefined};
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
    url: `https://github.com/${job.repository}/actions/runs/${job.runId}/job/${job.id}`,
    queuedAt: runs ? job.createdAtMs : job.queuedAtMs,
    hasFailedStep: job.ending === 'ran' && job.conclusion === 'failure',
  };
}
