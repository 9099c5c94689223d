import {creationKey, type KeyDocument, keyId} from '../../shared/model/lease';
import type {RunnerDocument} from '../../shared/model/runner';
import {aSystem, expectClean, MINUTE, type TestSystem} from '../builders/system';

jest.setTimeout(120_000);

let system: TestSystem;
afterEach(() => system.close());

/** `provision` dies before the insert. Then the record is as the version before wrote it: without the lease, which is a document of its own. */
async function aCreationOfBefore(lease: (now: number) => Pick<KeyDocument, 'state' | 'leaseUntil'>) {
  system = await aSystem({crash: {step: 8, side: 'before'}});
  const job = system.queueJob();
  await system.pass(1_000);
  const [found] = await system.store.find('runners', {where: {}, limit: 1});
  const record = await system.store.get('jobs', `${job.id}-1`);
  if (!found || !record) throw new RangeError('nothing is on record');
  expect(found.data.lease).toMatchObject({holder: expect.any(String)});
  const {lease: _, ...before} = found.data;
  const key = creationKey(record);
  const now = system.scheduler.now();
  const document: KeyDocument = {key, holder: 'the version before', ...lease(now), expireAt: now + 60 * MINUTE};
  await system.store.transaction(async (transaction) => {
    transaction.set('runners', before.name, before satisfies RunnerDocument);
    transaction.set('keys', keyId(key), document);
  });
  const stored = () => system.store.get('keys', keyId(key));
  return {job, name: before.name, stored};
}

describe('a record of a runner whose lease is a document of its own', () => {
  test('is left to the execution that holds the lease, and taken over when that ends', async () => {
    const {job, name, stored} = await aCreationOfBefore((now) => ({state: 'claimed', leaseUntil: now + 5 * MINUTE}));
    await system.pass(4 * MINUTE);
    expect(system.compute.created).toEqual([]);
    expect(await stored()).toMatchObject({state: 'claimed', holder: 'the version before'});
    await system.finish();
    expect(job.conclusion).toBe('success');
    expect(system.compute.created).toHaveLength(1);
    expect(await stored()).toMatchObject({state: 'done', holder: expect.not.stringMatching('the version before')});
    expect(await system.store.get('runners', name)).not.toHaveProperty('lease');
    expectClean(system);
  });

  test('is not created once more when the lease is done', async () => {
    await aCreationOfBefore(() => ({state: 'done', leaseUntil: 0}));
    await system.pass(5 * MINUTE);
    expect(system.compute.created).toEqual([]);
  });
});
