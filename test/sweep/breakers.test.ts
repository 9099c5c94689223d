import {aSystem, expectClean, MINUTE, POOLS, type TestSystem} from '../builders/system';

jest.setTimeout(120_000);

let system: TestSystem;
afterEach(() => system.close());

describe('breakers', () => {
  test('three consecutive failed boots stop creations for ten minutes; a successful boot closes the breaker', async () => {
    let broken = true;
    system = await aSystem({
      sweepEverySeconds: 60,
      failsToBoot: () => broken,
      pools: POOLS.replace('maxRunners: 5', 'maxRunners: 1\n    bootMinutes: 2'),
    });
    const job = system.queueJob();
    await system.pass(20 * MINUTE, () => system.compute.created.length === 3);
    await system.pass(6 * MINUTE);
    expect(await system.store.get('breakers', 'boot.runner-arm64')).toMatchObject({open: true, failures: 3});
    const before = system.compute.created.length;
    await system.pass(5 * MINUTE);
    expect(system.compute.created.length).toBe(before);
    broken = false;
    await system.finish(60 * MINUTE);
    expect(job.conclusion).toBe('success');
    expect(await system.store.get('breakers', 'boot.runner-arm64')).toBeUndefined();
    expectClean(system);
  });

  test('consecutive 5xx of GitHub limit calls to one probe a minute, until one is answered', async () => {
    system = await aSystem();
    const path = /generate-jitconfig$|access_tokens$|actions\/runners/;
    system.github.fault({match: {path}, times: 10_000, respond: {status: 502, headers: {}, body: {}}});
    for (let i = 0; i < 5; i++) system.queueJob();
    await system.pass(5 * MINUTE);
    expect(await system.store.get('breakers', 'github-5xx')).toMatchObject({open: true});
    const before = system.github.requests.length;
    await system.pass(5 * MINUTE);
    expect(system.github.requests.length - before).toBeLessThanOrEqual(12);
    system.github.faults.clear();
    await system.finish(3 * 60 * MINUTE);
    expect(await system.store.get('breakers', 'github-5xx')).toBeUndefined();
    expectClean(system);
  });
});
