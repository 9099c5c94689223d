import {Refused, Unavailable} from '../../../shared/errors';
import type {RunnerToInstall} from '../../../shared/model/facts';
import type {StandbyHold} from '../../../shared/providers/provider';
import {Secret} from '../../../shared/secret';
import {createRequest} from '../../contracts/provider';
import type {ComputeRequest} from '../../emulators/compute/request';
import {type GceWorld, type GceWorldOptions, openGceWorld, TEMPLATE} from './world';

const NAME = 'slipway-arm-sa1b2c3d4e5-1';
const RUNNER: RunnerToInstall = {
  version: '2.340.0',
  sha256: {x64: 'a'.repeat(64), arm64: 'b'.repeat(64)},
  refused: ['2.330.0', '2.331.0'],
};

let gce: GceWorld;
afterEach(() => gce.close());

const open = async (options: GceWorldOptions = {}) => {
  gce = await openGceWorld(options);
};
const standby = () => {
  if (!gce.provider.standby) throw new Error('expected standby machines');
  return gce.provider.standby;
};
const prepare = async (hold: StandbyHold = 'stopped') => {
  const outcome = await standby().prepare({name: NAME, pool: 'arm', hold, beforeInsert: () => Promise.resolve()});
  if (outcome.kind !== 'created') return outcome;
  const {place} = outcome.placement;
  return {place, machine: {name: NAME, id: NAME, pool: 'arm', place, hold}, instance: gce.world.get(place, NAME)};
};
const ready = async (hold: StandbyHold = 'stopped') => {
  const prepared = await prepare(hold);
  if (!('machine' in prepared)) throw new Error(`found ${prepared.kind}`);
  gce.world.tell(prepared.instance, 'slipway/standby', 'ready');
  if (hold === 'stopped') gce.world.powerOff(prepared.instance);
  else await standby().suspend(prepared.machine);
  gce.clock.advance(60_000);
  const request = {
    machine: prepared.machine,
    placement: {place: prepared.place, spot: false},
    job: '7-1',
    encodedJitConfig: new Secret('jit-config'),
  };
  return {...prepared, request};
};
const inserted = () => gce.inserts().at(-1)?.body as Record<string, Record<string, unknown>>;
const metadataOf = (body = inserted()) => {
  const items = (body?.['metadata']?.['items'] ?? []) as {key: string; value: string}[];
  return Object.fromEntries(items.map(({key, value}) => [key, value]));
};

test.each(['stopped', 'suspended'] as const)(
  'a machine to be held %s is told so, may report, and carries the labels of the deployment and the pool alone',
  async (hold) => {
    await open();
    await prepare(hold);
    expect(metadataOf()).toEqual({
      'startup-script': expect.stringContaining('#!/bin/bash'),
      'slipway-standby': hold,
      'slipway-standby-fingerprint': expect.stringMatching(/^[0-9a-f]{20}$/),
      'enable-guest-attributes': 'TRUE',
    });
    expect(inserted()['labels']).toEqual({team: 'ci', 'slipway-deployment': 'slipway', 'slipway-pool': 'arm'});
  },
);

test('its run time is bounded by a day more than that of a machine for one job', async () => {
  await open();
  await gce.provider.create(createRequest());
  const seconds = () => JSON.stringify(inserted()['scheduling']).replace(/.*"seconds":"?(\d+).*/, '$1');
  const ofJob = Number(seconds());
  await prepare();
  expect(Number(seconds())).toBe(ofJob + 24 * 3600);
});

test.each([
  ['never', false],
  ['prefer', false],
  ['only', true],
] as const)('with spot %s its placement is spot: %s', async (spot, expected) => {
  await open({provider: {spot}});
  await prepare();
  expect(inserted()['scheduling']).toMatchObject({preemptible: expected});
});

test('it gets the label of its job when it is claimed', async () => {
  await open();
  const {request, instance} = await ready();
  expect(instance.labels).not.toHaveProperty('slipway-job');
  await standby().begin(request);
  expect(instance.labels).toMatchObject({team: 'ci', 'slipway-pool': 'arm', 'slipway-job': '7-1'});
});

test('a label that cannot be set is no reason not to begin', async () => {
  await open();
  const {request, instance} = await ready();
  const respond = {status: 403, reason: 'forbidden', message: 'Required permission compute.instances.setLabels'};
  gce.server.fault({match: ({path}) => path.endsWith('/setLabels'), times: 9, respond});
  expect((await standby().begin(request)).kind).toBe('created');
  expect(instance.status).toBe('RUNNING');
});

test.each(['stopped', 'suspended'] as const)(
  'held %s it keeps what somebody else set in its metadata while it was begun',
  async (hold) => {
    await open();
    const {request, instance} = await ready(hold);
    let isFirst = true;
    const match = ({path}: ComputeRequest) => {
      if (!path.endsWith('/setMetadata') || !isFirst) return false;
      isFirst = false;
      instance.metadata = [...instance.metadata, {key: 'ssh-keys', value: 'somebody'}];
      return false;
    };
    gce.server.fault({match, respond: 'reset'});
    expect((await standby().begin(request)).kind).toBe('created');
    const items = Object.fromEntries(instance.metadata.map(({key, value}) => [key, value]));
    expect(items).toMatchObject({'ssh-keys': 'somebody', 'slipway-jit-config': 'jit-config', 'slipway-standby': hold});
  },
);

test('a suspended machine is resumed before it is given its JIT config', async () => {
  await open();
  const {request} = await ready('suspended');
  const before = gce.server.requests.length;
  await standby().begin(request);
  const changes = gce.server.requests.slice(before).map(({path}) => path.slice(path.lastIndexOf('/') + 1));
  expect(changes.filter((change) => /^(start|resume|setMetadata)$/.test(change))).toEqual(['resume', 'setMetadata']);
});

test.each(['stopped', 'suspended'] as const)(
  'held %s it gets its JIT config as soon as Compute Engine takes it, which may be when it runs',
  async (hold) => {
    await open();
    const {request, instance} = await ready(hold);
    const isStaged = ({path}: ComputeRequest) => path.endsWith('/setMetadata') && instance.status !== 'RUNNING';
    const respond = {status: 400, reason: 'resourceNotReady', message: 'The resource is not ready'};
    gce.server.fault({match: isStaged, times: 99, respond});
    expect((await standby().begin(request)).kind).toBe('created');
    expect(instance.status).toBe('RUNNING');
    expect(instance.metadata).toContainEqual({key: 'slipway-jit-config', value: 'jit-config'});
  },
);

test('one that has the JIT config of another runner is not started', async () => {
  await open();
  const {request, instance} = await ready('stopped');
  instance.metadata = [...instance.metadata, {key: 'slipway-jit-config', value: 'of another runner'}];
  expect((await standby().begin(request)).kind).toBe('refused');
  expect(instance.status).toBe('TERMINATED');
});

test('one that a failed resume has left stopped is started', async () => {
  await open();
  const {request, instance} = await ready('suspended');
  instance.status = 'TERMINATED';
  expect((await standby().begin(request)).kind).toBe('created');
  expect(instance.status).toBe('RUNNING');
});

test.each([
  ['QUOTA_EXCEEDED', {kind: 'quota', quotaScope: 'us-central1'}],
  ['ZONE_RESOURCE_POOL_EXHAUSTED', {kind: 'no_capacity'}],
  ['INTERNAL_ERROR', {kind: 'uncertain'}],
])('a start that ends with %s is told as a creation that does', async (code, expected) => {
  await open();
  const {request} = await ready();
  gce.world.failLate({error: {code, message: `The operation failed: ${code}.`}});
  expect(await standby().begin(request)).toMatchObject(expected);
});

const LIMITED = {status: 403, reason: 'rateLimitExceeded', message: 'Quota exceeded: jit-config'};

test.each([
  ['stopped', 'setMetadata'],
  ['stopped', 'start'],
  ['suspended', 'resume'],
  ['suspended', 'setMetadata'],
] as const)('held %s it is begun in the next minute when the limit of calls refuses %s', async (hold, call) => {
  await open();
  const {request, instance} = await ready(hold);
  const since = gce.clock.now();
  const isLimited = () => gce.clock.now() - since < 30_000;
  gce.server.fault({match: ({path}) => path.endsWith(`/${call}`) && isLimited(), times: 99, respond: LIMITED});
  expect((await standby().begin(request)).kind).toBe('created');
  expect(instance).toMatchObject({name: NAME, status: 'RUNNING'});
  expect(instance.metadata).toContainEqual({key: 'slipway-jit-config', value: 'jit-config'});
});

test('it is begun in the next minute when the limit of calls refuses to look at it', async () => {
  await open();
  const {request, instance} = await ready();
  const isLook = ({method, path}: ComputeRequest) => method === 'GET' && path.endsWith(`/instances/${NAME}`);
  gce.server.fault({match: isLook, respond: LIMITED});
  expect((await standby().begin(request)).kind).toBe('created');
  expect(instance.status).toBe('RUNNING');
});

test('it is started anew when its start has ended with a rate limit', async () => {
  await open();
  const {request, instance} = await ready();
  const error = {code: 'CONCURRENT_OPERATIONS_QUOTA_EXCEEDED', message: 'Too many operations at once.'};
  gce.world.failLate({times: 1, error});
  expect((await standby().begin(request)).kind).toBe('created');
  expect(instance.status).toBe('RUNNING');
});

test('a rate limit that lasts is told with the time to wait, and no JIT config is in any message', async () => {
  await open();
  const {request} = await ready();
  const since = gce.clock.now();
  gce.server.fault({match: ({path}) => path.endsWith('/setMetadata'), times: 99, respond: LIMITED});
  const outcome = await standby().begin(request);
  expect(outcome).toMatchObject({kind: 'rate_limited', retryAfterSeconds: expect.any(Number)});
  expect(JSON.stringify(outcome)).not.toContain('jit-config');
  expect(gce.clock.now() - since).toBeLessThanOrEqual(70_000);
});

test('one that is on its way down cannot be begun, and is not suspended now', async () => {
  await open();
  const {request, machine, instance} = await ready('suspended');
  instance.status = 'SUSPENDING';
  expect((await standby().begin(request)).kind).toBe('refused');
  instance.status = 'STOPPING';
  await expect(standby().suspend(machine)).rejects.toBeInstanceOf(Unavailable);
});

test('what its guest reports as a failure is the reason', async () => {
  await open();
  const prepared = await prepare();
  if (!('machine' in prepared)) throw new Error('expected a machine');
  gce.world.tell(prepared.instance, 'slipway/standby', 'failed: the checksum is wrong');
  expect(await standby().look(prepared.machine)).toMatchObject({
    state: 'failed',
    because: 'failed: the checksum is wrong',
  });
});

test('a policy of the organisation against guest attributes is named, with what to do', async () => {
  await open();
  const prepared = await prepare();
  if (!('machine' in prepared)) throw new Error('expected a machine');
  gce.world.forbidGuestAttributes();
  const look = standby().look(prepared.machine);
  await expect(look).rejects.toBeInstanceOf(Refused);
  await expect(look).rejects.toThrow(
    /policy constraints\/compute\.disableGuestAttributesAccess forbids .*: except the project from it, or remove standby/,
  );
});

describe('the runner version', () => {
  const VERSION = {
    'slipway-runner-version': '2.340.0',
    'slipway-runner-sha256-x64': 'a'.repeat(64),
    'slipway-runner-sha256-arm64': 'b'.repeat(64),
    'slipway-runner-refused': '2.330.0 2.331.0',
  };

  test('is in the metadata of machines for a job and of standby machines, with its checksums', async () => {
    await open({runnerToInstall: async () => RUNNER});
    await gce.provider.create(createRequest());
    expect(metadataOf()).toMatchObject({...VERSION, 'slipway-jit-config': 'jit-config'});
    await prepare();
    expect(metadataOf()).toMatchObject(VERSION);
  });

  test.each(['slipway-runner-version', 'slipway-runner-sha256-arm64'])(
    'is left to the template, as a whole, where it sets %s',
    async (key) => {
      const items = [{key, value: 'by the template'}];
      const template = {...TEMPLATE, properties: {...TEMPLATE.properties, metadata: {items}}};
      await open({runnerToInstall: async () => RUNNER, templates: [template]});
      await gce.provider.create(createRequest());
      expect(metadataOf()).toEqual({[key]: 'by the template', 'slipway-jit-config': 'jit-config'});
    },
  );

  test('of a standby machine is not one from memory, or the next sweep would replace the machine', async () => {
    const newer = {...RUNNER, version: '2.999.0'};
    await open({runnerToInstall: async ({isFresh} = {}) => (isFresh ? newer : RUNNER)});
    await prepare();
    expect(metadataOf()).toMatchObject({'slipway-runner-version': '2.999.0'});
    expect(await gce.provider.standby?.fingerprint('arm')).toBe(metadataOf()['slipway-standby-fingerprint']);
  });

  test('is left out while it cannot be read, and the machine is created', async () => {
    const runnerToInstall = () => Promise.reject(new Unavailable('the store does not answer', 10));
    await open({runnerToInstall});
    expect((await gce.provider.create(createRequest())).kind).toBe('created');
    expect(metadataOf()).not.toHaveProperty('slipway-runner-version');
    await expect(standby().fingerprint('arm')).rejects.toBeInstanceOf(Unavailable);
  });

  test('is part of what a standby machine is made from; which ones are refused is not', async () => {
    let runner = RUNNER;
    await open({runnerToInstall: async () => runner});
    const now = await standby().fingerprint('arm');
    runner = {...RUNNER, refused: []};
    expect(await standby().fingerprint('arm')).toBe(now);
    runner = {...RUNNER, version: '2.341.0'};
    expect(await standby().fingerprint('arm')).not.toBe(now);
  });
});
