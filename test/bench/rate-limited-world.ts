import {createProvision} from '../../functions/provision/index';
import {createStop} from '../../functions/stop/index';
import {createWebhook} from '../../functions/webhook/index';
import {createMemoryStore} from '../../shared/store/memory';
import {InProcessTasks, type TaskRequest} from '../../shared/tasks/local/in-process';
import {createLogger} from '../../shared/telemetry/create-logger';
import {ComputeApi} from '../emulators/compute/api';
import {directCompute} from '../emulators/compute/direct';
import {computeMachines} from '../emulators/compute/machine-world';
import {ComputeWorld} from '../emulators/compute/model';
import {directGitHub} from '../emulators/github/direct';
import {GitHubWorld} from '../emulators/github/model';
import {SECONDARY_LIMIT} from '../emulators/github/rate-limits';
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
    repos: ["acme/*"]
    requires: [self-hosted, linux]
    maxRunners: 20000
    provider: {type: gce, template: runner, zones: [us-central1-a, us-central1-b, us-central1-f]}`;

/** Of the simulation; the pools are our own. */
const SETTING = {maxRunners: {}, idleMinutes: 10} as Setting;
const CREATE = 'actions/generate-runner-jitconfig (direct)';

export interface Arrivals {
  readonly jobs: number;
  /** From the first to the last. */
  readonly withinMs: number;
  readonly durationMs: number;
}

export interface Provisioned {
  /** When each JIT config was asked for and given, in milliseconds of the virtual clock, in order. */
  readonly createdAtMs: readonly number[];
  /** Answers of the secondary limit. */
  readonly refusals: number;
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
  limitMs = 4 * 3600_000,
): Promise<Provisioned> {
  const scheduler = new EventScheduler();
  const random = new SeededRandom(1);
  const github = new GitHubWorld({
    scheduler,
    random,
    authClock: scheduler,
    rateLimits: {secondary: SECONDARY_LIMIT, primary: Number.POSITIVE_INFINITY},
  });
  github.addRepository(REPOSITORY);
  const compute = new ComputeWorld({scheduler, random});
  compute.addTemplate({name: 'runner', properties: {machineType: 't2a-standard-4', metadata: {items: []}}});
  bootRunners({github, machines: computeMachines(compute), bootMs: 15_000});

  const refused: number[] = [];
  const logger = createLogger({
    level: 'warning',
    destination: {write: (line) => /secondary rate limit/.test(line) && refused.push(scheduler.now())},
  });
  const store = createMemoryStore({clock: scheduler});
  const env = {...environmentOf(SETTING, github.app), RUNNER_CONFIG: POOLS};
  const tasks = new InProcessTasks({
    timers: scheduler,
    limitsOf: {...DEPLOYED_RATES, provision},
    dispatch: (task) => dispatch(task),
  });
  const ports = {
    github: directGitHub(github),
    compute: directCompute(new ComputeApi(compute), 'world'),
  };
  const common = {env, clock: scheduler, logger, tasks};
  const webhook = createWebhook(common);
  const handlers = {
    provision: createProvision({...common, ...ports, random, store}),
    stop: createStop({...common, ...ports, random, store}),
  };
  async function dispatch({to, body, headers}: TaskRequest) {
    if (to === 'sweep') throw new RangeError('found no sweep in this world');
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
  for (let job = 0; job < arrivals.jobs; job += 1) {
    scheduler.at(startMs + Math.round((job * arrivals.withinMs) / arrivals.jobs), () => {
      github.queueJob({repository: REPOSITORY, labels: LABELS, durationMs: arrivals.durationMs});
    });
  }
  await scheduler.run(startMs + limitMs, () => over === arrivals.jobs);
  await tasks.close();

  const vmsPerJob = new Map<string, number>();
  for (const {labels} of compute.created) {
    const job = labels['slipway-job'] ?? '';
    vmsPerJob.set(job, (vmsPerJob.get(job) ?? 0) + 1);
  }
  const createdAtMs = github.requests.filter(({operationId}) => operationId === CREATE).map(({at}) => at - startMs);
  return {createdAtMs, refusals: refused.length, vmsPerJob};
}
