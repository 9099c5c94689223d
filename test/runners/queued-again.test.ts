import {aSystem, expectClean, MINUTE, type TestSystem} from '../builders/system';
import {aVmSystem, VM, ZONE} from '../builders/vm-system';
import type {Job} from '../emulators/github/job';

jest.setTimeout(120_000);

let system: TestSystem;
afterEach(() => system.close());

const created = () => system.compute.created.map(({name}) => name);
const onRecord = (job: Readonly<Job>) => system.store.get('jobs', `${job.id}-1`);
const words = () => system.log.map((line) => JSON.parse(line) as {decision?: string}).map(({decision}) => decision);

/** A job that runs, as everybody has heard. */
async function running(durationMs = 5 * MINUTE): Promise<Readonly<Job>> {
  const job = system.queueJob({durationMs});
  await system.pass(2 * MINUTE, () => job.status === 'in_progress');
  await system.pass(10_000);
  expect(await onRecord(job)).toMatchObject({status: 'in_progress', runner: `slipway-arm-${job.id}-1`});
  return job;
}

function loseMachine(): void {
  const [instance] = system.compute.instances();
  if (instance) system.compute.failHost(instance);
}

describe('a job that ran is queued again at GitHub, its runner and VM are gone', () => {
  test.each(['arrives', 'is lost'])(
    'and the webhook that says so %s: it gets another VM, and runs',
    async (webhook) => {
      system = await aSystem({sweepEverySeconds: 60});
      const job = await running();
      loseMachine();
      if (webhook === 'is lost')
        system.github.deliveries.faults = ({action}) => (action === 'queued' ? {drop: true} : {});
      await system.pass(20_000);
      system.github.giveBack(job.id);
      await system.pass(7 * MINUTE, () => job.status === 'in_progress');
      expect(job).toMatchObject({status: 'in_progress', runner: {name: `slipway-arm-${job.id}-2`}});
      await system.finish();
      expect(await onRecord(job)).toMatchObject({
        status: 'completed',
        generation: 2,
        runner: `slipway-arm-${job.id}-2`,
      });
      expect(created()).toEqual([`slipway-arm-${job.id}-1`, `slipway-arm-${job.id}-2`]);
      expect(job.conclusion).toBe('success');
      expectClean(system);
    },
  );

  test('and on record as gone before the webhook says so: two minutes later GitHub is asked, without a sweep', async () => {
    system = await aSystem();
    const job = await running(20 * MINUTE);
    loseMachine();
    await system.sweepFor(5 * MINUTE);
    expect(await system.store.get('runners', `slipway-arm-${job.id}-1`)).toMatchObject({state: 'gone'});
    system.github.giveBack(job.id);
    await system.pass(110_000);
    expect(created()).toHaveLength(1);
    await system.pass(2 * MINUTE);
    expect(await onRecord(job)).toMatchObject({status: 'in_progress', runner: `slipway-arm-${job.id}-2`});
    await system.finish();
    expectClean(system);
  });

  test('and an `in_progress` of that runner is late', async () => {
    system = await aSystem();
    const job = await running(20 * MINUTE);
    loseMachine();
    await system.sweepFor(5 * MINUTE);
    const before = {...job};
    system.github.giveBack(job.id);
    await system.pass(2.5 * MINUTE);
    system.github.announceJob(before, 'in_progress');
    await system.pass(10_000);
    expect((await onRecord(job))?.runner).toBe(`slipway-arm-${job.id}-2`);
    await system.finish();
    expect(job.conclusion).toBe('success');
    expect(created()).toHaveLength(2);
    expectClean(system);
  });
});

describe('a `queued` that comes after `in_progress`', () => {
  test('of a job that runs is late, and makes no VM', async () => {
    system = await aSystem({sweepEverySeconds: 60});
    const job = await running();
    system.github.announceJob({...job, status: 'queued', runner: null}, 'queued');
    await system.finish();
    expect(created()).toHaveLength(1);
    expect(words()).not.toContain('requeued');
    expectClean(system);
  });

  test('of a job whose runner is gone, and which GitHub does not have queued, makes none either', async () => {
    system = await aSystem();
    const job = await running(20 * MINUTE);
    loseMachine();
    await system.sweepFor(5 * MINUTE);
    system.github.announceJob({...job, status: 'queued', runner: null}, 'queued');
    await system.sweepFor(4 * MINUTE);
    expect(job.status).toBe('in_progress');
    expect(created()).toHaveLength(1);
    await system.sweepFor(10 * MINUTE);
    expect(job).toMatchObject({conclusion: 'failure', ending: 'lost'});
    expectClean(system);
  });
});

describe('a persistent VM that somebody stops under a job, which GitHub gives back to the queue,', () => {
  test.each(['arrives', 'is lost'])('is started again for it, when the webhook %s', async (webhook) => {
    const vm = await aVmSystem();
    system = vm;
    const job = vm.queueGpuJob(10 * MINUTE);
    await vm.pass(3 * MINUTE, () => job.status === 'in_progress');
    await vm.pass(10_000);
    vm.compute.power('stop', ZONE, VM);
    if (webhook === 'is lost') vm.github.deliveries.faults = ({action}) => (action === 'queued' ? {drop: true} : {});
    await vm.pass(20_000);
    vm.github.giveBack(job.id);
    await (webhook === 'is lost' ? vm.sweepFor(8 * MINUTE) : vm.pass(8 * MINUTE));
    expect(job.status).toBe('in_progress');
    await vm.untilDown();
    expect(job.conclusion).toBe('success');
    expect(await vm.document()).toMatchObject({state: 'stopped', runs: []});
    expect(vm.powerActions()).toEqual(['start', 'start', 'stop']);
  });
});
