import {aSystem, expectClean, type TestSystem} from '../builders/system';

/** Calls to the outside that `provision` makes for a queued job and a running one, and a few more. */
const STEPS = 16;
const POINTS = Array.from({length: STEPS}, (_, i) => i + 1).flatMap((step) => [
  {step, side: 'before' as const},
  {step, side: 'after' as const},
]);

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
