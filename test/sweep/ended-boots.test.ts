import {ApiClient} from '../api/client';
import {aSystem, expectClean, MINUTE, POOLS, type TestSystem} from '../builders/system';
import type {Instance} from '../emulators/compute/resources';

jest.setTimeout(120_000);

const SPOT = ['self-hosted', 'gpu'];
const AWS = ['self-hosted', 'aws'];

const WITH_AWS = `${POOLS}
  - name: aws
    repos: ["acme/*"]
    requires: [self-hosted, aws]
    provider: {type: ec2, region: eu-central-1, launchTemplate: runner, subnets: [subnet-a], instanceTypes: [m7i.large], spot: prefer}
`;

let system: TestSystem;
afterEach(() => system.close());

const breakers = async () => (await system.store.find('breakers', {where: {}, limit: 10})).map(({data}) => data);
const explain = async (job: number) => (await new ApiClient(system.urls.api).get(`/explain?job=${job}`)).json;
const opened = () => system.log.filter((line) => line.includes('"breaker_open"'));

/** Does something to each VM that begins to boot, once. */
function onceUp(act: (instance: Instance) => void): void {
  const seen = new Set<string>();
  system.compute.observe(({kind, instance}) => {
    if (kind !== 'running' || seen.has(instance.name)) return;
    seen.add(instance.name);
    system.scheduler.at(system.scheduler.now() + 1_000, () => act(instance));
  });
}

describe('machines that power themselves off during their boot', () => {
  test.each([
    {cloud: 'gce', labels: ['self-hosted', 'linux'], breaker: 'boot.runner-arm64', says: /powered off during its boot/},
    {
      cloud: 'ec2',
      labels: AWS,
      breaker: 'boot.ec2.111122223333_eu-central-1.runner',
      says: /its instance powered itself off/,
    },
  ])('open the breaker of their template at $cloud, after which one probe at a time is made', async (given) => {
    const {cloud, labels, breaker, says} = given;
    let isBroken = true;
    system = await aSystem({
      ...{withAws: cloud === 'ec2', sweepEverySeconds: 60},
      failsToBoot: () => isBroken && 'powers off',
      pools: cloud === 'ec2' ? WITH_AWS : POOLS,
    });
    const created = () => (cloud === 'ec2' ? (system.aws?.world.created() ?? 0) : system.compute.created.length);
    const job = system.queueJob({labels});
    await system.pass(40 * MINUTE, () => opened().length > 0);
    expect(await breakers()).toMatchObject([{name: breaker, open: true, failures: 3}]);
    expect(opened()[0]).toMatch(says);
    expect(created()).toBe(3);
    await system.pass(9 * MINUTE);
    expect([created(), job.status]).toEqual([3, 'queued']);
    expect(await explain(job.id)).toMatchObject({verdict: 'breaker_open'});
    // One probe each time that ten minutes have passed since the failure of the one before.
    await system.pass(31 * MINUTE);
    expect(created()).toBeGreaterThanOrEqual(5);
    expect(created()).toBeLessThanOrEqual(6);

    isBroken = false;
    await system.finish(60 * MINUTE);
    expect(job.conclusion).toBe('success');
    expect(await breakers()).toEqual([]);
    expectClean(system);
  });

  test('count of a job alone that has chosen how large they are', async () => {
    const pools = POOLS.replace('idleMinutes: 10', 'idleMinutes: 10\n    options: {machine: ["t2a-*"]}');
    system = await aSystem({pools, sweepEverySeconds: 60, failsToBoot: () => 'powers off'});
    const job = system.queueJob({labels: ['self-hosted', 'linux', 'machine=t2a-standard-1']});
    await system.pass(20 * MINUTE);
    expect(await breakers()).toEqual([]);
    expect(system.compute.created).toHaveLength(3);
    expect(await system.store.get('deadletters', `job-${job.id}-1`)).toMatchObject({reason: 'boot_failed'});
  });

  test('are passed over as a fallback for the one behind it', async () => {
    const pools = `
pools:
  - {name: a, repos: ["acme/*"], requires: [self-hosted], fallback: b, provider: {type: gce, template: runner-arm64, zones: [us-central1-a]}}
  - {name: b, repos: ["acme/*"], requires: [b], fallback: c, provider: {type: gce, template: runner-gpu, zones: [us-central1-b]}}
  - {name: c, repos: ["acme/*"], requires: [c], provider: {type: gce, template: runner-arm64, zones: [us-central1-f]}}
`;
    system = await aSystem({
      ...{pools, sweepEverySeconds: 60},
      failsToBoot: ({place}) => place === 'us-central1-b' && 'powers off',
    });
    system.compute.setCapacity({zone: 'us-central1-a'}, 0);
    const job = system.queueJob({labels: ['self-hosted']});
    await system.finish(90 * MINUTE);
    expect(job).toMatchObject({conclusion: 'success', runner: {name: expect.stringMatching(/^slipway-[a-c]-/)}});
    expect(system.compute.created.filter(({zone}) => zone === 'us-central1-b')).toHaveLength(3);
    expectClean(system);
  });
});

describe('no failed boot is', () => {
  test('the preemption of a spot VM that boots, however often', async () => {
    system = await aSystem({sweepEverySeconds: 60});
    let preemptions = 0;
    onceUp((instance) => {
      if (++preemptions <= 4) system.compute.preempt(instance);
    });
    const job = system.queueJob({labels: SPOT});
    await system.finish(60 * MINUTE);
    expect([system.compute.created.length, job.conclusion]).toEqual([5, 'success']);
    expect(opened()).toEqual([]);
    expectClean(system);
  });

  test('the preemption of an EC2 spot instance that boots', async () => {
    system = await aSystem({pools: WITH_AWS, withAws: true, sweepEverySeconds: 60});
    const {world} = system.aws ?? {};
    if (!world) throw new RangeError('there is no AWS');
    let preemptions = 0;
    world.observe(({kind, machine}) => {
      if (kind !== 'running' || ++preemptions > 4) return;
      system.scheduler.at(system.scheduler.now() + 1_000, () => world.preempt(machine));
    });
    const job = system.queueJob({labels: AWS});
    await system.finish(60 * MINUTE);
    expect([world.created(), job.conclusion]).toEqual([5, 'success']);
    expect(opened()).toEqual([]);
    expectClean(system);
  });

  test('the end of a machine whose runner has run its job, while nobody tells of that', async () => {
    system = await aSystem({sweepEverySeconds: 60});
    system.github.deliveries.faults = ({action}) => ({drop: action !== 'queued'});
    const path = /\/actions\/(runs|jobs)|\/hook\/deliveries/;
    system.github.fault({match: {path}, times: 10_000, respond: {status: 403, headers: {}, body: {}}});
    const job = system.queueJob({durationMs: 5_000});
    await system.pass(10 * MINUTE);
    expect(job.conclusion).toBe('success');
    expect(await system.store.get('runners', `slipway-arm-${job.id}-1`)).toMatchObject({state: 'failed', runs: null});
    expect((await breakers()).filter(({name}) => name.startsWith('boot.'))).toEqual([]);
    system.github.faults.clear();
    await system.finish(60 * MINUTE);
    expectClean(system);
  });
});

test('one VM that a person deletes while it boots holds nothing back, and the next runner that comes online is the end of it', async () => {
  system = await aSystem({sweepEverySeconds: 60});
  let deletions = 0;
  onceUp(({zone, name}) => {
    if (++deletions === 1) system.compute.delete(zone, name);
  });
  system.queueJob({durationMs: 3 * MINUTE});
  await system.pass(12 * MINUTE, () => system.compute.created.length === 2);
  expect(await breakers()).toMatchObject([
    {open: false, failures: 1, reason: expect.stringContaining('was gone during its boot')},
  ]);
  await system.pass(MINUTE);
  system.queueJob({durationMs: 3 * MINUTE});
  await system.finish(60 * MINUTE);
  expect(system.jobs.map(({conclusion}) => conclusion)).toEqual(['success', 'success']);
  expect(await breakers()).toEqual([]);
  expectClean(system);
});
