import {aSystem, expectClean, MINUTE, type TestSystem} from '../builders/system';

jest.setTimeout(60_000);

let system: TestSystem;
afterEach(() => system.close());

const created = () => system.compute.created.map(({name}) => name);
const decided = () =>
  system.sweeper.answers.flatMap(({body}) => Object.keys((body as {decided?: Record<string, number>}).decided ?? {}));
const calls = (operation: RegExp) => system.github.requests.filter(({operationId}) => operation.test(operationId));

describe('lost webhooks', () => {
  test('all of them: the sweep alone finds the jobs, they run, and nothing is left', async () => {
    system = await aSystem({sweepEverySeconds: 60});
    system.github.deliveries.faults = () => ({drop: true});
    for (let i = 0; i < 3; i++) system.queueJob();
    await system.pass(20 * MINUTE);
    expect(system.jobs.map(({conclusion}) => conclusion)).toEqual(Array(3).fill('success'));
    expect(created()).toHaveLength(3);
    expectClean(system);
    expect((await system.store.find('slots', {where: {}, limit: 9})).map(({data}) => data.holder)).toEqual([
      null,
      null,
      null,
    ]);
  });

  test('a job without any delivery gets one VM within three minutes', async () => {
    system = await aSystem({sweepEverySeconds: 60});
    system.github.deliveries.faults = ({action}) => (action === 'queued' ? {drop: true} : {});
    const job = system.queueJob({durationMs: 20 * MINUTE});
    await system.pass(3 * MINUTE);
    expect(created()).toEqual([`slipway-arm-${job.id}-1`]);
    await system.finish();
    expect(created()).toHaveLength(1);
    expectClean(system);
  });

  test('a job in its first minute is left to the webhook', async () => {
    system = await aSystem();
    system.github.deliveries.faults = () => ({drop: true});
    system.queueJob();
    await system.pass(59_000);
    expect((await system.sweep()).decided).toEqual({});
    await system.pass(2_000);
    expect((await system.sweep()).decided).toEqual({uncovered_job: 1});
  });

  test('the `completed` of a job: its VM is deleted', async () => {
    system = await aSystem({sweepEverySeconds: 60});
    system.github.deliveries.faults = ({action}) => (action === 'completed' ? {drop: true} : {});
    const job = system.queueJob();
    await system.finish(20 * MINUTE);
    expect(await system.store.get('jobs', `${job.id}-1`)).toMatchObject({status: 'completed'});
    expect(decided()).toContain('lost_event');
    expectClean(system);
  });

  test('the `in_progress` of a shuffled job: both jobs run', async () => {
    system = await aSystem({sweepEverySeconds: 60, routing: 'random', seed: 5});
    system.github.deliveries.faults = ({action}) => (action === 'in_progress' ? {drop: true} : {});
    for (let i = 0; i < 5; i++) system.queueJob();
    await system.finish(60 * MINUTE);
    expect(system.jobs.map(({conclusion}) => conclusion)).toEqual(Array(5).fill('success'));
    expectClean(system);
  });
});

describe('deliveries that failed', () => {
  test('are redelivered, and the job runs through its webhook', async () => {
    system = await aSystem();
    system.tasks.fault({times: 2, respond: {status: 'UNAVAILABLE'}});
    const job = system.queueJob();
    await system.pass(10_000);
    expect(created()).toEqual([]);
    const report = await system.sweep();
    expect(report.done).toEqual({failed_delivery: 1});
    await system.pass(10_000);
    expect(created()).toEqual([`slipway-arm-${job.id}-1`]);
    await system.finish();
    expect((await system.sweep()).decided).toEqual({});
    expectClean(system);
  });

  test('always, while others arrive, are redelivered three times in half an hour', async () => {
    system = await aSystem();
    system.github.addHook({secret: 'w', deliver: async () => ({status: 500})});
    system.queueJob({labels: ['macos']});
    await system.sweepFor(30 * MINUTE);
    expect(calls(/redeliver/)).toHaveLength(3);
  });
});

describe('a job that stays queued in a completed run', () => {
  test('gets no VM', async () => {
    system = await aSystem({sweepEverySeconds: 60});
    system.github.deliveries.faults = () => ({drop: true});
    const job = system.queueJob();
    system.github.failRunStartup(job.runId);
    await system.pass(30 * MINUTE);
    expect(created()).toEqual([]);
  });

  test('loses its VM when that was idle, and gets no other', async () => {
    system = await aSystem({sweepEverySeconds: 60});
    const job = system.queueJob();
    system.github.failRunStartup(job.runId);
    await system.pass(60 * MINUTE);
    expect(created()).toHaveLength(1);
    expectClean(system);
  });
});

test('queued jobs are found in runs that are in progress', async () => {
  system = await aSystem({sweepEverySeconds: 60});
  const first = system.queueJob({durationMs: 30 * MINUTE});
  await system.pass(2 * MINUTE, () => first.status === 'in_progress');
  system.github.deliveries.faults = () => ({drop: true});
  const second = system.github.queueJob({
    repository: 'acme/app',
    labels: ['self-hosted', 'linux'],
    durationMs: MINUTE,
    runId: first.runId,
  });
  await system.pass(10 * MINUTE);
  expect(second.conclusion).toBe('success');
});

test('a job of a public repository is left alone where no pool allows it', async () => {
  system = await aSystem({sweepEverySeconds: 60});
  system.github.addRepository('acme/open', {visibility: 'public'});
  system.github.deliveries.faults = () => ({drop: true});
  system.queueJob({repository: 'acme/open'});
  await system.pass(10 * MINUTE);
  expect(created()).toEqual([]);
});
