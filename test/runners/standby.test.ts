import type {StandbyState} from '../../shared/model/standby';
import {openBreaker} from '../../shared/runners/breaker-failures';
import {createLogger} from '../../shared/telemetry/create-logger';
import {ApiClient} from '../api/client';
import {aSystem, MINUTE, type TestSystem} from '../builders/system';
import type {SystemOptions} from '../emulators/system';

// The first use of a Google client loads its modules, which takes time.
jest.setTimeout(120_000);

const ZONE = 'us-central1-a';
const STOCK_OUT = {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'The zone does not have enough resources.'};
const QUOTA = {code: 'QUOTA_EXCEEDED', message: "Quota 'CPUS' exceeded. Limit: 24.0 in region us-central1."};
const QUOTA_BREAKER = 'quota.us-central1';

const poolWith = (more: string) => `
pools:
  - name: arm
    repos: ["acme/app"]
    requires: [self-hosted, linux]
    maxRunners: 8
    bootMinutes: 5
    ${more}
`;
const POOL = poolWith(
  `standby: {stopped: 2}\n    provider: {type: gce, template: runner-arm64, region: us-central1, zones: [${ZONE}]}`,
);

let system: TestSystem;
afterEach(() => system.close());

const start = async (pools: string, options: Partial<SystemOptions> & {seed?: number} = {}) => {
  system = await aSystem({pools, ...options});
};
const held = async (state: StandbyState) =>
  (await system.store.find('standby', {where: {state}, limit: 50})).map(({id}) => id);
/** Sweeps until the standby machines are ready. */
const ready = async (count: number) => {
  for (let minute = 0; minute < 12 && (await held('ready')).length < count; minute++) await system.sweepFor(MINUTE);
  expect(await held('ready')).toHaveLength(count);
};
const breakers = async () =>
  (await system.store.find('breakers', {where: {open: true}, limit: 50}))
    .map(({id}) => id)
    .filter((id) => !id.startsWith('full.'));
const open = (name: string, seconds: number) => {
  const context = {
    store: system.store,
    clock: system.scheduler,
    logger: createLogger({level: 'error', destination: {write: () => undefined}}),
  };
  return openBreaker(context, name, QUOTA.message, seconds);
};
const running = (job: {status: string}) => system.pass(4 * MINUTE, () => job.status === 'in_progress');

describe('an organisation that forbids guest attributes', () => {
  test('has no standby machine, and jobs that are held back by nothing', async () => {
    await start(POOL);
    system.compute.forbidGuestAttributes();
    await system.sweepFor(30 * MINUTE);
    expect(await breakers()).toEqual(['standby.arm']);
    // Two at first, and none in the hour after that.
    expect(system.compute.created).toHaveLength(2);
    expect(system.compute.instances()).toEqual([]);
    const job = system.queueJob();
    await running(job);
    expect(job.runner?.name).toBe(`slipway-arm-${job.id}-1`);
  });

  test('is told by the doctor and by the breaker which policy it is, and the sweep is complete', async () => {
    await start(POOL);
    system.compute.forbidGuestAttributes();
    await system.sweepFor(10 * MINUTE);
    expect((await system.sweep()).incomplete).toEqual([]);
    const api = new ApiClient(system.urls.api);
    const policy = 'constraints/compute.disableGuestAttributesAccess';
    const {json} = await api.get('/status');
    expect(json['breakers']).toMatchObject([{name: 'standby.arm', reason: expect.stringContaining(policy)}]);
    const {findings} = (await api.get('/doctor')).json as {findings: {check: string}[]};
    expect(findings.find(({check}) => check === 'pool.arm.provider')).toMatchObject({
      status: 'warning',
      because: expect.stringContaining(policy),
      do: expect.stringContaining('Do what the message names'),
    });
  });
});

test('standby machines that end without a report hold back standby machines alone', async () => {
  await start(POOL);
  system.compute.observe(({kind, instance}) => {
    if (kind === 'running')
      system.scheduler.at(system.scheduler.now() + 1_000, () => system.compute.powerOff(instance));
  });
  await system.sweepFor(8 * MINUTE);
  expect(await breakers()).toEqual(['standby.arm']);
});

test('a job that chooses its machine gets the standby machine that fits, wherever it stands among the ready ones', async () => {
  const pool = poolWith(`options: {machine: ["t2a-*"]}
    standby: {stopped: 6}
    provider: {type: gce, template: runner-arm64, zones: [${ZONE}], machineTypes: [t2a-standard-4, t2a-standard-8]}`);
  await start(pool);
  await ready(6);
  // The successor of one that an ordinary job claims is of the second machine type.
  system.compute.catalog.withdraw(ZONE, 't2a-standard-4');
  await running(system.queueJob({durationMs: 60 * MINUTE}));
  await ready(6);
  const types = new Map(system.compute.instances().map(({name, machineType}) => [name, machineType]));
  expect([...types.values()].filter((type) => type === 't2a-standard-8')).toHaveLength(1);
  const job = system.queueJob({labels: ['self-hosted', 'linux', 'machine=t2a-standard-8']});
  await running(job);
  expect(types.get(job.runner?.name ?? '')).toBe('t2a-standard-8');
});

test('a job that falls back gets a ready standby machine of the fallback, and a successor is prepared', async () => {
  const gce = (zone: string) => `{type: gce, template: runner-arm64, zones: [${zone}]}`;
  const pools = `${poolWith(`fallback: b\n    provider: ${gce(ZONE)}`)}
  - name: b
    repos: ["acme/app"]
    requires: [self-hosted, linux, other]
    maxRunners: 2
    standby: {stopped: 1}
    provider: ${gce('us-central1-b')}
`;
  await start(pools);
  await ready(1);
  const [standby = ''] = await held('ready');
  system.compute.failLate({zone: ZONE, times: Number.POSITIVE_INFINITY, error: STOCK_OUT});
  const job = system.queueJob({durationMs: 5 * MINUTE});
  await running(job);
  expect(job.runner?.name).toBe(standby);
  expect(await system.store.get('jobs', `${job.id}-1`)).toMatchObject({
    pool: 'arm',
    fallbackPool: 'b',
    runner: standby,
  });
  expect(await system.store.get('runners', standby)).toMatchObject({
    ...{pool: 'b', standby: 'stopped', slotOfAll: null},
    labels: ['self-hosted', 'linux', 'other'],
  });
  const taken = (await system.store.find('slots', {where: {}, limit: 50})).filter(({data}) => data.holder !== null);
  expect(taken.map(({data}) => [data.pool, data.holder])).toEqual([['b', standby]]);
  await ready(1);
  await system.sweepFor(20 * MINUTE);
  expect(job.conclusion).toBe('success');
  expect(system.killed).toEqual([]);
  expect(system.github.runners.all()).toEqual([]);
});

describe('an open breaker of a quota', () => {
  test('holds the pool’s ready machines back, until its probe begins one and closes it', async () => {
    await start(POOL);
    await ready(2);
    await open(QUOTA_BREAKER, 120);
    const job = system.queueJob();
    await system.pass(MINUTE);
    expect(await held('ready')).toHaveLength(2);
    await running(job);
    expect(job.runner?.name).toMatch(/^slipway-arm-s[a-z0-9]{10}-1$/);
    expect(await breakers()).toEqual([]);
  });

  test('is closed by a standby machine that could be created', async () => {
    await start(POOL);
    await open(QUOTA_BREAKER, 60);
    await ready(2);
    expect(await breakers()).toEqual([]);
  });

  test('stays open when the standby machine that was its probe could not be created', async () => {
    await start(POOL);
    await open(QUOTA_BREAKER, 60);
    system.compute.failLate({times: Number.POSITIVE_INFINITY, error: QUOTA});
    await system.sweepFor(5 * MINUTE);
    expect((await breakers()).sort()).toEqual([QUOTA_BREAKER, 'standby.arm']);
    expect(system.compute.instances()).toEqual([]);
  });
});

test('a machine that is too small for a runner, as its job chose it, holds back that job alone', async () => {
  const pool = poolWith(`options: {machine: ["t2a-*"]}
    provider: {type: gce, template: runner-arm64, zones: [${ZONE}]}`);
  await start(pool, {failsToBoot: ({name}) => tiny.has(name)});
  const tiny = new Set<string>();
  system.compute.observe(({instance}) => void (instance.machineType === 't2a-standard-1' && tiny.add(instance.name)));
  const job = system.queueJob({labels: ['self-hosted', 'linux', 'machine=t2a-standard-1']});
  await system.sweepFor(26 * MINUTE);
  expect(tiny.size).toBe(3);
  expect(await breakers()).toEqual([]);
  const {json} = await new ApiClient(system.urls.api).get(`/explain?job=${job.id}`);
  expect(json).toMatchObject({verdict: 'given_up', because: expect.stringContaining('machine=t2a-standard-1')});
  expect(await system.store.get('deadletters', `job-${job.id}-1`)).toMatchObject({reason: 'boot_failed', attempts: 3});
  const other = system.queueJob();
  await running(other);
  expect(other.status).toBe('in_progress');
  // It is tried again after a pause, which doubles.
  await system.sweepFor(40 * MINUTE);
  expect(tiny.size).toBe(4);
});

describe('a job whose option is not allowed', () => {
  const pool = poolWith(`options: {disk: 500}
    provider: {type: gce, template: runner-arm64, zones: [${ZONE}]}`);
  const runners = async () =>
    (await system.store.find('runners', {where: {}, limit: 50})).map(({id, data}) => [id, data.state]);

  test('is given up under its first name', async () => {
    await start(pool);
    system.compute.addTemplate({
      name: 'runner-arm64',
      properties: {machineType: 't2a-standard-4', disks: [{boot: true, initializeParams: {diskSizeGb: '50'}}]},
    });
    const job = system.queueJob({labels: ['self-hosted', 'linux', 'disk=5']});
    await system.pass(2 * MINUTE);
    expect(await system.store.get('deadletters', `job-${job.id}-1`)).toMatchObject({reason: 'option_not_allowed'});
    expect(await runners()).toEqual([[`slipway-arm-${job.id}-1`, 'failed']]);
    expect(system.github.runners.all()).toEqual([]);
    expect(await system.store.get('jobs', `${job.id}-1`)).toMatchObject({creations: 1, demand: 'dead'});
    // The sweep does not try in vain again while the pool is as it is.
    await system.sweepFor(3 * 60 * MINUTE);
    expect(await system.store.get('deadletters', `job-${job.id}-1`)).toMatchObject({count: 1});
    expect(await runners()).toHaveLength(1);
  });
});
