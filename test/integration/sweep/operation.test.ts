import {jobKeyOf} from '../../../shared/lifecycle/naming';
import {aJob, aRunner} from '../../builders/lifecycle';
import {aSystem, expectClean, MINUTE, POOLS, type TestSystem} from '../../builders/system';

jest.setTimeout(120_000);

const SPOT = ['self-hosted', 'gpu'];

let system: TestSystem;
afterEach(() => system.close());

const calls = (operation: RegExp) => system.github.requests.filter(({operationId}) => operation.test(operationId));

describe('who may call it', () => {
  test.each([
    ['nobody', 401, undefined],
    ['another account', 403, 'evil@evil.example'],
  ])('%s is refused', async (_, status, email) => {
    system = await aSystem();
    const token = email && (await system.oidc.token({audience: system.urls.sweep, email}));
    const headers = token ? {authorization: `Bearer ${token}`} : {};
    const response = await fetch(system.urls.sweep, {method: 'POST', headers});
    expect(response.status).toBe(status);
    expect(system.github.requests).toEqual([]);
  });

  test('by GET is refused', async () => {
    system = await aSystem();
    expect((await fetch(system.urls.sweep)).status).toBe(405);
  });
});

describe('without webhooks', () => {
  test('jobs run and go, found every ten seconds', async () => {
    system = await aSystem({env: {WEBHOOKS: 'off'}, sweepEverySeconds: 10});
    for (let i = 0; i < 3; i++) system.queueJob();
    system.queueJob({repository: 'acme/web', labels: SPOT});
    await system.finish(20 * MINUTE);
    expect(system.jobs.map(({conclusion}) => conclusion)).toEqual(Array(4).fill('success'));
    expect(system.compute.created).toHaveLength(4);
    expect(calls(/deliveries/)).toEqual([]);
    expectClean(system);
  });

  test('and with a personal token for the repositories that the pools spell out', async () => {
    const pools = POOLS.replaceAll('["acme/*"]', '["acme/app"]');
    system = await aSystem({pools, sweepEverySeconds: 10, env: {WEBHOOKS: 'off'}, asUser: true});
    const job = system.queueJob();
    await system.finish(20 * MINUTE);
    expect(job.conclusion).toBe('success');
    expect(calls(/list-for-authenticated-user/)).toEqual([]);
  });
});

describe('a dry run', () => {
  test('that is asked for says what it would do, and changes nothing', async () => {
    system = await aSystem();
    system.github.deliveries.faults = () => ({drop: true});
    system.queueJob();
    await system.pass(2 * MINUTE);
    const report = await system.sweep('?dry-run=true');
    expect(report).toMatchObject({status: 'dry_run', decided: {uncovered_job: 1}, done: {}});
    await system.pass(10 * MINUTE);
    expect(system.compute.created).toEqual([]);
    expect(system.tasks.requests).toEqual([]);
    expect(await system.store.get('locks', 'sweep')).toBeUndefined();
  });

  test('that is asked for while GitHub fails counts nothing against it, and the next sweep sees what it saw', async () => {
    system = await aSystem();
    system.github.deliveries.faults = () => ({drop: true});
    system.queueJob();
    await system.pass(2 * MINUTE);
    const path = /actions\/runs/;
    system.github.fault({match: {path}, times: 10_000, respond: {status: 502, headers: {}, body: {}}});
    for (let i = 0; i < 6; i++) expect((await system.sweep('?dry-run=true')).incomplete).toContain('acme/app');
    expect(await system.store.count('breakers', {})).toBe(0);
    system.github.faults.clear();
    await system.sweep('?dry-run=true');
    expect(await system.sweep()).toMatchObject({status: 'done', decided: {uncovered_job: 1}});
  });

  test('of the whole deployment remembers what it saw, and changes nothing else', async () => {
    system = await aSystem({env: {DRY_RUN: 'true'}, failsToBoot: () => true});
    const labels = {'slipway-deployment': 'slipway', 'slipway-pool': 'arm'};
    system.compute.addInstance({name: 'slipway-arm-7-1', zone: 'us-central1-a', labels, status: 'RUNNING'});
    await system.sweepFor(20 * MINUTE);
    const last = system.sweeper.answers.at(-1)?.body;
    expect(last).toMatchObject({status: 'dry_run', decided: {orphan: 1}, done: {}});
    expect(system.compute.instances()).toHaveLength(1);
    expect(system.log.filter((line) => line.includes('would delete_vm for orphan'))).not.toEqual([]);
  });
});

describe('two sweeps', () => {
  test('at once: one works, the other leaves', async () => {
    system = await aSystem();
    const answers = await Promise.all([system.sweep(), system.sweep()]);
    expect(answers.map(({status}) => status).sort()).toEqual(['done', 'held']);
  });

  test('of which the first died: the second takes over after ten minutes', async () => {
    system = await aSystem();
    await system.sweep();
    const lock = await system.store.get('locks', 'sweep');
    if (!lock) throw new Error('no lock');
    await system.store.transaction(async (transaction) =>
      transaction.set('locks', 'sweep', {...lock, holder: 'dead', leaseUntil: system.scheduler.now() + 10 * MINUTE}),
    );
    await system.pass(9 * MINUTE);
    expect((await system.sweep()).status).toBe('held');
    await system.pass(MINUTE);
    expect((await system.sweep()).status).toBe('done');
  });
});

test('what it saw and did is kept for whoever asks for the state', async () => {
  system = await aSystem();
  const report = await system.sweep();
  const {status: _, ...summary} = report;
  expect((await system.store.get('locks', 'sweep'))?.last).toEqual(summary);
});

/** A VM and a runner in each repository, as they stand on record. */
async function busyRunners({compute, store}: TestSystem, repositories: readonly string[]): Promise<void> {
  for (const [n, repository] of repositories.entries()) {
    const [owner = '', repo = ''] = repository.split('/');
    const job = aJob({jobId: 2_000 + n, repository});
    const runner = aRunner(job, {
      state: 'busy',
      covers: null,
      runs: jobKeyOf(job),
      installationId: null,
      scope: {kind: 'repository', owner, repo},
    });
    const labels = {'slipway-deployment': 'slipway', 'slipway-pool': 'arm'};
    compute.addInstance({name: runner.name, zone: 'us-central1-a', labels, status: 'RUNNING'});
    await store.transaction(async (transaction) => transaction.set('runners', runner.name, runner));
  }
}

describe('many repositories', () => {
  const many = (count: number) => Array.from({length: count}, (_, n) => `acme/repo-${String(n).padStart(4, '0')}`);

  test('cost fewer than 500 calls in an hour of sweeps, when nothing happens in 1,000 of them', async () => {
    system = await aSystem({repositories: many(1_000)});
    await system.sweepFor(60 * MINUTE);
    expect(system.sweeper.answers).toHaveLength(60);
    expect(system.github.requests.length).toBeGreaterThan(300);
    expect(system.github.requests.length).toBeLessThan(500);
    expect(system.github.violations).toEqual([]);
  });

  test('are all looked into, in turn', async () => {
    system = await aSystem({repositories: many(60), env: {WEBHOOKS: 'off'}});
    system.github.deliveries.faults = () => ({drop: true});
    const job = system.queueJob({repository: 'acme/repo-0059'});
    await system.sweepFor(15 * MINUTE);
    expect(job.status).not.toBe('queued');
    const looked = new Set(calls(/list-workflow-runs/).map(({path}) => path));
    expect(looked.size).toBe(60);
  });

  test('are gone on with where the time was up', async () => {
    system = await aSystem({repositories: many(10), env: {WEBHOOKS: 'off', SWEEP_BUDGET_SECONDS: '4'}});
    // Each call takes a second.
    const push = system.github.requests.push.bind(system.github.requests);
    system.github.requests.push = (...requests) => {
      system.scheduler.advance(1_000);
      return push(...requests);
    };
    const reports = [];
    for (let sweep = 0; sweep < 12; sweep++) {
      reports.push(await system.sweep());
      system.scheduler.advance(MINUTE);
    }
    expect(reports[0]?.finished).toBe(false);
    expect(new Set(calls(/list-workflow-runs/).map(({path}) => path)).size).toBe(10);
  });

  test('with a runner each have their runners listed in turn, at half of the calls that are saved up', async () => {
    const repositories = many(100);
    system = await aSystem({repositories});
    await busyRunners(system, repositories);
    const listed: number[] = [];
    for (let sweep = 0; sweep < 3; sweep++) {
      const before = calls(/list-self-hosted-runners/).length;
      const {decided, incomplete} = await system.sweep();
      expect([decided, incomplete]).toEqual([{}, []]);
      listed.push(calls(/list-self-hosted-runners/).length - before);
      system.scheduler.advance(MINUTE);
    }
    expect(Math.max(...listed)).toBeLessThanOrEqual(60);
    expect(new Set(calls(/list-self-hosted-runners/).map(({path}) => path)).size).toBe(100);
  });

  test('are left alone while less than 30 % of the hour’s limit is left', async () => {
    system = await aSystem({repositories: many(50), env: {WEBHOOKS: 'off'}});
    system.github.limits.primary = 30;
    await system.sweepFor(10 * MINUTE);
    const counted = system.github.requests.filter(({operationId}) => operationId.startsWith('actions/'));
    expect(counted.length).toBeLessThan(25);
  });
});

describe('a job under a spot VM that is taken back', () => {
  const lose = async (job: {readonly status: string}) => {
    await system.pass(5 * MINUTE, () => job.status === 'in_progress');
    await system.pass(10_000);
    const [machine] = system.compute.instances();
    if (!machine) throw new Error('no VM');
    system.compute.preempt(machine);
  };
  const rerunning = POOLS.replace('spot: prefer}', 'spot: prefer}\n    rerunOnPreemption: true');

  test('is logged with its page, and run once more where the pool says so', async () => {
    system = await aSystem({pools: rerunning, sweepEverySeconds: 60});
    const job = system.queueJob({labels: SPOT, durationMs: 10 * MINUTE});
    await lose(job);
    await system.pass(60 * MINUTE);
    expect(job).toMatchObject({conclusion: 'failure', ending: 'lost'});
    expect(system.log.find((line) => line.includes('was preempted under a job'))).toContain(`/job/${job.id}`);
    const again = system.github.queue.jobs().filter(({runId}) => runId === job.runId);
    expect(again.map(({runAttempt, conclusion}) => [runAttempt, conclusion])).toEqual([
      [1, 'failure'],
      [2, 'success'],
    ]);
    expectClean(system);
  });

  test('is not run again where the pool does not say so', async () => {
    system = await aSystem({sweepEverySeconds: 60});
    const job = system.queueJob({labels: SPOT, durationMs: 10 * MINUTE});
    await lose(job);
    await system.pass(40 * MINUTE);
    expect(calls(/re-run/)).toEqual([]);
    expectClean(system);
  });

  test('is not run again when it was cancelled', async () => {
    system = await aSystem({pools: rerunning, sweepEverySeconds: 60});
    const job = system.queueJob({labels: SPOT, durationMs: 10 * MINUTE});
    await lose(job);
    system.github.cancelJob(job.id as number);
    await system.pass(40 * MINUTE);
    expect(calls(/re-run/)).toEqual([]);
    expectClean(system);
  });
});

describe('breakers', () => {
  test('three boots in a row that fail stop the making of more for ten minutes; one that succeeds closes it', async () => {
    let broken = true;
    system = await aSystem({
      sweepEverySeconds: 60,
      failsToBoot: () => broken,
      pools: POOLS.replace('maxRunners: 5', 'maxRunners: 1\n    bootMinutes: 2'),
    });
    const job = system.queueJob();
    await system.pass(20 * MINUTE, () => system.compute.created.length === 3);
    await system.pass(6 * MINUTE);
    expect(await system.store.get('breakers', 'boot.runner-arm64')).toMatchObject({open: true, failures: 3});
    const before = system.compute.created.length;
    await system.pass(5 * MINUTE);
    expect(system.compute.created.length).toBe(before);
    broken = false;
    await system.finish(60 * MINUTE);
    expect(job.conclusion).toBe('success');
    expect(await system.store.get('breakers', 'boot.runner-arm64')).toBeUndefined();
    expectClean(system);
  });

  test('GitHub’s 5xx in a row let one probe a minute through, until one is answered', async () => {
    system = await aSystem();
    const path = /generate-jitconfig$|access_tokens$|actions\/runners/;
    system.github.fault({match: {path}, times: 10_000, respond: {status: 502, headers: {}, body: {}}});
    for (let i = 0; i < 5; i++) system.queueJob();
    await system.pass(5 * MINUTE);
    expect(await system.store.get('breakers', 'github-5xx')).toMatchObject({open: true});
    const before = system.github.requests.length;
    await system.pass(5 * MINUTE);
    expect(system.github.requests.length - before).toBeLessThanOrEqual(12);
    system.github.faults.clear();
    await system.finish(3 * 60 * MINUTE);
    expect(await system.store.get('breakers', 'github-5xx')).toBeUndefined();
    expectClean(system);
  });
});
