import {aSystem, MINUTE, POOLS, type TestSystem} from '../builders/system';

jest.setTimeout(60_000);

let system: TestSystem;
afterEach(() => system.close());

/** A runner whose job was cancelled while its VM booted. */
async function spare(minIdle: string): Promise<string> {
  const pools = POOLS.replace('repos: ["acme/*"]', 'repo: acme/app');
  system = await aSystem({pools: pools.replace('maxRunners: 5', `maxRunners: 5\n    minIdle: ${minIdle}`)});
  const job = system.queueJob();
  await system.pass(10_000);
  system.github.cancelJob(job.id);
  await system.pass(2 * 60 * MINUTE);
  return `slipway-arm-${job.id}-1`;
}

const names = () => system.compute.instances().map(({name}) => name);

test('an unassigned runner that minIdle asks for is not ended as idle', async () => {
  const name = await spare('1');
  expect(names()).toEqual([name]);
  const next = system.queueJob();
  await system.pass(MINUTE);
  expect(next.runner?.name).toBe(name);
});

test('an unassigned runner that no schedule asks for is ended', async () => {
  await spare('[{cron: "* 20-21 * * *", timezone: UTC, count: 1}]');
  expect(names()).toEqual([]);
});

test('a warm runner’s VM lives long enough to run a job after its wait', async () => {
  await spare('1');
  const [instance] = system.compute.created;
  const {seconds} = (instance?.scheduling['maxRunDuration'] ?? {}) as {seconds?: string};
  // 5 minutes to boot, 12 hours and 10 minutes idle, 360 minutes for the job, and ten more.
  expect(Number(seconds)).toBe((5 + 12 * 60 + 10 + 360 + 10) * 60);
});

describe('if the pool names its repository, the sweep', () => {
  const pools = POOLS.replace('repos: ["acme/*"]', 'repo: acme/app').replace(
    'maxRunners: 5',
    'maxRunners: 3\n    minIdle: 2',
  );

  test('creates as many runners as minIdle asks for, and replaces those that jobs took', async () => {
    system = await aSystem({pools, sweepEverySeconds: 60});
    await system.pass(5 * MINUTE);
    expect(names()).toHaveLength(2);
    const job = system.queueJob({durationMs: 30 * MINUTE});
    await system.pass(10_000);
    expect(job.status).toBe('in_progress');
    await system.pass(5 * MINUTE);
    expect(names()).toHaveLength(3);
    await system.pass(2 * 60 * MINUTE);
    expect(names()).toHaveLength(2);
    expect(system.killed).toEqual([]);
  });

  test('resumes a stalled creation after a crash', async () => {
    system = await aSystem({pools});
    system.tasks.dispatchFault({match: ({name}) => name.includes('make'), times: 100, respond: 'not delivered'});
    await system.sweep();
    await system.pass(5 * MINUTE);
    expect(names()).toEqual([]);
    await system.pass(6 * MINUTE);
    expect((await system.sweep()).decided).toEqual({half_made: 2});
  });
});
