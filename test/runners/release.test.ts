import type {Context} from '../../shared/ports';
import {systemRandom} from '../../shared/random';
import {retireRunner} from '../../shared/runners/retire';
import {ApiClient} from '../api/client';
import {aPool} from '../builders/lifecycle';
import {aSystem, expectClean, MINUTE, POOLS, type TestSystem} from '../builders/system';

jest.setTimeout(60_000);

let system: TestSystem;
afterEach(() => system.close());

const ONE_SLOT = POOLS.replace('maxRunners: 5', 'maxRunners: 1');

const nameOf = (job: {readonly id: number}) => `slipway-arm-${job.id}-1`;

/** A job that is over, and whose VM cannot be deleted for the time being. */
async function aStuckEnd() {
  system = await aSystem();
  let isStuck = true;
  system.computeServer.fault({
    match: ({method}) => isStuck && method === 'DELETE',
    times: 10_000,
    respond: {status: 503, reason: 'backendError', message: 'try again'},
  });
  const job = system.queueJob();
  await system.pass(20 * MINUTE, () => job.status === 'completed');
  await system.pass(20_000);
  return {
    job,
    goOn: () => {
      isStuck = false;
    },
  };
}

test('the end of a job is not written into its runner, which is shown to drain since then', async () => {
  const {job, goOn} = await aStuckEnd();
  const name = nameOf(job);
  const {updatedAt = 0} = (await system.store.get('jobs', `${job.id}-1`)) ?? {};
  expect(await system.store.get('runners', name)).toMatchObject({state: 'busy', slot: expect.any(String)});
  const api = new ApiClient(system.urls.api);
  const drained = {state: 'draining', state_at: new Date(updatedAt).toISOString()};
  expect((await api.get(`/runners/${name}`)).json).toMatchObject(drained);
  expect((await api.get('/status')).json).toMatchObject({
    active_runners: [{name, state: 'draining', running_seconds: null}],
    pools: [{name: 'arm', states: {busy: 0, draining: 1}}, {name: 'spot'}],
  });
  goOn();
  await system.finish();
  expect(await system.store.get('runners', name)).toMatchObject({state: 'gone', slot: null});
  expectClean(system);
});

test('a runner whose record has expired for others already leaves a slot alone that another runner has by now', async () => {
  const {job, goOn} = await aStuckEnd();
  const runner = await system.store.get('runners', nameOf(job));
  const slot = await system.store.get('slots', runner?.slot ?? '');
  if (!runner?.slot || !slot) throw new Error('the runner has no slot');
  const {slot: id} = runner;
  await system.store.transaction(async (transaction) => {
    transaction.set('runners', runner.name, {...runner, expireAt: system.scheduler.now() + 30 * MINUTE});
    transaction.set('slots', id, {...slot, holder: 'slipway-arm-7-1'});
  });
  goOn();
  await system.finish();
  expect(await system.store.get('runners', runner.name)).toMatchObject({state: 'gone', slot: null});
  expect(await system.store.get('slots', id)).toMatchObject({holder: 'slipway-arm-7-1'});
  expectClean(system);
});

test('an end that comes twice at the same time gives its slot away once', async () => {
  system = await aSystem({pools: ONE_SLOT});
  system.tasks.dispatchFault({
    match: ({name}) => name.endsWith('-completed'),
    times: 100,
    respond: 'concurrently',
  });
  let most = 0;
  system.compute.observe(() => {
    most = Math.max(most, system.compute.instances().filter(({status}) => status === 'RUNNING').length);
  });
  const jobs = [1, 2, 3, 4].map(() => system.queueJob());
  await system.finish();
  expect(jobs.map(({conclusion}) => conclusion)).toEqual(Array(4).fill('success'));
  expect(most).toBe(1);
  expectClean(system);
});

test('slots that free at the same time all go to jobs that wait, however many take the oldest ones', async () => {
  system = await aSystem({pools: POOLS.replace('maxRunners: 5', 'maxRunners: 8')});
  const old = Array.from({length: 8}, () => system.queueJob({durationMs: 60 * MINUTE}));
  await system.pass(10 * MINUTE, () => old.every(({status}) => status === 'in_progress'));
  const waiting = Array.from({length: 10}, () => system.queueJob({durationMs: 60 * MINUTE}));
  await system.pass(MINUTE);
  const served: string[] = [];
  const context = {
    store: system.store,
    clock: system.scheduler,
    random: systemRandom,
    deployment: 'slipway',
    pools: [aPool({name: 'arm', maxRunners: 8})],
    tasks: {enqueue: async ({name}: {name: string}) => void served.push(name)},
  } as unknown as Context;
  await Promise.all(old.map((job) => retireRunner(context, {name: nameOf(job), pool: 'arm'}, 'gone')));
  expect(new Set(served).size).toBe(8);
  const states = await Promise.all(waiting.map(({id}) => system.store.get('jobs', `${id}-1`)));
  expect(states.map((job) => job?.demand).sort()).toEqual([...Array(2).fill('open'), ...Array(8).fill('reserved')]);
});
