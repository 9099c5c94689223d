import type {JobDocument} from '../../shared/model/job';
import {aJob} from '../builders/lifecycle';
import {aSystem, expectClean, MINUTE, type TestSystem} from '../builders/system';

jest.setTimeout(60_000);

let system: TestSystem;
afterEach(() => system.close());

/** A job that is queued at GitHub, and on record for a pool that is no longer configured. */
async function queuedForFormerPool(document: Partial<JobDocument>) {
  system = await aSystem();
  system.github.deliveries.faults = () => ({drop: true});
  const job = system.queueJob();
  const now = system.scheduler.now();
  const {id: jobId, runId} = job;
  const labels = ['self-hosted', 'linux'];
  const times = {queuedAt: now, updatedAt: now, expireAt: Number.MAX_SAFE_INTEGER};
  const former = {...aJob({jobId, runId, labels, pool: 'former', generation: 1, ...times}), ...document};
  await system.store.transaction(async (transaction) => transaction.set('jobs', `${jobId}-1`, former));
  return job;
}

describe('a job that waits for a pool that was renamed', () => {
  test.each([
    ['open', {demand: 'open', runner: null}],
    ['given up', {demand: 'dead', runner: null, creations: 1}],
    ['assigned to a runner that is over', {demand: 'covered', runner: 'slipway-former-7-1', creations: 1}],
  ] as const)('and is %s, is served by the pool that takes it now', async (_, document) => {
    const job = await queuedForFormerPool(document);
    await system.sweepFor(8 * MINUTE);
    expect(job.conclusion).toBe('success');
    expect(system.compute.created.map(({labels}) => labels['slipway-pool'])).toEqual(['arm']);
    await system.sweepFor(10 * MINUTE);
    await system.finish();
    expectClean(system);
  });

  test('and has a slot of the old pool gives the slot back', async () => {
    const slot = {slot: 'former.0', slotOfAll: null};
    const job = await queuedForFormerPool({demand: 'reserved', runner: null, creations: 1, ...slot});
    const holder = `job:${job.id}-1`;
    await system.store.transaction(async (transaction) =>
      transaction.set('slots', 'former.0', {pool: 'former', n: 0, holder, expireAt: Number.MAX_SAFE_INTEGER}),
    );
    await system.sweepFor(8 * MINUTE);
    expect(job.conclusion).toBe('success');
    expect(await system.store.get('slots', 'former.0')).toBeUndefined();
  });
});
