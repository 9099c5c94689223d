import {ApiClient} from '../../api/client';
import {Questions} from '../../api/explain-client';
import {CommandLine, type Ended} from '../../builders/command-line';
import {aSystem, MINUTE, POOLS, type TestSystem} from '../../builders/system';
import {aVmSystem, VM} from '../../builders/vm-system';
import type {Job} from '../../emulators/github/job';
import {jobFields} from '../../emulators/github/payload';
import {MANAGER_SECRET} from '../../emulators/system';

jest.setTimeout(60_000);

let cli: CommandLine;
let system: TestSystem;

beforeAll(() => {
  cli = CommandLine.build();
});
afterAll(() => cli.remove());
afterEach(() => system.close());

const slipway = (...args: string[]) => slipwayFor(0, ...args);

/** Runs the command while the time passes, `tickMs` again and again, that the api's questions to GitHub take. */
async function slipwayFor(tickMs: number, ...args: string[]): Promise<Ended> {
  let isOver = false;
  const env = {SLIPWAY_API_URL: system.urls.api, SLIPWAY_API_SECRET: MANAGER_SECRET};
  const ended = cli.run(args, {env}).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await new Promise((resolve) => setImmediate(resolve));
    await system.pass(tickMs);
  }
  return ended;
}

const pageOf = (job: Readonly<Job>) =>
  `${system.github.webUrl}/${job.repository}/actions/runs/${job.runId}/job/${job.id}`;

const STOCK_OUT = {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'The zone does not have enough resources available.'};
const QUOTA = {code: 'QUOTA_EXCEEDED', message: "Quota 'CPUS' exceeded. Limit: 8.0 in region us-central1."};
const ONE = POOLS.replace('maxRunners: 5', 'maxRunners: 1');
const GROUP =
  'pools: [{name: arm, org: acme, requires: [self-hosted, linux], runnerGroup: ci, provider: {type: gce, template: runner-arm64, region: us-central1}}]';
const TWO_TRIES = {queueLimits: {maxAttempts: 2, minBackoffMs: 1_000}, env: {TASK_MAX_ATTEMPTS: '2'}};

type Options = NonNullable<Parameters<typeof aSystem>[0]>;

interface Situation {
  readonly verdict: string;
  readonly what: string;
  readonly options?: Options;
  /** With a persistent VM. */
  readonly hasVm?: true;
  /** Brings it about. Returns the job, or what the command is asked for. */
  readonly arrange: () => Promise<Readonly<Job> | string> | Readonly<Job> | string;
  /** Names the concrete thing. */
  readonly because: RegExp;
  /** The job waits for a runner of ours, so that /status shows it. */
  readonly waits?: true;
  /** How long the api's questions to GitHub sleep. */
  readonly sleeps?: true;
}

/** A job, after so many milliseconds. */
const after =
  (ms: number, options: Parameters<TestSystem['queueJob']>[0] = {}) =>
  async () => {
    const job = system.queueJob(options);
    await system.pass(ms);
    return job;
  };
const visible =
  (repository: string, visibility: 'private' | 'public', ms = MINUTE) =>
  async () => {
    system.github.addRepository(repository, {visibility});
    return after(ms, {repository})();
  };
/** After a beginning. */
const having = (begin: () => unknown, then: () => Promise<Readonly<Job>>) => async () => {
  await begin();
  return then();
};
const withoutWebhooks = () => {
  system.github.deliveries.faults = () => ({drop: true});
};
const gpu = (labels: string[] = []) => ({labels: ['self-hosted', 'gpu', ...labels]});

const SITUATIONS: readonly Situation[] = [
  {verdict: 'unknown_job', what: 'nobody knows it', arrange: () => '4711', because: /4711/},
  {
    verdict: 'running',
    what: 'it runs',
    arrange: having(
      () => undefined,
      async () => {
        const job = system.queueJob({durationMs: 60 * MINUTE});
        await system.pass(5 * MINUTE, () => job.status === 'in_progress');
        await system.pass(10_000);
        return job;
      },
    ),
    because: /on runner slipway-arm-/,
  },
  {verdict: 'completed', what: 'it is over', arrange: after(10 * MINUTE), because: /ended with success/},
  {
    verdict: 'not_ours',
    what: 'other labels',
    arrange: after(MINUTE, {labels: ['ubuntu-latest']}),
    because: /ubuntu-latest/,
  },
  {
    verdict: 'no_pool_matches',
    what: 'labels that no pool takes',
    arrange: after(MINUTE, {labels: ['self-hosted']}),
    because: /arm, which requires linux/,
  },
  {
    verdict: 'repository_not_served',
    what: 'a repository that no pool lists',
    arrange: visible('other/thing', 'private'),
    because: /no pool serves repository other\/thing/,
  },
  {
    verdict: 'public_repository',
    what: 'a public one',
    arrange: visible('acme/open', 'public'),
    because: /acme\/open is public/,
  },
  {
    verdict: 'not_installed',
    what: 'an App that is suspended',
    sleeps: true,
    arrange: having(() => {
      withoutWebhooks();
      for (const installation of system.github.app.installations()) installation.suspended = true;
    }, after(0)),
    because: /suspended/,
  },
  {
    verdict: 'waiting_for_approval',
    what: 'an approval',
    arrange: async () => {
      const shape = {repository: 'acme/app', labels: ['self-hosted', 'linux'], durationMs: MINUTE, needsApproval: true};
      const job = system.github.queueJob(shape);
      await system.pass(MINUTE);
      return job;
    },
    because: /approval/,
  },
  {
    verdict: 'waiting_for_concurrency',
    what: 'its concurrency group',
    arrange: having(withoutWebhooks, async () => {
      const job = system.queueJob();
      const fields = jobFields(job, system.github.webUrl);
      const body = {...fields, status: 'pending', head_sha: '3484a3f', head_branch: 'main', workflow_name: 'CI'};
      system.github.fault({match: {path: /actions\/jobs\/\d+$/}, respond: {status: 200, body}});
      return job;
    }),
    because: /concurrency group/,
  },
  {
    verdict: 'not_noticed_yet',
    what: 'a webhook that is switched off',
    arrange: having(withoutWebhooks, after(MINUTE)),
    because: /no delivery about job \S+ has been worked off since GitHub queued it 60 s ago/,
  },
  {
    verdict: 'not_noticed_yet',
    what: 'a wrong webhook secret',
    options: {env: {GITHUB_WEBHOOK_SECRET: 'the-webhook-secret-of-another-deployment'}},
    arrange: having(async () => {
      system.queueJob();
      await system.pass(10_000);
      await system.sweep();
    }, after(10_000)),
    because: /answered 401: the webhook’s secret at GitHub and GITHUB_WEBHOOK_SECRET differ/,
  },
  {
    verdict: 'waiting_for_slot',
    what: 'a full pool',
    options: {pools: ONE},
    waits: true,
    arrange: having(after(5 * MINUTE, {durationMs: 60 * MINUTE}), after(MINUTE)),
    because: /1 of 1 runner of pool arm .* the 1st in the queue/,
  },
  {
    verdict: 'breaker_open',
    what: 'a quota',
    waits: true,
    arrange: having(() => system.compute.failLate({times: 100, error: QUOTA}), after(90_000)),
    because: /quota\.us-central1 .*Quota 'CPUS' exceeded/,
  },
  {
    verdict: 'no_capacity',
    what: 'a stock-out',
    waits: true,
    arrange: having(() => system.compute.failLate({times: 100, error: STOCK_OUT}), after(20_000)),
    because: /no placement has capacity .*us-central1-a/,
  },
  {
    verdict: 'retrying',
    what: 'an error of GitHub',
    waits: true,
    arrange: having(() => {
      const respond = {status: 502, body: {message: 'Bad Gateway'}};
      system.github.fault({match: {path: /access_tokens/}, respond});
    }, after(4_000)),
    because: /502.*attempt 1 of 20/,
  },
  {
    verdict: 'creating',
    what: 'a process that died',
    options: {crash: {step: 9, side: 'after'}},
    waits: true,
    arrange: after(5_000),
    because: /slipway-arm-\d+-1 is being created/,
  },
  {
    verdict: 'booting',
    what: 'a boot',
    options: {bootMs: 30 * MINUTE},
    waits: true,
    arrange: after(MINUTE),
    because: /slipway-arm-\d+-1 has been booting .* in us-central1-/,
  },
  {
    verdict: 'booting',
    what: 'a boot that takes too long',
    options: {bootMs: 30 * MINUTE},
    arrange: async () => {
      const job = await after(6 * MINUTE)();
      for (const one of system.compute.instances()) {
        system.compute.print(one, '2026-11-01T12:00:07Z slipway: installing \u001b[31mnftables\r\n[ 9.1] eth0: up\r\n');
      }
      return job;
    },
    waits: true,
    because: /; the last line of its console: 2026-11-01T12:00:07Z slipway: installing nftables$/,
  },
  {
    verdict: 'runner_idle',
    what: 'a runner group that does not admit the repository',
    options: {pools: GROUP, sweepEverySeconds: 60},
    waits: true,
    arrange: having(
      () => {
        const organization = system.github.accounts.organization('acme');
        system.github.accounts.addRunnerGroup(organization, {name: 'ci', repositories: ['acme/web']});
      },
      after(4 * MINUTE),
    ),
    because: /is online and idle in runner group ci of organization acme/,
  },
  {
    verdict: 'vm_starting',
    what: 'a persistent VM that starts',
    hasVm: true,
    waits: true,
    arrange: after(3_000, gpu()),
    because: new RegExp(VM),
  },
  {
    verdict: 'vm_runner_offline',
    what: 'a persistent runner that is not registered',
    hasVm: true,
    waits: true,
    arrange: having(
      () => {
        for (const runner of system.github.runners.all()) system.github.runners.remove(runner);
      },
      after(8 * MINUTE, gpu()),
    ),
    because: new RegExp(`no runner ${VM} is registered`),
  },
  {
    verdict: 'vm_cannot_take_it',
    what: 'a label that the persistent runner lacks',
    hasVm: true,
    waits: true,
    arrange: after(2 * MINUTE, gpu(['cuda12'])),
    because: /asks for cuda12/,
  },
  {
    verdict: 'given_up',
    what: 'attempts that are used up',
    options: TWO_TRIES,
    waits: true,
    arrange: having(() => system.compute.failLate({times: 3, error: STOCK_OUT}), after(30 * MINUTE)),
    because: /no capacity/,
  },
];

test.each(SITUATIONS)('$what: `slipway why URL` says $verdict and why', async (situation) => {
  const {verdict, options, hasVm, arrange, because, waits, sleeps} = situation;
  system = await (hasVm ? aVmSystem(options) : aSystem(options));
  const job = await arrange();
  const asked = typeof job === 'string' ? job : pageOf(job);
  const shown = await slipwayFor(sleeps ? 10 : 0, 'why', asked);
  const code = verdict === 'unknown_job' || verdict === 'given_up' ? 1 : 0;
  expect([shown.stderr, shown.code]).toEqual(['', code]);
  const [first = '', second = '', third = ''] = shown.stdout.split('\n');
  expect(first).toMatch(new RegExp(`^${verdict}(, for .*)?$`));
  expect(second).toMatch(because);
  expect(third).toMatch(/^Do: ./);

  const questions = new Questions(system, new ApiClient(system.urls.api));
  const explained = await questions.explain(asked, sleeps ? 30_000 : 0);
  expect(explained).toMatchObject({verdict, because: second});
  for (const {what} of explained.timeline) expect(shown.stdout).toMatch(new RegExp(`\n\\S+Z +${what} `));
  const row = typeof job === 'string' ? undefined : await questions.waiting(job);
  expect(row?.['verdict']).toBe(waits ? verdict : undefined);
});

test('with --json it is what the api answered', async () => {
  system = await aSystem();
  const job = await after(MINUTE, {labels: ['self-hosted']})();
  const {code, stdout} = await slipway('why', `${pageOf(job)}?pr=7`, '--json');
  expect([code, JSON.parse(stdout)]).toMatchObject([0, {verdict: 'no_pool_matches', job: {id: job.id}}]);
});

test('the page of a job at another GitHub than that of GITHUB_API_URL says so', async () => {
  system = await aSystem();
  const ended = await slipway('why', 'https://ghes.example/acme/app/actions/runs/1/job/2');
  expect([ended.code, ended.stdout]).toEqual([2, '']);
  expect(ended.stderr).toContain(
    'the page is at https://ghes.example, and GITHUB_API_URL of this deployment is that of http://127.0.0.1',
  );
});

test('a text that names no job is exit code 2, and says what would', async () => {
  system = await aSystem();
  for (const text of ['abc', 'https://evil.example/acme/app']) {
    const ended = await slipway('why', text);
    expect([ended.code, ended.stdout]).toEqual([2, '']);
    expect(ended.stderr).toMatch(/^slipway: <job>: found no job in it; expected an id, <id>-<attempt>, or \S+\n$/);
  }
});

test('status shows the verdict and the reason of each job that waits', async () => {
  system = await aSystem({pools: ONE});
  system.queueJob({durationMs: 60 * MINUTE});
  await system.pass(5 * MINUTE);
  const second = system.queueJob();
  await system.pass(MINUTE);
  const {stdout} = await slipway('status');
  expect(stdout).toMatch(new RegExp(`\nWaiting jobs\nJOB .* WHY\n${second.id} .*waiting_for_slot: 1 of 1 runner`));
});
