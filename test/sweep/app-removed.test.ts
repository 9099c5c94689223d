import {aSystem, expectClean, MINUTE, type TestSystem} from '../builders/system';

jest.setTimeout(60_000);

let system: TestSystem;
afterEach(() => system.close());

const names = () => system.compute.instances().map(({name}) => name);

/** The only installation of the App. */
const installation = () => system.github.app.installations()[0];

/** A job that runs for ten minutes, without a webhook of its end. */
async function aRunningJob(): Promise<void> {
  const job = system.queueJob({durationMs: 10 * MINUTE});
  await system.pass(5 * MINUTE, () => job.status === 'in_progress');
  await system.pass(10_000);
  system.github.deliveries.faults = () => ({drop: true});
}

function removeApp(): void {
  system.github.app.uninstall(installation()?.id ?? 0);
}

describe('the App is removed while a job runs', () => {
  test('the VM that powered itself off is deleted, and its slot is freed', async () => {
    system = await aSystem();
    await aRunningJob();
    removeApp();
    await system.sweepFor(8 * MINUTE);
    expect(names()).toHaveLength(1);
    await system.sweepFor(10 * MINUTE);
    expect(names()).toEqual([]);
    const held = await system.store.find('slots', {where: {pool: 'arm'}, limit: 10});
    expect(held.map(({data}) => data.holder)).toEqual([null]);
    expect(system.log.some((line) => line.includes('registration_left'))).toBe(true);
  });

  test('and installed again with another id: its runner is ended, and new jobs run', async () => {
    system = await aSystem();
    await aRunningJob();
    const account = installation()?.account;
    removeApp();
    if (account) system.github.app.install(account);
    await system.sweepFor(20 * MINUTE);
    expectClean(system);
    system.github.deliveries.faults = () => ({});
    const job = system.queueJob();
    await system.finish();
    expect(job.conclusion).toBe('success');
    expectClean(system);
  });
});
