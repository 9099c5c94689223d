import {aSystem, expectClean, MINUTE, POOLS, type TestSystem} from '../builders/system';

jest.setTimeout(120_000);

const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

let system: TestSystem;
afterEach(() => system.close());

const queue = (more: {needsApproval?: boolean; runId?: number} = {}) =>
  system.github.queueJob({repository: 'acme/app', labels: ['self-hosted', 'linux'], durationMs: MINUTE, ...more});
const created = () => system.compute.created.map(({name}) => name);
const dropWebhooks = () => {
  system.github.deliveries.faults = () => ({drop: true});
};

describe.each(['on', 'off'])('with WEBHOOKS=%s, a job whose webhooks were lost', (WEBHOOKS) => {
  beforeEach(async () => {
    system = await aSystem({env: {WEBHOOKS}});
    dropWebhooks();
  });

  test('runs if it is queued while another job of its run waits for an approval', async () => {
    const held = queue({needsApproval: true});
    const beside = queue({runId: held.runId});
    await system.sweepFor(8 * MINUTE);
    expect([held.status, beside.conclusion]).toEqual(['waiting', 'success']);
    expect(created()).toEqual([`slipway-arm-${beside.id}-1`]);
  });

  test('runs if its run of 72 hours ago is rerun', async () => {
    const first = queue();
    system.github.cancelJob(first.id);
    await system.pass(72 * HOUR);
    const again = system.github.rerun(first.id);
    await system.sweepFor(8 * MINUTE);
    expect(again).toMatchObject({runAttempt: 2, conclusion: 'success'});
    expect(created()).toHaveLength(1);
    expectClean(system);
  });

  test.each([
    ['30 hours', 30 * HOUR],
    ['29 days', 29 * DAY],
  ])('one that is approved after %s runs', async (_, afterMs) => {
    const job = queue({needsApproval: true});
    await system.pass(afterMs);
    system.github.approve(job.id);
    await system.sweepFor(8 * MINUTE);
    expect(job.conclusion).toBe('success');
    expect(created()).toHaveLength(1);
    expectClean(system);
  });
});

test('a job that waits on record and is queued at GitHub weeks later becomes open, with a new task name', async () => {
  system = await aSystem({sweepEverySeconds: 60});
  const job = queue();
  await system.pass(10_000);
  system.github.requestApproval(job.id);
  await system.pass(20 * MINUTE);
  expect(await system.store.get('jobs', `${job.id}-1`)).toMatchObject({status: 'waiting', generation: 1});
  system.sweeper.every(0);
  dropWebhooks();
  await system.pass(20 * DAY);
  system.github.approve(job.id);
  await system.sweepFor(8 * MINUTE);
  expect(job.conclusion).toBe('success');
  expect(created()).toEqual([`slipway-arm-${job.id}-1`, `slipway-arm-${job.id}-2`]);
  expectClean(system);
});

test('the sweep leaves a job to its webhook for a minute after the approval, however old its run is', async () => {
  system = await aSystem();
  dropWebhooks();
  const job = queue({needsApproval: true});
  await system.pass(30 * HOUR);
  system.github.approve(job.id);
  await system.pass(50_000);
  expect((await system.sweep()).decided).toEqual({});
  await system.pass(20_000);
  expect((await system.sweep()).decided).toEqual({uncovered_job: 1});
});

test('the job that was queued first is served first, not the one that was created first', async () => {
  system = await aSystem({pools: POOLS.replace('maxRunners: 5', 'maxRunners: 1')});
  const [running, old] = [queue(), queue({needsApproval: true})];
  await system.pass(30_000);
  const next = queue();
  await system.pass(2_000);
  system.github.approve(old.id);
  await system.pass(20 * MINUTE);
  expect([running, next, old].map(({conclusion}) => conclusion)).toEqual(Array(3).fill('success'));
  expect(created()).toEqual([running, next, old].map(({id}) => `slipway-arm-${id}-1`));
});

describe('a job that stays queued in a completed run', () => {
  test('and waits for a slot on record is completed after two sweeps saw its run completed, and gets no VM', async () => {
    system = await aSystem({pools: POOLS.replace('maxRunners: 5', 'maxRunners: 1')});
    system.github.queueJob({repository: 'acme/app', labels: ['self-hosted', 'linux'], durationMs: 30 * MINUTE});
    await system.pass(2 * MINUTE);
    const phantom = queue();
    await system.pass(10_000);
    system.github.failRunStartup(phantom.runId);
    await system.sweepFor(10 * MINUTE);
    expect(await system.store.get('jobs', `${phantom.id}-1`)).toMatchObject({status: 'completed'});
    await system.sweepFor(60 * MINUTE);
    expect(created()).toHaveLength(1);
    expectClean(system);
  });
});
