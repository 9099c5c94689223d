import {aSystem, expectClean, MINUTE, POOLS, type TestSystem} from '../builders/system';

/** Calls to the outside that `provision` makes for a queued job and a running one, and a few more. */
const STEPS = 16;
const POINTS = Array.from({length: STEPS}, (_, i) => i + 1).flatMap((step) => [
  {step, side: 'before' as const},
  {step, side: 'after' as const},
]);

/** Calls that `stop` makes when a job is completed, and one more. */
const STEPS_OF_STOP = 5;
const POINTS_OF_STOP = POINTS.filter(({step}) => step <= STEPS_OF_STOP);

let system: TestSystem;
afterEach(() => system.close());

test.each(POINTS)(
  'provision dies $side its call number $step: the job runs, on one VM, and no ghost is left',
  async (crash) => {
    system = await aSystem({crash});
    const job = system.queueJob();
    await system.finish();
    expect(job.conclusion).toBe('success');
    const gone = system.compute.created.filter(({status}) => status !== 'RUNNING');
    expect(gone.length).toBe(system.compute.created.length);
    expect(system.compute.created).toHaveLength(1);
    expectClean(system);
  },
);

test.each(POINTS)(
  'provision dies $side its call number $step, and the insert fails late: the job runs all the same',
  async (crash) => {
    system = await aSystem({crash});
    const error = {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'The zone does not have enough resources available.'};
    system.compute.failLate({times: 1, error});
    const job = system.queueJob();
    await system.finish();
    expect(job.conclusion).toBe('success');
    expectClean(system);
  },
);

describe.each(POINTS_OF_STOP)('stop dies $side its call number $step', (crash) => {
  const ofOne = POOLS.replace('maxRunners: 5', 'maxRunners: 1');
  const start = async () => {
    system = await aSystem({crash: {...crash, of: 'stop'}, pools: ofOne});
    return [system.queueJob(), system.queueJob()];
  };

  test('its task is repeated: the slot goes to the next job, once', async () => {
    const jobs = await start();
    let most = 0;
    system.compute.observe(() => {
      most = Math.max(most, system.compute.instances().filter(({status}) => status === 'RUNNING').length);
    });
    await system.finish();
    expect(jobs.map(({conclusion}) => conclusion)).toEqual(['success', 'success']);
    expect(most).toBe(1);
    expect(await system.store.get('slots', 'arm.0')).toMatchObject({holder: null});
    expectClean(system);
  });

  test('its task never comes again: the sweep goes on with the end, and says of no VM that it was taken away', async () => {
    const jobs = await start();
    const deletedAt = new Map<string, number>();
    system.compute.observe(({kind, instance: {name}}) => {
      if (kind === 'deleting') deletedAt.set(name, system.scheduler.now());
    });
    const dispatched: string[] = [];
    system.tasks.dispatchFault({
      match: ({name}) => name === dispatched[0] || (name.endsWith('-completed') && dispatched.push(name) > 1),
      times: 1_000,
      respond: 'not delivered',
    });
    await system.sweepFor(40 * MINUTE);
    expect(jobs.map(({conclusion}) => conclusion)).toEqual(['success', 'success']);
    expect(await system.store.get('slots', 'arm.0')).toMatchObject({holder: null});
    for (const {id} of jobs) {
      const name = `slipway-arm-${id}-1`;
      const {machineEndedAt} = (await system.store.get('runners', name)) ?? {};
      expect(Math.abs((machineEndedAt ?? 0) - (deletedAt.get(name) ?? 0))).toBeLessThan(15_000);
    }
    expect(system.log.filter((line) => /vanished|preempted|over_time/.test(line))).toEqual([]);
    expectClean(system);
  });
});
