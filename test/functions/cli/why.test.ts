import {rmSync} from 'node:fs';
import {CommandLine, type Ended} from '../../builders/command-line';
import {aSystem, MINUTE, POOLS, type TestSystem} from '../../builders/system';
import type {Job} from '../../emulators/github/job';
import {MANAGER_SECRET} from '../../emulators/system';

jest.setTimeout(60_000);

let cli: CommandLine;
let system: TestSystem;

beforeAll(() => {
  cli = CommandLine.build();
});
afterAll(() => rmSync(cli.folder, {recursive: true, force: true}));
afterEach(() => system.close());

/** Runs the command while the time passes that the api's questions to GitHub take. */
async function slipway(...args: string[]): Promise<Ended> {
  let isOver = false;
  const env = {SLIPWAY_API_URL: system.urls.api, SLIPWAY_API_SECRET: MANAGER_SECRET};
  const ended = cli.run(args, {env}).finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await new Promise((resolve) => setImmediate(resolve));
    await system.pass(0);
  }
  return ended;
}

const pageOf = (job: Readonly<Job>) =>
  `${system.github.webUrl}/${job.repository}/actions/runs/${job.runId}/job/${job.id}`;

const STOCK_OUT = {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'The zone does not have enough resources available.'};

interface Situation {
  readonly verdict: string;
  readonly code: 0 | 1;
  readonly pools?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Brings it about. Returns what the command is asked for. */
  readonly arrange: () => Promise<string> | string;
  readonly because: RegExp;
}

const ONE = POOLS.replace('maxRunners: 5', 'maxRunners: 1');

test.each<Situation>([
  {
    verdict: 'unknown_job',
    code: 1,
    arrange: () => '4711',
    because: /./,
  },
  {
    verdict: 'running',
    code: 0,
    arrange: async () => {
      const job = system.queueJob({durationMs: 60 * MINUTE});
      await system.pass(5 * MINUTE, () => job.status === 'in_progress');
      await system.pass(10_000);
      return `${job.id}-1`;
    },
    because: /slipway-arm-/,
  },
  {
    verdict: 'completed',
    code: 0,
    arrange: async () => {
      const job = system.queueJob();
      await system.finish();
      return String(job.id);
    },
    because: /./,
  },
  {
    verdict: 'no_pool_matches',
    code: 0,
    arrange: async () => {
      const job = system.queueJob({labels: ['self-hosted']});
      await system.pass(MINUTE);
      return `${pageOf(job)}?pr=7`;
    },
    because: /arm, which requires linux/,
  },
  {
    verdict: 'waiting_for_slot',
    code: 0,
    pools: ONE,
    arrange: async () => {
      system.queueJob({durationMs: 60 * MINUTE});
      await system.pass(5 * MINUTE);
      const second = system.queueJob();
      await system.pass(MINUTE);
      return pageOf(second);
    },
    because: /1 of 1 runners? of pool arm/,
  },
  {
    verdict: 'given_up',
    code: 1,
    env: {TASK_MAX_ATTEMPTS: '2'},
    arrange: async () => {
      system.compute.failLate({times: 3, error: STOCK_OUT});
      const job = system.queueJob();
      await system.pass(30 * MINUTE);
      return String(job.id);
    },
    because: /no capacity/,
  },
])(
  'a job that is $verdict is explained, with exit code $code',
  async ({verdict, code, pools, env, arrange, because}) => {
    system = await aSystem({
      queueLimits: {maxAttempts: 2, minBackoffMs: 1_000},
      ...(pools ? {pools} : {}),
      ...(env ? {env} : {}),
    });
    const asked = await arrange();
    const shown = await slipway('why', asked);
    expect([shown.code, shown.stderr]).toEqual([code, '']);
    const [first = '', second = '', third = ''] = shown.stdout.split('\n');
    expect(first).toMatch(new RegExp(`^${verdict}(, for .*)?$`));
    expect(second).toMatch(because);
    expect(third).toMatch(/^Do: ./);

    const json = await slipway('why', asked, '--json');
    const answer = JSON.parse(json.stdout) as {
      verdict: string;
      because: string;
      timeline: {what: string}[];
      job: object | null;
    };
    expect([json.code, answer.verdict, answer.because]).toEqual([code, verdict, second]);
    if (answer.job) expect(shown.stdout).toMatch(/\n\nJob +\d+-1 of acme\/app\nLabels +self-hosted/);
    for (const {what} of answer.timeline) expect(shown.stdout).toMatch(new RegExp(`\n\\S+Z +${what} `));
  },
);

test('a text that names no job is exit code 2, and says what would', async () => {
  system = await aSystem();
  for (const text of ['abc', 'https://evil.example/acme/app/actions/runs/1/job/2']) {
    const ended = await slipway('why', text);
    expect([ended.code, ended.stdout]).toEqual([2, '']);
    expect(ended.stderr).toMatch(/^slipway: query job: found no job in it; expected an id, <id>-<attempt>, or \S+\n$/);
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
