import {createProvision} from '../../functions/provision/index';
import {createStop} from '../../functions/stop/index';
import {createSweep} from '../../functions/sweep/index';
import {createWebhook} from '../../functions/webhook/index';
import {createMemoryStore} from '../../shared/store/memory';
import {InProcessTasks, type TaskRequest} from '../../shared/tasks/local/in-process';
import {createLogger} from '../../shared/telemetry/create-logger';
import {ComputeApi} from '../emulators/compute/api';
import {directCompute} from '../emulators/compute/direct';
import {computeMachines} from '../emulators/compute/machine-world';
import {ComputeWorld} from '../emulators/compute/model';
import {directGitHub} from '../emulators/github/direct';
import {directApps} from '../emulators/github/direct-apps';
import {directDiscovery} from '../emulators/github/direct-discovery';
import {GitHubWorld} from '../emulators/github/model';
import {REGISTRATION_LIMIT, SECONDARY_LIMIT} from '../emulators/github/rate-limits';
import {bootRunners} from '../emulators/runner-process';
import {SeededRandom} from '../emulators/seeded-random';
import {DEPLOYED_RATES, type QueueRate} from '../emulators/tasks/deployed-rates';
import {callFunction} from '../simulation/call-function';
import {BEARER, environmentOf, WEBHOOK_SECRET} from '../simulation/environment';
import {EventScheduler} from '../simulation/event-scheduler';
import type {Setting} from '../simulation/scenario';

const LABELS = ['self-hosted', 'linux'];
const REPOSITORY = 'acme/app';
const POOLS = `pools:
  - name: arm
    repos: ["*/*"]
    requires: [self-hosted, linux]
    maxRunners: 20000
    provider: {type: gce, template: runner, zones: [us-central1-a, us-central1-b, us-central1-f]}`;

/** Of the simulation; the pools are our own. */
const SETTING = {maxRunners: {}, idleMinutes: 10} as Setting;
const CREATE = 'actions/generate-runner-jitconfig (direct)';
const MINUTE = 60_000;

export interface Arrivals {
  readonly jobs: number;
  /** From the first to the last. */
  readonly withinMs: number;
  readonly durationMs: number;
}

/** How the deployment is made, where it is not the usual one. */
export interface Deployed {
  /** GitHub Apps that share the load; 1 unless given. The queue's rate is that of one. */
  readonly apps?: number;
  /** Provision queues; 1 unless given. */
  readonly queues?: number;
  /** Where the jobs are queued, in turn; acme/app unless given. */
  readonly repositories?: readonly string[];
  /** The sweep runs every minute, and its calls count against GitHub's limits. */
  readonly isSwept?: boolean;
}

export interface Provisioned {
  /** When each JIT config was asked for and given, in milliseconds of the virtual clock, in order. */
  readonly createdAtMs: readonly number[];
  /** Answers of the secondary limits. */
  readonly refusals: number;
  /** Points a minute of what is no registration: the sweep's calls, and deregistrations. */
  readonly otherPoints: number;
  /** VMs for each job; every one should be 1. */
  readonly vmsPerJob: ReadonlyMap<string, number>;
}

/**
 * The functions and the queue on a virtual clock, with Compute Engine's usual latencies, against a GitHub that enforces its 900 points
 * a minute; over when every job is, or `limitMs` have passed. Nothing else limits: the hour's 5,000 requests are taken out.
 */
export async function provisionUnderLimit(
  provision: QueueRate,
  arrivals: Arrivals,
  {apps = 1, queues = 1, repositories = [REPOSITORY], isSwept = false}: Deployed = {},
  limitMs = 4 * 3600_000,
): Promise<Provisioned> {
  const scheduler = new EventScheduler();
  const random = new SeededRandom(1);
  const github = new GitHubWorld({
    scheduler,
    random,
    authClock: scheduler,
    rateLimits: {
      secondary: SECONDARY_LIMIT,
      registrations: REGISTRATION_LIMIT,
      primary: Number.POSITIVE_INFINITY,
    },
  });
  for (let app = 2; app <= apps; app++) github.addApp();
  for (const repository of repositories) github.addRepository(repository);
  const compute = new ComputeWorld({scheduler, random});
  compute.addTemplate({name: 'runner', properties: {machineType: 't2a-standard-4', metadata: {items: []}}});
  bootRunners({github, machines: computeMachines(compute), bootMs: 15_000});

  const refused: number[] = [];
  const logger = createLogger({
    level: 'warning',
    destination: {write: (line) => /secondary rate limit/.test(line) && refused.push(scheduler.now())},
  });
  const store = createMemoryStore({clock: scheduler});
  const env = {...environmentOf(SETTING, github.app, queues), RUNNER_CONFIG: POOLS};
  const tasks = new InProcessTasks({
    timers: scheduler,
    provisionQueues: queues,
    limitsOf: {
      ...DEPLOYED_RATES,
      provision: {
        maxDispatchesPerSecond: apps * provision.maxDispatchesPerSecond,
        maxConcurrentDispatches: apps * provision.maxConcurrentDispatches,
      },
    },
    dispatch: (task) => dispatch(task),
  });
  const ports = {
    ...(apps > 1
      ? {apps: directApps(github, {isCharged: true})}
      : {github: directGitHub(github), discovery: directDiscovery(github, {isCharged: true})}),
    compute: directCompute(new ComputeApi(compute), 'world'),
  };
  const common = {env, clock: scheduler, logger, tasks};
  const webhook = createWebhook(common);
  const handlers = {
    provision: createProvision({...common, ...ports, random, store}),
    stop: createStop({...common, ...ports, random, store}),
    sweep: createSweep({...common, ...ports, random, store}),
  };
  async function dispatch({to, body, headers}: TaskRequest) {
    const answer = await callFunction(handlers[to], {
      headers: {...headers, authorization: BEARER[to]},
      body,
    });
    const retryAfter = Number(answer.headers['retry-after']);
    return {status: answer.status, ...(retryAfter > 0 ? {retryAfterSeconds: retryAfter} : {})};
  }
  github.addHook({
    secret: WEBHOOK_SECRET,
    deliver: async ({headers, body}) => {
      const {status} = await callFunction(webhook, {headers, body: Buffer.from(body)});
      return {status};
    },
  });

  let over = 0;
  github.observe((event) => {
    if (event.kind === 'job' && event.action === 'completed') over += 1;
  });
  const startMs = scheduler.now();
  const sweeps = {authorization: BEARER.sweep, 'content-type': 'application/json'};
  const sweepAt = (atMs: number): unknown =>
    scheduler.at(atMs, () => {
      void callFunction(handlers.sweep, {headers: sweeps, body: Buffer.from('{}')});
      sweepAt(atMs + MINUTE);
    });
  if (isSwept) sweepAt(startMs + MINUTE / 2);
  for (let job = 0; job < arrivals.jobs; job += 1) {
    scheduler.at(startMs + Math.round((job * arrivals.withinMs) / arrivals.jobs), () => {
      github.queueJob({
        repository: repositories[job % repositories.length] ?? REPOSITORY,
        labels: LABELS,
        durationMs: arrivals.durationMs,
      });
    });
  }
  await scheduler.run(startMs + limitMs, () => over === arrivals.jobs);
  await tasks.close();

  const vmsPerJob = new Map<string, number>();
  for (const {labels} of compute.created) {
    const job = labels['slipway-job'] ?? '';
    vmsPerJob.set(job, (vmsPerJob.get(job) ?? 0) + 1);
  }
  const requests = github.requests.map(({operationId, at, method}) => ({operationId, at: at - startMs, method}));
  const createdAtMs = requests.filter(({operationId}) => operationId === CREATE).map(({at}) => at);
  // From a minute after the first to the last one: the sweep has nothing saved up any more.
  const [from, to] = [(createdAtMs[0] ?? 0) + MINUTE, createdAtMs.at(-1) ?? 0];
  const others = requests.filter(({operationId, at}) => operationId !== CREATE && at >= from && at <= to);
  const points = others.reduce((sum, {method}) => sum + (method === 'GET' ? 1 : 5), 0);
  return {createdAtMs, refusals: refused.length, otherPoints: (points * MINUTE) / (to - from), vmsPerJob};
}
