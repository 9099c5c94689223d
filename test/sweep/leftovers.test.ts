import {aJob, aRunner} from '../builders/lifecycle';
import {aSystem, expectClean, MINUTE, POOLS, type TestSystem} from '../builders/system';

jest.setTimeout(60_000);

const SCOPE = {kind: 'repository', owner: 'acme', repo: 'app'} as const;
const LABELS = {'slipway-deployment': 'slipway', 'slipway-pool': 'arm', 'slipway-job': '7-1'};
const ZONE = 'us-central1-a';

let system: TestSystem;
afterEach(() => system.close());

const names = () => system.compute.instances().map(({name}) => name);
const vm = (name: string, labels: Record<string, string> = LABELS, status: 'RUNNING' | 'TERMINATED' = 'RUNNING') =>
  system.compute.addInstance({name, zone: ZONE, labels, status});

/** A VM that runs without a runner and is never powered off. */
const isOrphan = ({name}: {name: string}) => /-[78]-1$/.test(name);
const register = (name: string) =>
  system.github.runners.generateJitConfig(SCOPE, {name, labels: ['linux'], runnerGroupId: 1});

/** The registration of a runner that is over on record. */
async function leaveGhost(jobId: number): Promise<void> {
  const job = aJob({jobId});
  const {runner} = register(`slipway-arm-${jobId}-1`);
  const document = {
    ...aRunner(job, {state: 'gone', githubId: runner.id}),
    slot: null,
    expireAt: Number.MAX_SAFE_INTEGER,
  };
  await system.store.transaction(async (transaction) => transaction.set('runners', document.name, document));
}

describe('an orphan', () => {
  test('VM is deleted when two sweeps two minutes apart saw it and it is older than bootMinutes', async () => {
    system = await aSystem({failsToBoot: isOrphan});
    vm('slipway-arm-7-1');
    await system.sweepFor(6 * MINUTE);
    expect(names()).toEqual(['slipway-arm-7-1']);
    await system.sweepFor(3 * MINUTE);
    expectClean(system);
  });

  test('VM starts a new sighting when a sweep in between did not see it', async () => {
    system = await aSystem({failsToBoot: isOrphan});
    vm('slipway-arm-7-1');
    await system.pass(10 * MINUTE);
    await system.sweep();
    system.computeServer.fault({
      match: ({path}) => path.endsWith('/aggregated/instances'),
      respond: {status: 503, reason: 'backendError', message: 'try again'},
    });
    await system.pass(MINUTE);
    expect((await system.sweep()).incomplete).toEqual(['the machines of gce']);
    await system.pass(30_000);
    expect((await system.sweep()).decided).toEqual({});
    expect(names()).toHaveLength(1);
  });

  test.each([
    ['of another deployment', {...LABELS, 'slipway-deployment': 'other'}],
    ['without our label', {}],
    ['with the label slipway-keep', {...LABELS, 'slipway-keep': 'yes'}],
  ])('VM %s is never touched', async (_, labels) => {
    system = await aSystem({failsToBoot: isOrphan});
    vm('slipway-arm-7-1', labels);
    vm('slipway-arm-8-1', labels, 'TERMINATED');
    await system.sweepFor(30 * MINUTE);
    expect(names()).toHaveLength(2);
  });

  test('VM is never deleted while its runner runs a job at GitHub', async () => {
    system = await aSystem({env: {WEBHOOKS: 'off'}, failsToBoot: isOrphan});
    const {encodedJitConfig} = register('slipway-arm-7-1');
    vm('slipway-arm-7-1');
    system.github.connect(encodedJitConfig);
    system.github.queueJob({repository: 'acme/app', labels: ['linux'], durationMs: 60 * MINUTE});
    await system.sweepFor(40 * MINUTE);
    expect(names()).toEqual(['slipway-arm-7-1']);
  });

  test('VM that has stopped is deleted', async () => {
    system = await aSystem({failsToBoot: isOrphan});
    vm('slipway-arm-7-1', LABELS, 'TERMINATED');
    await system.sweepFor(5 * MINUTE);
    expectClean(system);
  });
});

describe('an incomplete list', () => {
  test('of VMs stops every deletion and deregistration', async () => {
    system = await aSystem({failsToBoot: isOrphan});
    vm('slipway-arm-7-1');
    await leaveGhost(9);
    await system.pass(10 * MINUTE);
    system.compute.catalog.setZoneStatus('us-central1-b', 'DOWN');
    await system.sweepFor(20 * MINUTE);
    expect(names()).toHaveLength(1);
    expect(system.github.runners.all()).toHaveLength(1);
    system.compute.catalog.setZoneStatus('us-central1-b', 'UP');
    await system.sweepFor(5 * MINUTE);
    expectClean(system);
  });

  test('of runners does too, and jobs are served', async () => {
    system = await aSystem({failsToBoot: isOrphan});
    vm('slipway-arm-7-1');
    system.github.deliveries.faults = () => ({drop: true});
    const fault = {method: 'GET', path: /actions\/runners$/} as const;
    system.github.fault({
      match: fault,
      times: 1_000,
      respond: {status: 404, headers: {}, body: {message: 'Not Found'}},
    });
    const job = system.queueJob();
    await system.sweepFor(12 * MINUTE);
    expect(names()).toContain('slipway-arm-7-1');
    expect(job.conclusion).toBe('success');
  });
});

describe('a ghost', () => {
  test('is deregistered when two sweeps saw it, at most 20 per sweep', async () => {
    system = await aSystem();
    for (let i = 1; i <= 25; i++) await leaveGhost(i);
    await system.sweep();
    await system.pass(2 * MINUTE);
    expect((await system.sweep()).done).toEqual({ghost: 20});
    await system.pass(MINUTE);
    expect((await system.sweep()).done).toEqual({ghost: 5});
    expectClean(system);
  });

  test('is kept if it is not ours, on no record, or online', async () => {
    system = await aSystem();
    register('somebody-else');
    register('slipway-arm-8-1');
    system.github.connect(register('slipway-arm-7-1').encodedJitConfig);
    await system.sweepFor(10 * MINUTE);
    expect(system.github.runners.all()).toHaveLength(3);
  });
});

describe('a runner', () => {
  test('whose VM never boots is replaced after bootMinutes, and the job runs', async () => {
    let boots = 0;
    system = await aSystem({sweepEverySeconds: 60, failsToBoot: () => ++boots === 1});
    const job = system.queueJob();
    await system.finish(30 * MINUTE);
    expect(job.conclusion).toBe('success');
    expect(system.compute.created.map(({name}) => name)).toEqual([
      `slipway-arm-${job.id}-1`,
      `slipway-arm-${job.id}-2`,
    ]);
    expectClean(system);
  });

  test('that runs a job longer than jobMinutes is ended, with the URL of the job in the log', async () => {
    system = await aSystem({
      sweepEverySeconds: 60,
      pools: POOLS.replace('idleMinutes: 10', 'jobMinutes: 30'),
    });
    const job = system.queueJob({durationMs: 10 * 60 * MINUTE});
    await system.pass(29 * MINUTE);
    expect(job.status).toBe('in_progress');
    await system.pass(20 * MINUTE);
    expect(job).toMatchObject({conclusion: 'failure', ending: 'lost'});
    const line = system.log.find((each) => each.includes('over_time') && each.includes('ERROR'));
    expect(line).toContain(`/job/${job.id}`);
    expect(system.compute.instances()).toEqual([]);
  });

  test('whose VM was deleted by hand before its job began is replaced', async () => {
    system = await aSystem({sweepEverySeconds: 60, bootMs: 3 * MINUTE});
    const job = system.queueJob();
    await system.pass(MINUTE);
    const [first] = system.compute.instances();
    system.compute.delete(first?.zone ?? '', first?.name ?? '');
    await system.finish(30 * MINUTE);
    expect(job.conclusion).toBe('success');
    expectClean(system);
  });

  test('that ends because it was idle does not count as lost: its VM keeps its minute of grace, and nothing is logged as a warning', async () => {
    system = await aSystem({sweepEverySeconds: 60});
    const job = system.queueJob();
    await system.pass(10_000);
    system.github.cancelJob(job.id);
    const at: Record<string, number> = {};
    system.github.observe((event) => {
      if (event.kind === 'runner' && event.change === 'removed') at['deregistered'] = system.scheduler.now();
    });
    system.compute.observe(({kind}) => {
      if (kind === 'deleting') at['deleting'] = system.scheduler.now();
    });
    await system.finish();
    expect((at['deleting'] ?? 0) - (at['deregistered'] ?? 0)).toBeGreaterThanOrEqual(MINUTE);
    expect(system.log.filter((line) => line.includes('WARNING') || line.includes('lost_stop'))).toEqual([]);
    expectClean(system);
  });

  test('whose `delete` task was lost is deleted', async () => {
    system = await aSystem({sweepEverySeconds: 60});
    const job = system.queueJob();
    await system.pass(10_000);
    system.github.cancelJob(job.id);
    system.tasks.fault({match: ({body}) => JSON.stringify(body).includes('delete-slipway'), times: 1, respond: 'lost'});
    system.tasks.dispatchFault({
      match: ({name}) => name.startsWith('delete-'),
      times: 100,
      respond: 'not delivered',
    });
    await system.pass(60 * MINUTE);
    expectClean(system);
  });
});

test('a slot whose holder is over is freed', async () => {
  system = await aSystem();
  await system.store.transaction(async (transaction) =>
    transaction.set('slots', 'arm.0', {
      pool: 'arm',
      n: 0,
      holder: 'slipway-arm-1-1',
      expireAt: Number.MAX_SAFE_INTEGER,
    }),
  );
  await system.sweepFor(15 * MINUTE);
  expect(await system.store.get('slots', 'arm.0')).toMatchObject({holder: null});
});

test('a job that was given up is tried again after a while', async () => {
  system = await aSystem({sweepEverySeconds: 60, queueLimits: {maxAttempts: 2}, env: {TASK_MAX_ATTEMPTS: '2'}});
  const error = {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'The zone does not have enough resources available.'};
  system.compute.failLate({error});
  const job = system.queueJob();
  await system.pass(8 * MINUTE);
  expect(await system.store.get('jobs', `${job.id}-1`)).toMatchObject({demand: 'dead'});
  system.compute.recover();
  await system.finish(90 * MINUTE);
  expect(job.conclusion).toBe('success');
});
