import type {LogFields} from '../../shared/logger';
import {createLogger} from '../../shared/telemetry/create-logger';
import {compileQuery} from '../builders/logging-query';
import {aSystem, MINUTE, POOLS, type TestSystem} from '../builders/system';
import {incidents, logAlerts, requestFilters} from '../builders/terraform-alerts';
import {aVmSystem, FLAT, VM} from '../builders/vm-system';
import type {Job} from '../emulators/github/job';

jest.setTimeout(120_000);

let system: TestSystem;
afterEach(() => system?.close());

const STOCK_OUT = {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'The zone does not have enough resources available.'};

/** Has the repository `acme/web` left out. */
const APP_ONLY = POOLS.replaceAll('repos: ["acme/*"]', 'repos: [acme/app]');

interface Night {
  readonly cause: string;
  /** Keys of the alerts. */
  readonly fires: readonly string[];
  /** Brings it about, on a system that is swept every minute. Returns the job about which the first alert is. */
  readonly play: () => Promise<Readonly<Job> | undefined>;
  /** Of the first alert. */
  readonly sentence?: RegExp;
}

const swept = (options: Parameters<typeof aSystem>[0] = {}) => aSystem({sweepEverySeconds: 60, ...options});

/** A job runs on a runner whose version GitHub ends in so many days, while the sweep reads the versions. */
async function nightOfVersion(days: number): Promise<void> {
  system = await swept();
  system.github.releases.ends.set('2.335.0', {
    registration: null,
    runtime: system.scheduler.now() + days * 24 * 60 * MINUTE,
  });
  system.queueJob({durationMs: 30 * MINUTE});
  await system.pass(10 * MINUTE);
}

const NIGHTS: readonly Night[] = [
  {
    cause: 'nothing goes wrong: jobs run, others are for GitHub’s own runners',
    fires: [],
    play: async () => {
      system = await swept();
      system.queueJob();
      system.queueJob({labels: ['ubuntu-latest']});
      await system.pass(15 * MINUTE);
      return undefined;
    },
  },
  {
    cause: 'all runners of a pool are busy',
    fires: ['job_waits'],
    play: async () => {
      system = await swept({pools: POOLS.replace('maxRunners: 5', 'maxRunners: 1')});
      system.queueJob({durationMs: 60 * MINUTE});
      await system.pass(2 * MINUTE);
      const second = system.queueJob();
      await system.pass(16 * MINUTE);
      return second;
    },
    sentence: /waits: 1 of 1 runner of pool arm are busy/,
  },
  {
    cause: 'no pool takes the labels',
    fires: ['unserved'],
    play: async () => {
      system = await swept();
      const job = system.queueJob({labels: ['gpu']});
      await system.pass(5 * MINUTE);
      return job;
    },
    sentence: /no pool takes job .*: no pool of acme\/app takes the labels gpu: the nearest is spot/,
  },
  {
    cause: 'no pool serves the repository',
    fires: ['unserved'],
    play: async () => {
      system = await swept({pools: APP_ONLY});
      const job = system.queueJob({labels: ['self-hosted', 'gpu'], repository: 'acme/web'});
      await system.pass(5 * MINUTE);
      return job;
    },
    sentence: /no pool serves repository acme\/web/,
  },
  {
    cause: 'there is no capacity, until the task is given up',
    fires: ['dead_letter'],
    play: async () => {
      system = await swept({
        queueLimits: {maxAttempts: 2, minBackoffMs: 1_000},
        env: {TASK_MAX_ATTEMPTS: '2'},
      });
      system.compute.failLate({times: 6, error: STOCK_OUT});
      const job = system.queueJob();
      await system.pass(8 * MINUTE);
      return job;
    },
    sentence: /given up after 2 attempts: .*no capacity/,
  },
  {
    cause: 'GitHub answers 502',
    fires: ['breaker'],
    play: async () => {
      system = await aSystem();
      const path = /generate-jitconfig$|access_tokens$|actions\/runners/;
      system.github.fault({match: {path}, times: 10_000, respond: {status: 502, headers: {}, body: {}}});
      for (let i = 0; i < 5; i++) system.queueJob();
      await system.pass(5 * MINUTE);
      return undefined;
    },
  },
  {
    cause: 'no delivery arrives, and the sweep finds every job',
    fires: ['webhook_silent'],
    play: async () => {
      system = await swept();
      system.github.deliveries.faults = () => ({drop: true});
      await system.pass(55 * MINUTE);
      system.queueJob();
      await system.pass(10 * MINUTE);
      return undefined;
    },
    sentence: /look at the webhook’s URL, secret/,
  },
  {
    cause: 'the version of a runner that works ends in nine days',
    fires: ['runner_version'],
    play: async () => {
      await nightOfVersion(9.5);
      return undefined;
    },
    sentence: /2\.335\.0/,
  },
  {
    cause: 'the version of a runner that works ends in three weeks',
    fires: [],
    play: async () => {
      await nightOfVersion(21);
      return undefined;
    },
  },
  {
    cause: 'a persistent VM is not there',
    fires: ['alert', 'dead_letter'],
    play: async () => {
      const vms = await aVmSystem({pools: FLAT.replaceAll(VM, 'no-such-vm')});
      system = vms;
      const job = vms.queueGpuJob();
      await system.pass(5 * MINUTE);
      return job;
    },
  },
];

test.each(NIGHTS)('a night in which $cause fires $fires', async ({fires, play, sentence}) => {
  const job = await play();
  const opened = incidents(system.log);
  expect([...opened.keys()].sort()).toEqual([...fires].sort());
  const [first] = fires;
  const [shown = {}] = first ? (opened.get(first) ?? []) : [];
  if (sentence) expect(shown['message']).toMatch(sentence);
  if (job) {
    expect(shown).toMatchObject({job: `${job.id}-1`, url: expect.stringContaining(`/job/${job.id}`)});
  }
  // One cause is one incident, however often the line is written.
  for (const [, all] of opened) expect(all).toHaveLength(1);
});

describe('one line', () => {
  /** As the function writes it. */
  function firedBy(message: string, fields: LogFields, level: 'warning' | 'error' = 'warning'): string[] {
    const lines: string[] = [];
    const logger = createLogger({level: 'debug', destination: {write: (line) => lines.push(line)}});
    logger.with({function: 'sweep'})[level](message, fields);
    return [...incidents(lines).keys()];
  }
  const ends = (days_left: number): LogFields => ({
    decision: 'runner_version_ends',
    version: '2.329.0',
    ends_at: '2026-12-01',
    days_left,
  });
  const opened = (reason: string): LogFields => ({decision: 'breaker_open', reason});

  test.each<[string, LogFields, string[]]>([
    ['a runner version that ends in ten days', ends(10), ['runner_version']],
    ['a runner version that ends in eleven days', ends(11), []],
    ['a quota', opened('quota.us-central1'), ['quota']],
    ['a template that does not boot', opened('boot.runner-arm64'), ['boot_failure']],
    ['GitHub’s rate limit', opened('github.acme'), ['github_limit']],
    ['GitHub’s 5xx', opened('github-5xx'), ['breaker']],
    ['a breaker that does not exist yet', opened('cloud-run.europe-west1'), ['breaker']],
    ['a pool in which no job waits any more', {decision: 'waiting', count: 0, oldest_age_seconds: 0}, []],
    ['a line of another deployment’s function', {...opened('quota.x'), function: 'other'}, []],
  ])('%s', (_, fields, fires) => {
    expect(firedBy('it is so', fields)).toEqual(fires);
  });

  test('a function without its configuration says in the message what is wrong', () => {
    expect(firedBy('the function cannot work', {decision: 'failed', error: new Error('x')}, 'error')).toEqual([
      'broken',
    ]);
    expect(firedBy('one of many failed', {decision: 'failed', error: new Error('x')})).toEqual([]);
  });
});

test('each alert has a filter of its own and says what it extracts', () => {
  const alerts = logAlerts();
  expect(alerts.length).toBeGreaterThan(8);
  for (const {filter, extractors} of alerts) {
    expect(() => compileQuery(filter)).not.toThrow();
    expect(Object.keys(extractors).length).toBeGreaterThan(0);
  }
});

describe('requests', () => {
  const {errors, sweeps} = requestFilters();
  const answered = (service: string, status: number) => ({
    resource: {type: 'cloud_run_revision', labels: {service_name: `slipway-${service}`}},
    metric: {
      type: 'run.googleapis.com/request_count',
      labels: {response_code: String(status), response_code_class: `${Math.floor(status / 100)}xx`},
    },
  });

  test.each([
    ['webhook', 202, false],
    ['webhook', 503, true],
    ['api', 500, true],
    ['api', 404, false],
    ['sweep', 504, true],
    ['provision', 503, false],
    ['provision', 500, true],
    ['stop', 429, false],
    ['other', 500, false],
  ])('of %s that are answered %i count as errors: %s', (service, status, expected) => {
    expect(errors.some((filter) => compileQuery(filter)(answered(service, status)))).toBe(expected);
  });

  /** The statuses with which the functions answered in a night, by function. */
  const statuses = {
    webhook: () =>
      system.github.deliveries
        .list(() => true)
        .map(({statusCode}) => statusCode)
        .filter((status) => status > 0),
    provision: () =>
      system.tasks.model
        .queues()
        .flatMap((queue) => queue.pending())
        .flatMap(({previousStatus}) => previousStatus ?? []),
  };
  const countsAsError = (service: keyof typeof statuses) =>
    statuses[service]().some((status) => errors.some((filter) => compileQuery(filter)(answered(service, status))));

  test('are errors in a night in which the queue takes no task: the webhook answers 5xx', async () => {
    system = await aSystem();
    system.tasks.fault({times: 100, respond: {status: 'UNAVAILABLE'}});
    system.queueJob();
    await system.pass(MINUTE);
    expect(statuses.webhook()).toContain(503);
    expect(countsAsError('webhook')).toBe(true);
  });

  test('are none in a night in which jobs run', async () => {
    system = await aSystem();
    system.queueJob();
    await system.finish();
    expect(statuses.webhook()).toContain(202);
    expect(countsAsError('webhook')).toBe(false);
  });

  test('are none in a night in which GitHub is down and tasks are tried again', async () => {
    system = await aSystem();
    system.github.fault({
      match: {path: /access_tokens|runners/},
      times: 100,
      respond: {status: 502, body: {message: 'Bad Gateway'}},
    });
    system.queueJob();
    await system.pass(MINUTE);
    expect(statuses.provision()).toContain(503);
    expect(countsAsError('provision')).toBe(false);
  });

  test('to the sweep keep the alert away while it is called, and nothing else does when nobody calls it', async () => {
    system = await aSystem();
    const counts = compileQuery(sweeps);
    const night = async (calls: number) => {
      const answers: number[] = [];
      for (let call = 0; call < calls; call++) {
        answers.push((await system.sweeper.trigger()).status);
        await system.pass(MINUTE);
      }
      return answers.filter((status) => counts(answered('sweep', status))).length;
    };
    expect(await night(3)).toBe(3);
    // Jobs come and run all the same: no request of another function hides the silence.
    system.queueJob();
    await system.finish();
    expect(await night(0)).toBe(0);
    expect(statuses.webhook().some((status) => counts(answered('webhook', status)))).toBe(false);
  });

  test('to the sweep that are answered 2xx are no silence', () => {
    const counts = compileQuery(sweeps);
    expect([counts(answered('sweep', 200)), counts(answered('sweep', 503)), counts(answered('stop', 200))]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
