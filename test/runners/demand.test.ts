import {aSystem, expectClean, MINUTE, POOLS, type TestSystem} from '../builders/system';

let system: TestSystem;
afterEach(() => system.close());

const created = () => system.compute.created.map(({name}) => name);

describe('duplicates', () => {
  test('two hooks send every event twice, with other GUIDs, and there is one VM', async () => {
    system = await aSystem({hooks: 2});
    const job = system.queueJob();
    await system.finish();
    expect(created()).toEqual([`slipway-arm-${job.id}-1`]);
    expectClean(system);
  });

  test('every delivery arrives three times with its GUID, and there is one VM', async () => {
    system = await aSystem();
    system.github.deliveries.faults = () => ({duplicates: 2});
    const job = system.queueJob();
    await system.finish();
    expect(created()).toEqual([`slipway-arm-${job.id}-1`]);
    expectClean(system);
  });

  test('each task is dispatched twice at once, and there is one VM', async () => {
    system = await aSystem();
    system.tasks.dispatchFault({times: 100, respond: 'concurrently'});
    const job = system.queueJob();
    await system.finish();
    expect(created()).toEqual([`slipway-arm-${job.id}-1`]);
    expectClean(system);
  });

  test('`completed` for old jobs in a storm deletes nothing that is in use', async () => {
    system = await aSystem();
    const old = system.queueJob();
    await system.finish();
    const current = system.queueJob({durationMs: 10 * MINUTE});
    await system.pass(2 * MINUTE, () => current.status === 'in_progress');
    for (let i = 0; i < 5; i++) system.github.announceJob(old, 'completed');
    await system.finish();
    expect(current.conclusion).toBe('success');
    expect(created()).toHaveLength(2);
    expectClean(system);
  });
});

describe('an approval', () => {
  test('queued again after it waited: one VM, made after the second `queued`', async () => {
    system = await aSystem();
    const job = system.github.queueJob({
      repository: 'acme/app',
      labels: ['self-hosted', 'linux'],
      durationMs: MINUTE,
      needsApproval: true,
    });
    await system.pass(3 * 60 * MINUTE);
    expect(created()).toEqual([]);
    system.github.approve(job.id);
    await system.pass(30 * MINUTE);
    expect(job.conclusion).toBe('success');
    expect(created()).toEqual([`slipway-arm-${job.id}-1`]);
    expectClean(system);
  });

  test('asked for after the job was queued: its runner is spare, and serves it when it is approved', async () => {
    system = await aSystem({githubLatencies: {pickup: [60_000, 60_000]}});
    const job = system.queueJob();
    await system.pass(20_000);
    system.github.requestApproval(job.id);
    await system.pass(20_000);
    expect(await system.store.get('jobs', `${job.id}-1`)).toMatchObject({status: 'waiting', generation: 1});
    system.github.approve(job.id);
    await system.finish();
    expect(await system.store.get('jobs', `${job.id}-1`)).toMatchObject({generation: 2});
    expect(created()).toEqual([`slipway-arm-${job.id}-1`]);
    expectClean(system);
  });
});

describe('a job that is over', () => {
  test('before its `queued` arrives gets no VM', async () => {
    system = await aSystem();
    system.github.deliveries.faults = ({action}) => (action === 'queued' ? {delayMs: 10 * MINUTE} : {});
    const job = system.queueJob();
    await system.pass(1_000);
    system.github.cancelJob(job.id);
    await system.pass(30 * MINUTE);
    expect(created()).toEqual([]);
  });

  test('cancelled before its VM is made costs none', async () => {
    system = await aSystem();
    const job = system.queueJob();
    system.github.cancelJob(job.id);
    await system.finish();
    expect(created().length).toBeLessThanOrEqual(1);
    expectClean(system);
  });

  test('cancelled while its VM boots leaves a spare runner, which goes when it was idle, deregistered first', async () => {
    system = await aSystem();
    const job = system.queueJob();
    await system.pass(12_000);
    system.github.cancelJob(job.id);
    await system.pass(11 * MINUTE);
    expect(system.github.runners.all()).toHaveLength(1);
    await system.finish();
    expectClean(system);
    const order = system.github.requests.map(({operationId}) => operationId);
    expect(order.filter((id) => id === 'actions/delete-self-hosted-runner-from-repo')).toHaveLength(1);
    expect(order.filter((id) => id === 'actions/get-self-hosted-runner-for-repo')).toHaveLength(3);
  });

  test('leaves its spare runner to the next job, for which no VM is made', async () => {
    system = await aSystem();
    const cancelled = system.queueJob();
    await system.pass(12_000);
    system.github.cancelJob(cancelled.id);
    await system.pass(MINUTE);
    const next = system.queueJob();
    await system.finish();
    expect(next).toMatchObject({conclusion: 'success', runner: {name: `slipway-arm-${cancelled.id}-1`}});
    expect(created()).toHaveLength(1);
    expectClean(system);
  });
});

describe('runners that take other jobs than they were made for', () => {
  test('are made up for: eight jobs, shuffled, all run on eight VMs', async () => {
    system = await aSystem({routing: 'random', seed: 5, pools: POOLS.replace('maxRunners: 5', 'maxRunners: 20')});
    for (let i = 0; i < 8; i++) system.queueJob({durationMs: (i + 1) * MINUTE});
    await system.finish();
    expect(system.jobs.map(({conclusion}) => conclusion)).toEqual(Array(8).fill('success'));
    const own = system.jobs.filter((job) => job.runner?.name === `slipway-arm-${job.id}-1`);
    expect(own.length).toBeLessThan(8);
    expect(created()).toHaveLength(8);
    expectClean(system);
  });

  test('by a runner of its own for the job that was left, when the other job had none', async () => {
    system = await aSystem();
    system.github.deliveries.faults = ({action}) => (action === 'queued' ? {drop: true} : {});
    const lost = system.queueJob();
    await system.pass(5_000);
    system.github.deliveries.faults = () => ({});
    const heard = system.queueJob();
    await system.finish();
    // The older job took the runner of the newer one, for which another was made at once.
    expect(lost.runner?.name).toBe(`slipway-arm-${heard.id}-1`);
    expect(heard.runner?.name).toBe(`slipway-arm-${heard.id}-2`);
    expectClean(system);
  });
});

test('12 jobs on 5 slots: never more than five VMs, and all run, in order', async () => {
  system = await aSystem();
  let most = 0;
  const alive = () => system.compute.instances().filter(({status}) => status !== 'STOPPING').length;
  system.compute.observe(() => {
    most = Math.max(most, alive());
  });
  for (let i = 0; i < 12; i++) {
    system.queueJob();
    await system.pass(2_000);
  }
  await system.finish(2 * 60 * MINUTE);
  expect(most).toBe(5);
  expect(system.jobs.map(({conclusion}) => conclusion)).toEqual(Array(12).fill('success'));
  const starts = system.jobs.map(({startedAtMs}) => startedAtMs ?? 0);
  expect([...starts].sort((a, b) => a - b)).toEqual(starts);
  expectClean(system);
});

test('a slot is free once the deletion of its VM is accepted, however long that takes', async () => {
  system = await aSystem({
    pools: POOLS.replace('maxRunners: 5', 'maxRunners: 1'),
    computeLatencies: {delete: 10 * MINUTE},
  });
  const first = system.queueJob();
  const second = system.queueJob();
  await system.pass(10 * MINUTE, () => second.status === 'in_progress');
  expect([first.status, second.status]).toEqual(['completed', 'in_progress']);
  expect(system.compute.instances().map(({status}) => status)).toEqual(['STOPPING', 'RUNNING']);
  await system.finish();
  expectClean(system);
});

test('a burst of 40 jobs on 20 slots drains completely', async () => {
  system = await aSystem({pools: POOLS.replace('maxRunners: 5', 'maxRunners: 20')});
  for (let i = 0; i < 40; i++) system.queueJob();
  await system.finish(2 * 60 * MINUTE);
  expect(created()).toHaveLength(40);
  expectClean(system);
});
