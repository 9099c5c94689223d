import {aSystem, expectClean, MINUTE, POOLS, type TestSystem} from '../builders/system';
import {aVmSystem, VM, ZONE} from '../builders/vm-system';

jest.setTimeout(60_000);

let system: TestSystem;
afterEach(() => system.close());

const GPU = ['self-hosted', 'gpu'];
const lines = () => system.log.map((line) => JSON.parse(line) as Record<string, unknown>);
const decided = (decision: string) => lines().filter((line) => line['decision'] === decision);

/** What the runner of a job is registered with. */
const labelsOf = ({runner}: {readonly runner: {readonly name: string} | null | undefined}) =>
  system.github.runners.all().find(({name}) => name === runner?.name)?.labels;

/** The most VMs that were not being deleted at any time from now on. */
function watchMost(): () => number {
  const held = new Set<unknown>();
  let most = 0;
  system.compute.observe(({kind, instance}) => {
    if (kind === 'accepted') held.add(instance);
    if (kind === 'deleting' || kind === 'failed' || kind === 'deleted') held.delete(instance);
    most = Math.max(most, held.size);
  });
  return () => most;
}

describe('a limit over all pools', () => {
  test('is never passed, and the places that free go to the oldest job, of whatever pool', async () => {
    system = await aSystem({pools: `maxRunners: 2\n${POOLS}`});
    const most = watchMost();
    const began: (number | undefined)[] = [];
    system.github.observe((event) => {
      if (event.kind === 'job' && event.action === 'in_progress') began.push(event.job.id);
    });
    const jobs: {id: number}[] = [];
    for (let index = 0; index < 8; index++) {
      jobs.push(system.queueJob(index % 2 === 0 ? {} : {labels: GPU}));
      await system.pass(5_000);
    }
    await system.finish(3 * 60 * MINUTE);
    expect(most()).toBe(2);
    expect(began).toEqual(jobs.map(({id}) => id));
    expect(await system.store.count('slots', {pool: '_all', holder: null})).toBe(2);
    expectClean(system);
  });

  test('holds beside that of a pool: what a full pool cannot take goes to another', async () => {
    system = await aSystem({pools: `maxRunners: 3\n${POOLS.replace('maxRunners: 5', 'maxRunners: 1')}`});
    const most = watchMost();
    const arm = Array.from({length: 4}, () => system.queueJob({durationMs: 20 * MINUTE}));
    const gpu = Array.from({length: 3}, () => system.queueJob({labels: GPU, durationMs: MINUTE}));
    await system.pass(15 * MINUTE);
    expect(arm.map(({status}) => status)).toEqual(['in_progress', 'queued', 'queued', 'queued']);
    expect(gpu.map(({conclusion}) => conclusion)).toEqual(['success', 'success', 'success']);
    await system.finish(3 * 60 * MINUTE);
    expect(most()).toBe(3);
    expectClean(system);
  });

  test('counts runners that were there before it, as soon as the sweep has seen them', async () => {
    system = await aSystem({pools: `maxRunners: 2\n${POOLS}`});
    const first = system.queueJob({durationMs: 30 * MINUTE});
    await system.pass(2 * MINUTE);
    // As the deployment before the limit had written it down.
    const name = `slipway-arm-${first.id}-1`;
    await system.store.transaction(async (transaction) => {
      const runner = await transaction.get('runners', name);
      if (!runner?.slotOfAll) throw new Error('found no slot of all pools');
      const {slotOfAll, ...before} = runner;
      transaction.delete('slots', slotOfAll);
      transaction.set('runners', name, before);
    });
    await system.sweep();
    expect((await system.store.get('runners', name))?.slotOfAll).toMatch(/^_all\.[01]$/);
    system.queueJob({durationMs: 30 * MINUTE});
    system.queueJob({durationMs: 30 * MINUTE});
    await system.pass(10 * MINUTE);
    expect(system.compute.instances()).toHaveLength(2);
    await system.finish(3 * 60 * MINUTE);
    expectClean(system);
  });

  test('keeps a place for jobs before warm runners take it', async () => {
    const pools = POOLS.replace('repos: ["acme/*"]', 'repo: acme/app').replace(
      'maxRunners: 5',
      'maxRunners: 5\n    minIdle: 2',
    );
    system = await aSystem({pools: `maxRunners: 2\n${pools}`, sweepEverySeconds: 60});
    await system.pass(3 * MINUTE);
    expect(system.compute.instances()).toHaveLength(2);
    const job = system.queueJob();
    await system.pass(10 * MINUTE);
    expect(job.conclusion).toBe('success');
    expect(system.compute.instances()).toHaveLength(2);
  });
});

test('a drained pool makes no runner: its jobs wait, and another pool goes on', async () => {
  system = await aSystem({pools: POOLS.replace('maxRunners: 5', 'maxRunners: 0'), sweepEverySeconds: 60});
  const waiting = system.queueJob();
  const other = system.queueJob({labels: GPU});
  await system.pass(10 * MINUTE);
  expect([waiting.status, other.conclusion]).toEqual(['queued', 'success']);
  expect(system.compute.created.map(({name}) => name)).toEqual([`slipway-spot-${other.id}-1`]);
  expect(await system.store.get('jobs', `${waiting.id}-1`)).toMatchObject({demand: 'open', slot: null});
});

describe('a persistent VM', () => {
  const pool = (maxRunners: number) =>
    `maxRunners: 0\npools: [{repo: acme/app, requires: [gpu], maxRunners: ${maxRunners}, provider: {type: gce-vm, instance: ${VM}, zone: ${ZONE}}}]`;

  test('of a drained pool is not started, and its job waits', async () => {
    const drained = await aVmSystem({pools: pool(0), sweepEverySeconds: 60});
    system = drained;
    const waiting = drained.queueGpuJob();
    await drained.pass(20 * MINUTE);
    expect(waiting.status).toBe('queued');
    expect(drained.powerActions()).toEqual([]);
    expect(await drained.store.get('jobs', `${waiting.id}-1`)).toMatchObject({demand: 'open'});
  });

  test('does not count against the limit over all pools', async () => {
    const open = await aVmSystem({pools: pool(1)});
    system = open;
    const job = open.queueGpuJob();
    await open.pass(10 * MINUTE);
    expect(job.conclusion).toBe('success');
  });
});

describe('labels', () => {
  const pools = POOLS.replace(
    'requires: [self-hosted, linux]',
    'requires: [self-hosted, "run-*"]\n    offers: [self-hosted, "run-*", "size=*,*"]',
  );

  test('that are made for one run, and have commas, are served by a runner that has them', async () => {
    system = await aSystem({pools});
    const job = system.queueJob({labels: ['self-hosted', 'run-1234', 'size=2,4']});
    await system.pass(MINUTE);
    expect(labelsOf(job)).toEqual(['self-hosted', 'run-1234', 'size=2,4']);
    await system.finish();
    expectClean(system);
  });

  test('that no pattern fits make nothing, and the line says why', async () => {
    system = await aSystem({pools});
    system.queueJob({labels: ['self-hosted', 'run']});
    await system.pass(MINUTE);
    expect(system.compute.created).toEqual([]);
    expect(decided('ignored')[0]).toMatchObject({message: expect.stringContaining('arm requires run-*')});
  });

  test('are not asked for by a job of a group alone, which the pool serves that accepts it', async () => {
    const org = POOLS.replace('repos: ["acme/*"]', 'org: acme\n    acceptsUnlabeled: true');
    system = await aSystem({pools: org});
    const job = system.queueJob({labels: []});
    await system.pass(MINUTE);
    expect(labelsOf(job)).toEqual(['self-hosted', 'linux']);
    await system.finish();
    expectClean(system);
  });

  test('of a pool without a literal one: the runner for a job without labels is self-hosted', async () => {
    const org = POOLS.replace('repos: ["acme/*"]', 'org: acme\n    acceptsUnlabeled: true').replace(
      'requires: [self-hosted, linux]',
      'offers: ["run-*"]',
    );
    system = await aSystem({pools: org});
    const job = system.queueJob({labels: []});
    await system.pass(MINUTE);
    expect(labelsOf(job)).toEqual(['self-hosted']);
    await system.finish();
    expectClean(system);
  });

  test('of a warm runner are all that its pool offers, so that any of its jobs takes it', async () => {
    const warm = POOLS.replace('repos: ["acme/*"]', 'repo: acme/app').replace(
      'requires: [self-hosted, linux]',
      'requires: [self-hosted]\n    offers: [self-hosted, linux, large]\n    minIdle: 1',
    );
    system = await aSystem({pools: warm, sweepEverySeconds: 60});
    await system.pass(4 * MINUTE);
    const [before] = system.compute.instances();
    const job = system.queueJob({labels: ['self-hosted', 'large']});
    await system.pass(15_000);
    expect(job.runner?.name).toBe(before?.name);
    expect(labelsOf(job)).toEqual(['self-hosted', 'linux', 'large']);
  });
});

test('whoever counts lines with decision=created counts each runner once', async () => {
  system = await aSystem();
  system.queueJob();
  system.queueJob();
  await system.finish();
  expect(decided('created')).toHaveLength(2);
});

test('a name of another system is told once by each function, with what to write', async () => {
  system = await aSystem({env: {MAX_CONCURRENT: '1', POLL_INTERVAL: '10', LOG_LEVEL: 'INFO'}});
  const most = watchMost();
  system.queueJob();
  system.queueJob();
  await system.finish();
  expect(most()).toBe(1);
  for (const name of ['webhook', 'provision', 'stop']) {
    const told = decided('old_name').filter((line) => line['function'] === name);
    expect(told.map(({variable, severity}) => [variable, severity])).toEqual([
      ['MAX_CONCURRENT', 'WARNING'],
      ['POLL_INTERVAL', 'WARNING'],
    ]);
  }
  expect(decided('old_name')[0]).toMatchObject({
    message: 'MAX_CONCURRENT is a name of another system: write maxRunners at the top level of RUNNER_CONFIG',
  });
});
