import {CommandLine, type Ended, type RunOptions} from '../../builders/command-line';
import {aSystem, MINUTE, type TestSystem} from '../../builders/system';
import {aVmSystem} from '../../builders/vm-system';
import {MANAGER_SECRET, QUEUES} from '../../emulators/system';

jest.setTimeout(60_000);

let cli: CommandLine;
let system: TestSystem;

beforeAll(() => {
  cli = CommandLine.build();
});
afterAll(() => cli.remove());
beforeEach(async () => {
  system = await aSystem({
    queueLimits: {maxAttempts: 2, minBackoffMs: 1_000},
    env: {TASK_MAX_ATTEMPTS: '2'},
  });
});
afterEach(() => system.close());

function slipway(args: readonly string[], options: RunOptions = {}): Promise<Ended> {
  const env = {SLIPWAY_API_URL: system.urls.api, SLIPWAY_API_SECRET: MANAGER_SECRET, ...options.env};
  return cli.run(args, {...options, env});
}

/** What a command prints with `--json`; it has to succeed. */
async function json(...args: string[]): Promise<unknown> {
  const {code, stdout, stderr} = await slipway([...args, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
}

async function runningJob() {
  const job = system.queueJob({durationMs: 20 * MINUTE});
  await system.pass(30 * MINUTE, () => job.status === 'in_progress');
  await system.pass(10_000);
  return job;
}

/** A job whose every attempt failed. */
async function givenUp() {
  system.compute.failLate({
    times: 3,
    error: {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'The zone does not have enough resources available.'},
  });
  const job = system.queueJob();
  await system.pass(30 * MINUTE);
  return job;
}

describe('status', () => {
  test('shows pools, runners, what waits, and what is given up', async () => {
    const running = await runningJob();
    const {code, stdout, stderr} = await slipway(['status']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(
      /^POOL +USED +REQUESTED +CREATING +BOOTING +IDLE +BUSY +DRAINING\narm +1 of 5 +- +- +- +- +1 /,
    );
    expect(stdout).toMatch(new RegExp(`\nActive runners\nRUNNER .*\n\\S+ +busy +arm +${running.id} `));
    expect(stdout).toContain('There was no sweep yet.');
    expect(stdout).not.toContain('dead letter');

    const lost = await givenUp();
    await system.sweep();
    const later = await slipway(['status']);
    expect(later.stdout).toMatch(new RegExp(`\nWaiting jobs\nJOB .*\n${lost.id} .*acme/app +self-hosted, linux`));
    expect(later.stdout).toContain('There is 1 dead letter: slipway deadletters');
    expect(later.stdout).toContain('The last sweep ended 0s ago');
  });

  test('--json prints what api answers', async () => {
    expect(await json('status')).toMatchObject({
      max_concurrent: 25,
      pools: [{name: 'arm'}, {name: 'spot'}],
    });
  });

  test('--watch shows it again and again; with --json one line each time', async () => {
    const lines = (stdout: string) => stdout.split('\n').filter(Boolean);
    const watched = await slipway(['status', '--watch', '--every', '1', '--json'], {
      until: (stdout) => lines(stdout).length >= 2,
    });
    for (const line of lines(watched.stdout)) expect(JSON.parse(line)).toMatchObject({max_concurrent: 25});
  });

  test('--watch on a terminal draws over what stands there, and says since when it is stale', async () => {
    const watched = slipway(['status', '--watch', '--every', '1', '--timeout', '5'], {
      env: {SLIPWAY_FORCE_TTY: '100', NO_COLOR: '1'},
      until: (stdout) => {
        if (stdout.includes('every 1 s')) void system.close();
        return stdout.includes('Stale since');
      },
    });
    const {stdout} = await watched;
    const [first, ...again] = stdout.split('\x1b[H').filter((drawn) => drawn.includes('POOL'));
    expect(first).toContain('POOL');
    expect(again.at(-1)).toMatch(/arm +0 of 5[\s\S]*Stale since \d\d:\d\d:\d\d UTC: http:\S+ cannot be reached/);
    system = await aSystem();
  });
});

describe('lists', () => {
  test('jobs are filtered by status, pool and repository', async () => {
    const running = await runningJob();
    const waiting = await givenUp();
    const {code, stdout} = await slipway(['jobs']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^JOB +STATUS +POOL +REPOSITORY +LABELS +RUNNER +QUEUED\n/);
    expect(stdout).toMatch(new RegExp(`\n${running.id}-1 +completed +arm +acme/app +self-hosted, linux +slipway-arm-`));
    expect(stdout).toMatch(new RegExp(`\n${waiting.id}-1 +given up +arm +acme/app`));
    for (const [filter, ids] of [
      [['--status', 'completed'], [running.id]],
      [['-s', 'queued', '-p', 'arm', '-R', 'acme/app'], [waiting.id]],
      [['--repo', 'ACME/app', '--run', String(running.runId)], [running.id]],
      [['--repo', 'acme/web'], []],
      [['-l', 'Linux', '-l', 'self-hosted', '-s', 'completed'], [running.id]],
      [['--label', 'gpu'], []],
    ] as const) {
      const found = (await json('jobs', ...filter)) as {job_id: number}[];
      expect(found.map(({job_id}) => job_id)).toEqual(ids);
    }
  });

  test('a list goes on over pages until the limit, and says that there is more', async () => {
    for (let i = 0; i < 4; i++) await json('create', 'arm', '-R', 'acme/app');
    const all = (await json('runners')) as {id: string}[];
    expect(all.map(({id}) => id.replace(/\d.*/, ''))).toEqual(Array(4).fill('slipway-arm-'));
    const {stdout, stderr} = await slipway(['runners', '--limit', '2', '--json']);
    expect(JSON.parse(stdout)).toEqual(all.slice(0, 2));
    expect(stderr).toBe('there are more than 2: --limit 20 shows more of them\n');
  });

  test('runners tell their state, job and place', async () => {
    const job = await runningJob();
    const {stdout} = await slipway(['runners', '--state', 'busy,idle', '--pool', 'arm']);
    expect(stdout).toMatch(
      new RegExp(`^RUNNER .*\nslipway-arm-${job.id}-1 +busy .* arm +${job.id} +acme/app +us-central1-`),
    );
  });

  test.each([
    [['jobs'], 'found no jobs\n'],
    [['jobs', '--pool', 'arm'], 'found no jobs like that\n'],
    [['deadletters'], 'found no dead letters\n'],
  ])('%j without anything to show says so on stderr', async (args, said) => {
    expect(await slipway(args)).toEqual({code: 0, stdout: '', stderr: said});
    expect(await json(...args)).toEqual([]);
  });
});

describe('create and delete', () => {
  test('make runners, and remove one', async () => {
    const dry = await slipway(['create', 'arm', '--repo', 'acme/app', '--count', '2', '--dry-run']);
    expect(dry).toMatchObject({code: 0, stderr: 'dry run: 2 runners would be made\n'});
    expect(await json('runners', '--pool', 'arm')).toEqual([]);

    const created = await slipway(['create', 'arm', '-R', 'acme/app', '-n', '2', '-l', 'extra']);
    expect(created.stdout).toMatch(/^RUNNER +STATE\n(slipway-arm-\d+-\d+ +requested\n){2}$/);
    const [first, second] = (await json('runners', '-p', 'arm')) as {id: string; labels: string[]}[];
    expect(first?.labels).toContain('extra');

    expect(await slipway(['delete', String(first?.id)])).toEqual({
      code: 0,
      stdout: `${first?.id}: draining\n`,
      stderr: '',
    });
    await system.pass(MINUTE);
    const left = (await json('runners', '-p', 'arm', '-s', 'idle,booting,creating,requested')) as {id: string}[];
    expect(left.map(({id}) => id)).toEqual([second?.id]);
  });

  test('with the same idempotency key no more are made', async () => {
    const key = ['create', 'arm', '-R', 'acme/app', '--idempotency-key', 'k'];
    expect(await json(...key)).toEqual(await json(...key));
    expect(await json('runners', '-p', 'arm')).toHaveLength(1);
  });

  test('a busy runner is not removed without --force', async () => {
    const job = await runningJob();
    const runner = `slipway-arm-${job.id}-1`;
    const refused = await slipway(['delete', runner]);
    expect(refused).toMatchObject({code: 1, stdout: ''});
    expect(refused.stderr).toMatch(/^slipway: runner \S+ runs a job; .* \(runner-busy\)\n$/);
    expect(await json('delete', runner, '--force')).toEqual({status: 'draining'});
  });
});

test('costs are a table with its total, and notes beside it', async () => {
  const none = await slipway(['costs', '--days', '1']);
  expect(none).toMatchObject({code: 0, stdout: ''});
  expect(none.stderr).toContain('no machine ended in the last day\n');

  system.queueJob({durationMs: 10 * MINUTE});
  await system.sweepFor(20 * MINUTE);
  const {code, stdout, stderr} = await slipway(['costs', '--by', 'repository']);
  expect(code).toBe(0);
  expect(stdout).toMatch(
    /^REPOSITORY +JOBS +TIME +USD +GITHUB-HOSTED USD\nacme\/app +1 +1\dm +- +0\.\d\d\ntotal +1 +1\dm +- +0\.\d\d\n$/,
  );
  expect(stderr).toMatch(
    /^some machine types have no known price: .*\nlist prices of \d{4}-\d\d-\d\d; an estimate, .*\n$/,
  );
  expect(await json('costs', '--days', '2', '--by', 'day')).toMatchObject({days: 2, by: 'day', total: {jobs: 1}});
  expect(await slipway(['costs', '--days', '91'])).toMatchObject({code: 2, stdout: ''});
});

test('start and stop move the only persistent VM, or the one of the pool', async () => {
  const vms = await aVmSystem();
  const power = (...args: string[]) => slipway(args, {env: {SLIPWAY_API_URL: vms.urls.api}});
  try {
    expect(await power('start', '--dry-run')).toEqual({code: 0, stdout: 'the VM starts (dry run)\n', stderr: ''});
    const started = {code: 0, stdout: `the VM of pool ${vms.pool} starts\n`, stderr: ''};
    expect(await power('start', vms.pool)).toEqual(started);
    await vms.pass(2 * MINUTE);
    expect(JSON.parse((await power('start', '--json')).stdout)).toEqual({status: 'already_running'});

    const job = vms.queueGpuJob(30 * MINUTE);
    await vms.pass(5 * MINUTE, () => job.status === 'in_progress');
    await vms.pass(10_000);
    const busy = await power('stop');
    expect(busy).toMatchObject({code: 1, stdout: ''});
    expect(busy.stderr).toMatch(/^slipway: the VM runs a job, .*; --force stops it and ends the job\n$/);
    expect(await power('stop', '--force')).toEqual({code: 0, stdout: 'the VM is on its way down\n', stderr: ''});
    const early = 'slipway: the VM is on its way down: try again in a minute\n';
    expect(await power('start')).toEqual({code: 1, stdout: '', stderr: early});
  } finally {
    await vms.close();
  }
});

test('dead letters are listed, and tried again: the job runs', async () => {
  const job = await givenUp();
  const {stdout} = await slipway(['deadletters']);
  expect(stdout).toMatch(/^ID +AGE +JOB +TRIES +ERROR\n/);
  expect(stdout).toMatch(new RegExp(`\njob-${job.id}-1 .*${job.id}-1 +2 +no capacity for slipway-arm-`));
  const [letter] = (await json('deadletters')) as {id: string}[];

  const dry = await slipway(['retry', String(letter?.id), '--dry-run']);
  expect(dry).toEqual({code: 0, stdout: `${letter?.id}: would be enqueued\n`, stderr: ''});
  expect(system.tasks.queue(QUEUES.provision).pending()).toEqual([]);
  expect(await json('retry', String(letter?.id))).toEqual([{status: 'enqueued', task: expect.any(String)}]);
  await system.finish();
  expect(job.conclusion).toBe('success');

  const again = await slipway(['retry', String(letter?.id)]);
  expect(again).toMatchObject({code: 1, stdout: ''});
  expect(again.stderr).toContain(`found no dead letter ${letter?.id}`);
});

test('a job that its VM cannot take is in one table of status', async () => {
  const vms = await aVmSystem();
  try {
    const job = vms.queueJob({labels: ['self-hosted', 'gpu', 'cuda12']});
    await vms.sweepFor(5 * MINUTE);
    const env = {SLIPWAY_API_URL: vms.urls.api};
    const {unserved_jobs, waiting_jobs} = JSON.parse((await slipway(['status', '--json'], {env})).stdout) as {
      unserved_jobs: unknown[];
      waiting_jobs: unknown[];
    };
    expect([unserved_jobs.length, waiting_jobs.length]).toEqual([1, 0]);
    const {stdout} = await slipway(['status'], {env});
    expect(stdout.match(/cuda12, which runner/g)).toHaveLength(1);
    expect(stdout).toMatch(new RegExp(`\nJobs that no pool takes\nJOB .*\n${job.id} .*vm_cannot_take_it`));
    expect(stdout).not.toContain('Waiting jobs');
  } finally {
    await vms.close();
  }
});

describe('open', () => {
  test('opens the page by the browser that is set', async () => {
    const seen = `${cli.folder}/seen`;
    const browser = cli.write(
      'bin/browser',
      `#!/bin/sh\nprintf %s "$1" > ${seen}.part && /bin/mv ${seen}.part ${seen}\n`,
      0o755,
    );
    const {code, stdout} = await slipway(['open'], {env: {BROWSER: browser}});
    expect([code, stdout]).toEqual([0, `${system.urls.api}docs\n`]);
    expect(await json('open')).toEqual({url: `${system.urls.api}docs`});
  });

  test('without a browser says what to do', async () => {
    const ended = await slipway(['open'], {env: {BROWSER: '/no/such/browser'}});
    expect(ended).toMatchObject({code: 1, stdout: `${system.urls.api}docs\n`});
    expect(ended.stderr).toBe('slipway: /no/such/browser cannot be started: open the address above yourself\n');
    expect(await slipway(['open', '--print'])).toMatchObject({code: 0, stderr: ''});
  });
});

test('doctor shows each check, then what to do; only an error is exit code 1', async () => {
  await system.sweep();
  const well = await slipway(['doctor']);
  expect([well.code, well.stderr]).toEqual([0, '']);
  expect(well.stdout).toMatch(/^STATUS +CHECK +BECAUSE\nok +configuration +the configuration is valid/);
  expect(well.stdout).not.toContain('Do:');

  system.github.app.events = [];
  system.compute.setQuota('us-central1', 'CPUS', 4);
  const ill = await slipway(['doctor']);
  expect([ill.code, ill.stderr]).toEqual([1, '']);
  expect(ill.stdout).toMatch(/\n\napp\.events: the App does not receive .*\nDo: Subscribe to the event/);
  const {code, stdout} = await slipway(['doctor', '--json']);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({status: 'error', findings: expect.any(Array)});

  system.github.app.events = ['workflow_job'];
  system.compute.setQuota('us-central1', 'PREEMPTIBLE_CPUS', 1);
  expect(await slipway(['doctor'])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/\nwarning +pool\.spot\.quota/),
  });
});

test('the secret may be in a file, and a wrong one is told without being shown', async () => {
  const file = cli.write('secret', `${MANAGER_SECRET}\n`);
  const env = {SLIPWAY_API_SECRET: ''};
  expect(await slipway(['jobs', '--secret-file', file], {env})).toMatchObject({code: 0});
  expect(
    await slipway(['--secret-file', file, '--url', system.urls.api, 'jobs'], {env: {...env, SLIPWAY_API_URL: ''}}),
  ).toMatchObject({
    code: 0,
  });
  const wrong = await slipway(['jobs'], {env: {SLIPWAY_API_SECRET: 'hunter2'}});
  expect(wrong).toEqual({
    code: 1,
    stdout: '',
    stderr: 'slipway: api does not know the secret: check --secret-file or SLIPWAY_API_SECRET (401)\n',
  });
});

test('test shows what a pool would do, and makes the runner with --yes; cleanup shows, and removes with --yes', async () => {
  const shown = await slipway(['test', 'arm', '-R', 'acme/app']);
  expect([shown.code, shown.stderr]).toEqual([
    0,
    expect.stringMatching(/^dry run: --name slipway-arm-t[a-z0-9]{10}-1 --yes makes this runner\n$/),
  ]);
  expect(shown.stdout).toMatch(
    /^create: pool arm takes the job[^\n]*\nrunner (slipway-arm-t[a-z0-9]{10}-1): labels self-hosted, linux\n\nPLACE /,
  );
  const name = /runner (\S+):/.exec(shown.stdout)?.[1] ?? '';
  expect(await slipway(['test', 'arm', '-R', 'acme/app', '-l', 'nothing'])).toMatchObject({code: 1});
  expect(await json('test', 'arm', '-R', 'acme/app', '--name', name, '--yes')).toMatchObject({
    name,
    state: 'requested',
  });
  await system.pass(2 * MINUTE);

  const dry = await slipway(['cleanup', 'all']);
  expect(dry.stdout).toMatch(new RegExp(`\nmachine +${name} +us-central1-\\S+ +would go `));
  expect(dry.stderr).toBe('dry run: 1 thing would be removed; --yes --confirm DEPLOYMENT removes them\n');
  const unconfirmed = await slipway(['cleanup', 'all', '--yes']);
  expect([unconfirmed.code, unconfirmed.stdout]).toEqual([2, '']);
  const real = await slipway(['cleanup', 'all', '--yes', '--confirm', 'slipway']);
  expect([real.code, real.stderr]).toEqual([0, 'removed 1 thing\n']);
  await system.pass(3 * MINUTE);
  expect(system.compute.instances()).toEqual([]);
});
