import {Secret} from '../../../shared/secret';
import {createRequest} from '../../contracts/provider';
import {type GceWorld, type GceWorldOptions, isInsert, NAME, openGceWorld, TEMPLATE, ZONES} from './world';

let gce: GceWorld;
const open = async (options?: GceWorldOptions) => {
  gce = await openGceWorld(options);
};
afterEach(() => gce.close());

test('the VM has the metadata and labels of the template and ours', async () => {
  await open();
  await gce.provider.create(createRequest({encodedJitConfig: new Secret('the-jit-config')}));
  const [vm] = gce.machines();
  expect(Object.fromEntries((vm?.metadata ?? []).map(({key, value}) => [key, value]))).toEqual({
    'startup-script': '#!/bin/bash\nexec /opt/runner/start',
    'slipway-jit-config': 'the-jit-config',
  });
  expect(vm?.labels).toEqual({
    team: 'ci',
    'slipway-deployment': 'slipway',
    'slipway-pool': 'arm',
    'slipway-job': '7-1',
  });
});

test.each([
  ['never', {provisioningModel: 'STANDARD', preemptible: false, onHostMaintenance: 'TERMINATE'}],
  ['only', {provisioningModel: 'SPOT', preemptible: true, onHostMaintenance: 'TERMINATE'}],
] as const)('with spot %s Compute Engine deletes the VM after maxRunDuration', async (spot, model) => {
  await open({provider: {spot}});
  await gce.provider.create(createRequest());
  expect(gce.machines()[0]?.scheduling).toMatchObject({
    ...model,
    automaticRestart: false,
    instanceTerminationAction: 'DELETE',
    maxRunDuration: {seconds: String(135 * 60 + 600)},
  });
  gce.clock.advance((135 * 60 + 600 + 60) * 1000);
  expect(gce.world.instances()).toEqual([]);
});

describe('the template', () => {
  const regional = {...TEMPLATE, region: 'us-central1'};

  test.each([
    ['a bare name that is global', 'runner', TEMPLATE],
    ['a bare name that is regional', 'runner', regional],
    ['a partial URL', 'regions/us-central1/instanceTemplates/runner', regional],
    ['a URL', 'https://www.googleapis.com/compute/v1/projects/p/global/instanceTemplates/runner', TEMPLATE],
  ])('may be given as %s', async (_, template, there) => {
    await open({provider: {template}, templates: [there]});
    expect(await gce.provider.create(createRequest())).toMatchObject({kind: 'created'});
    expect(gce.machines()[0]?.labels).toMatchObject({team: 'ci'});
  });

  test('is read once for many VMs', async () => {
    await open();
    for (const name of ['slipway-arm-1-1', 'slipway-arm-2-1', 'slipway-arm-3-1']) {
      await gce.provider.create(createRequest({name}));
    }
    expect(gce.server.requests.filter(({path}) => path.includes('instanceTemplates'))).toHaveLength(1);
    expect(gce.machines()).toHaveLength(3);
  });

  test('that does not exist is refused with both places in the message, and nothing is inserted', async () => {
    await open({templates: []});
    expect(await gce.provider.create(createRequest())).toEqual({
      kind: 'refused',
      message: expect.stringMatching(
        /global\/instanceTemplates\/runner nor at regions\/us-central1\/instanceTemplates\/runner/,
      ),
    });
    expect(gce.inserts()).toEqual([]);
  });

  test('that cannot be read now is tried again later', async () => {
    await open();
    gce.server.fault({respond: {status: 503, reason: 'backendError', message: 'Backend Error'}});
    expect(await gce.provider.create(createRequest())).toMatchObject({kind: 'rate_limited', retryAfterSeconds: 10});
    expect(await gce.provider.create(createRequest())).toMatchObject({kind: 'created'});
  });
});

test('without zones every zone of the region of the pool is used', async () => {
  await open({provider: {zones: [], region: 'us-central1'}});
  await gce.provider.create(createRequest());
  expect(gce.machines()[0]?.zone).toBe(ZONES[0]);
  expect(await gce.provider.delete({name: NAME})).toBe('accepted');
});

test('a creation without failures costs an insert and a wait beside the template', async () => {
  await open();
  await gce.provider.create(createRequest());
  expect(gce.server.requests.map(({method, path}) => `${method} ${path.split('/').at(-1)}`)).toEqual([
    'GET runner',
    'POST instances',
    'POST wait',
  ]);
  expect(gce.server.violations).toEqual([]);
});

test('a JIT config that Compute Engine quotes is in no outcome and no log line', async () => {
  await open();
  const jit = 'A1b2C3d4'.repeat(500);
  const message = `Invalid value for field 'resource.metadata.items': {"key":"slipway-jit-config","value":"${jit}"}`;
  gce.server.fault({match: isInsert, times: 3, respond: {status: 400, reason: 'invalid', message}});
  const outcome = await gce.provider.create(createRequest({encodedJitConfig: new Secret(jit)}));
  expect(outcome).toMatchObject({kind: 'refused', message: expect.stringContaining('***')});
  expect(JSON.stringify([outcome, gce.log])).not.toContain('A1b2C3d4A1b2C3d4');
  expect(gce.log.join('')).toContain('rung_failed');
});
