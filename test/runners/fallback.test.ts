import {ApiClient} from '../api/client';
import {aSystem, expectClean, MINUTE, type TestSystem} from '../builders/system';
import type {SystemOptions} from '../emulators/system';

const POOLS = `
pools:
  - name: a
    repos: ["acme/*"]
    requires: [self-hosted, linux]
    offers: [self-hosted, linux, x64]
    maxRunners: 3
    fallback: b
    options: {machine: ["*"], spot: true}
    provider: {type: gce, template: runner-arm64, zones: [us-central1-a, us-central1-b]}
  - name: b
    repos: ["acme/*"]
    requires: [self-hosted, linux, aws]
    maxRunners: 1
    fallback: c
    options: {spot: true}
    provider:
      type: ec2
      region: eu-central-1
      launchTemplate: runner
      subnets: [subnet-a]
      instanceTypes: [m7i.large]
  - name: c
    repos: ["acme/*"]
    requires: [self-hosted, linux, other]
    maxRunners: 2
    provider: {type: gce, template: runner-gpu, zones: [europe-west1-b], machineTypes: [n2-standard-4]}
`;

const STOCK_OUT = {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'The zone does not have enough resources.'};
const QUOTA = {code: 'QUOTA_EXCEEDED', message: "Quota 'CPUS' exceeded. Limit: 24.0 in region us-central1."};

let system: TestSystem;
const start = async (pools = POOLS, options: Partial<SystemOptions> & {seed?: number} = {}) => {
  system = await aSystem({pools, withAws: true, ...options});
};
afterEach(() => system.close());

const aws = () => {
  if (!system.aws) throw new RangeError('the system was started without AWS');
  return system.aws.world;
};
const full = (...zones: string[]) => {
  for (const zone of zones) system.compute.failLate({zone, times: Number.POSITIVE_INFINITY, error: STOCK_OUT});
};
const A = ['us-central1-a', 'us-central1-b'];
const api = () => new ApiClient(system.urls.api);
const fellBack = () =>
  system.log.filter((line) => line.includes('"decision":"fell_back"')).map((line): unknown => JSON.parse(line));
const slots = async () =>
  (await system.store.find('slots', {where: {}, limit: 50})).filter(({data}) => data.holder !== null);

describe('a job for which its pool has no capacity', () => {
  test('is served by the fallback, at another provider, and stays a job of its pool', async () => {
    await start();
    full(...A);
    const job = system.queueJob({durationMs: 5 * MINUTE});
    await system.pass(4 * MINUTE, () => job.status === 'in_progress');
    await system.pass(20_000);
    const name = `slipway-b-${job.id}-2`;
    expect(job.runner).toMatchObject({name});
    expect(await system.store.get('jobs', `${job.id}-1`)).toMatchObject({pool: 'a', fallbackPool: 'b', runner: name});
    expect(await system.store.get('runners', name)).toMatchObject({
      ...{pool: 'b', provider: 'ec2', state: 'busy', slotOfAll: null},
      labels: ['self-hosted', 'linux', 'aws'],
    });
    expect(await system.store.get('runners', `slipway-a-${job.id}-1`)).toMatchObject({state: 'failed', slot: null});
    expect((await slots()).map(({data}) => [data.pool, data.holder])).toEqual([['b', name]]);
    expect(fellBack()).toMatchObject([{job: `${job.id}-1`, pool: 'b', runner: name}]);
    await system.finish();
    expect(job.conclusion).toBe('success');
    expect(await slots()).toEqual([]);
    expectClean(system);
  });

  test('is told of as served elsewhere by the attempt that makes the machine, not by one that leaves it to the next', async () => {
    await start(POOLS, {computeLatencies: {insert: 20_000}});
    full(...A);
    const job = system.queueJob({durationMs: 5 * MINUTE});
    await system.pass(MINUTE, () => system.log.some((line) => line.includes('is created by the next attempt')));
    expect(fellBack()).toEqual([]);
    await system.pass(4 * MINUTE, () => job.status === 'in_progress');
    expect(fellBack()).toMatchObject([{job: `${job.id}-1`, pool: 'b', runner: `slipway-b-${job.id}-2`}]);
    await system.finish();
    expectClean(system);
  });

  test('goes on to the fallback of the fallback where that has no capacity or is full', async () => {
    await start();
    full(...A);
    const jobs = [1, 2, 3].map(() => system.queueJob({durationMs: 20 * MINUTE}));
    await system.pass(10 * MINUTE, () => jobs.every(({status}) => status === 'in_progress'));
    const pools = jobs.map(({runner}) => runner?.name.split('-')[1]).sort();
    expect(pools).toEqual(['b', 'c', 'c']);
    await system.finish(120 * MINUTE);
    expectClean(system);
  });

  test('begins at its own pool with the next try, when none has any', async () => {
    await start();
    full(...A, 'europe-west1-b');
    aws().faults.stockOut('us-central1-a');
    const job = system.queueJob();
    await system.pass(3 * MINUTE);
    expect(job.status).toBe('queued');
    expect(system.github.runners.all()).toEqual([]);
    expect(await slots()).toHaveLength(1);
    const {json} = await api().get(`/explain?job=${job.id}`);
    expect(json).toMatchObject({verdict: 'no_capacity', pool: 'a'});
    for (const part of ['pool a: no capacity', 'fallback b: no capacity', 'fallback c: no capacity'])
      expect(json['because']).toContain(part);
    expect(await system.store.get('jobs', `${job.id}-1`)).toMatchObject({pool: 'a', fallbackPool: null});
    // It was served nowhere: the tries in b and c made nothing.
    expect(fellBack()).toEqual([]);
    system.compute.recover();
    await system.finish(60 * MINUTE);
    expect(job.runner?.name).toMatch(/^slipway-a-/);
    expectClean(system);
  });

  test('is not served by a fallback that does not allow its option', async () => {
    await start();
    full(...A);
    const job = system.queueJob({labels: ['self-hosted', 'linux', 'machine=n2-standard-2']});
    await system.pass(2 * MINUTE);
    expect(job.status).toBe('queued');
    const {json} = await api().get(`/explain?job=${job.id}`);
    expect(json['because']).toContain(
      'fallback b does not allow machine=n2-standard-2: its options do not list machine',
    );
    system.compute.recover();
    await system.finish(60 * MINUTE);
    expect(job.conclusion).toBe('success');
  });

  test('takes its options to the fallback', async () => {
    await start();
    full(...A);
    const job = system.queueJob({labels: ['self-hosted', 'linux', 'spot=only']});
    await system.finish();
    expect(job.runner?.name).toBe(`slipway-b-${job.id}-2`);
    expect(aws().instances()).toMatchObject([{isSpot: true, name: `slipway-b-${job.id}-2`}]);
  });

  test('of a public repository is not served by a fallback that serves none', async () => {
    const open = POOLS.replace('    fallback: b\n', '    fallback: b\n    allowPublicRepos: true\n');
    await start(open);
    system.github.addRepository('acme/site', {visibility: 'public'});
    full(...A);
    const [secret, known] = [system.queueJob(), system.queueJob({repository: 'acme/site'})];
    await system.pass(4 * MINUTE);
    expect([secret.status !== 'queued', known.status]).toEqual([true, 'queued']);
    const {json} = await api().get(`/explain?job=${known.id}`);
    expect(json['because']).toContain('fallback b does not set allowPublicRepos, and acme/site may be public');
  });
});

describe('a job that meets the breaker of its quota', () => {
  test('is served by the fallback at once, without a try in its own pool', async () => {
    await start();
    for (const zone of A) system.compute.failLate({zone, times: Number.POSITIVE_INFINITY, error: QUOTA});
    const first = system.queueJob({durationMs: MINUTE});
    await system.pass(4 * MINUTE, () => first.status === 'in_progress');
    expect(first.runner?.name).toBe(`slipway-b-${first.id}-2`);
    const second = system.queueJob({durationMs: MINUTE});
    await system.pass(30_000);
    expect(await system.store.get('jobs', `${second.id}-1`)).toMatchObject({creations: 1, fallbackPool: 'c'});
    await system.finish();
    expect(second.runner?.name).toBe(`slipway-c-${second.id}-1`);
    expectClean(system);
  });
});

describe('a job whose quota ends while the machines of its fallback do not come up', () => {
  const hold = () =>
    system.store.transaction(async (transaction) => {
      const [at, hours] = [system.scheduler.now(), 3_600_000];
      const name = 'boot.ec2.111122223333_eu-central-1.runner';
      transaction.set('breakers', name, {
        ...{name, reason: 'runners did not come online', open: true, failures: 3},
        ...{failedAt: at, openedAt: at, nextProbeAt: at + hours, expireAt: at + hours},
      });
    });

  test('is served by the fallback behind that one', async () => {
    await start();
    await hold();
    for (const zone of A) system.compute.failLate({zone, times: Number.POSITIVE_INFINITY, error: QUOTA});
    const job = system.queueJob({durationMs: MINUTE});
    await system.pass(3 * MINUTE, () => job.status === 'in_progress');
    expect(job.runner?.name).toBe(`slipway-c-${job.id}-2`);
    const [told] = fellBack() as {message: string}[];
    expect(told?.message).toContain('fallback b: breaker boot.ec2.111122223333_eu-central-1.runner is open');
    await system.finish();
    expectClean(system);
  });

  test('gets its machine in its own pool as soon as that has quota: Compute Engine is not asked for the one that failed', async () => {
    await start(POOLS.replace('    fallback: c\n', ''));
    await hold();
    for (const zone of A) system.compute.failLate({zone, times: 1, error: QUOTA});
    const job = system.queueJob({durationMs: MINUTE});
    await system.pass(6 * MINUTE, () => job.status === 'in_progress');
    expect(job.runner?.name).toMatch(/^slipway-a-/);
    await system.finish();
    expectClean(system);
  });
});

describe('a job that chooses more than its quota has room for', () => {
  test('holds back no job that chooses nothing', async () => {
    await start();
    for (const zone of A) system.compute.failLate({zone, times: Number.POSITIVE_INFINITY, error: QUOTA});
    const large = system.queueJob({labels: ['self-hosted', 'linux', 'machine=n2-standard-128'], durationMs: MINUTE});
    await system.pass(20_000);
    const {json} = await api().get(`/explain?job=${large.id}`);
    expect(json['because']).toContain('QUOTA_EXCEEDED');
    expect(await system.store.find('breakers', {where: {open: true}, limit: 5})).toEqual([]);
    system.compute.recover();
    const small = system.queueJob({durationMs: MINUTE});
    await system.pass(MINUTE, () => small.status === 'in_progress');
    expect(small.runner?.name).toBe(`slipway-a-${small.id}-1`);
    await system.finish();
    expect(large.conclusion).toBe('success');
    expectClean(system);
  });
});

describe('a fallback for private repositories, of a pool for public ones', () => {
  const ORG = `
pools:
  - name: a
    org: acme
    runnerGroup: open
    requires: [self-hosted, linux]
    maxRunners: 3
    allowPublicRepos: true
    fallback: b
    provider: {type: gce, template: runner-arm64, zones: [us-central1-a]}
  - name: b
    org: acme
    requires: [self-hosted, linux, aws]
    maxRunners: 2
    provider:
      type: ec2
      region: eu-central-1
      launchTemplate: runner
      subnets: [subnet-a]
      instanceTypes: [m7i.large]
`;
  const startOrg = async (pools = ORG, options: Parameters<typeof start>[1] = {}) => {
    await start(pools, options);
    const {accounts} = system.github;
    const acme = accounts.account('acme');
    if (acme) accounts.addRunnerGroup(acme, {name: 'open', allowsPublicRepositories: true});
    system.github.addRepository('acme/site', {visibility: 'public'});
  };
  const ofB = async () => (await system.store.find('runners', {where: {pool: 'b'}, limit: 9})).map(({data}) => data);

  test('gets no runner for the public job that the swap rule gives the runner of a private one', async () => {
    // With this seed GitHub gives the runner of the public job to the private one.
    await startOrg(ORG, {routing: 'random', seed: 6});
    const known = system.queueJob({repository: 'acme/site'});
    await system.pass(MINUTE, () => system.compute.instances().some(({status}) => status === 'RUNNING'));
    full('us-central1-a');
    aws().faults.stockOut('us-central1-a');
    const secret = system.queueJob({durationMs: 30 * MINUTE});
    await system.pass(3 * MINUTE, () => secret.status === 'in_progress');
    expect(secret.runner?.name).toBe(`slipway-a-${known.id}-1`);
    aws().faults.recover();
    await system.pass(5 * MINUTE);
    expect((await ofB()).filter(({covers}) => covers === `${known.id}-1`)).toEqual([]);
    expect(aws().instances()).toEqual([]);
    expect(await system.store.get('jobs', `${known.id}-1`)).toMatchObject({demand: 'covered'});
    system.compute.recover();
    await system.finish(90 * MINUTE);
    expect(known.runner?.name).toMatch(/^slipway-a-/);
    expectClean(system);
  });

  test('keeps its warm runners from public jobs', async () => {
    await startOrg(ORG.replace('maxRunners: 2', 'maxRunners: 2\n    minIdle: 1'));
    await system.sweepFor(3 * MINUTE);
    expect(await ofB()).toMatchObject([{spare: true}]);
    const known = system.queueJob({repository: 'acme/site'});
    await system.pass(2 * MINUTE, () => known.status === 'in_progress');
    expect(known.runner?.name).toBe(`slipway-a-${known.id}-1`);
    expect(await ofB()).toMatchObject([{spare: true, covers: null}]);
  });
});
