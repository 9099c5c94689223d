import type {Placement} from '../../../shared/model/placement';
import {placeOrder} from '../../../shared/providers/placements';
import {createRequest} from '../../contracts/provider';
import {type GceWorld, type GceWorldOptions, isInsert, NAME, openGceWorld, TEMPLATE, ZONES} from './world';

const STOCK_OUT = {
  code: 'ZONE_RESOURCE_POOL_EXHAUSTED',
  message: 'The zone does not have enough resources available to fulfill the request.',
};

let gce: GceWorld;
let tried: Placement[];
const open = async (options?: GceWorldOptions) => {
  gce = await openGceWorld(options);
  tried = [];
};
const create = (name = NAME) => gce.provider.create(createRequest({name}, tried));
afterEach(() => gce.close());

/** A template with a GPU or with a disk of this type, which allows live migration. */
const templateWith = (properties: object) => [{...TEMPLATE, properties: {...TEMPLATE.properties, ...properties}}];
const T4 = {
  guestAccelerators: [{acceleratorType: 'nvidia-tesla-t4', acceleratorCount: 1}],
  machineType: 'n1-standard-4',
};
const HYPERDISK = {disks: [{boot: true, initializeParams: {diskType: 'hyperdisk-balanced'}}]};

describe.each([400, 404] as const)('a zone that refuses with %i', (status) => {
  test('an accelerator that it does not have leads to the next zone', async () => {
    await open({templates: templateWith(T4)});
    gce.world.catalog.withdraw(ZONES[0], 'nvidia-tesla-t4', status);
    expect(await create()).toEqual({kind: 'created', placement: {place: ZONES[1], spot: false}, id: NAME});
  });

  test('a machine type that it does not have leads to the next zone', async () => {
    await open({provider: {machineTypes: ['c4a-standard-4']}});
    gce.world.catalog.withdraw(ZONES[0], 'c4a-standard-4', status);
    expect(await create()).toMatchObject({kind: 'created', placement: {place: ZONES[1]}});
  });

  test('a machine type that no zone has is refused, with the message of each zone', async () => {
    await open({templates: templateWith(T4)});
    for (const zone of ZONES) gce.world.catalog.withdraw(zone, 'nvidia-tesla-t4', status);
    const outcome = await create();
    expect(outcome).toEqual({kind: 'refused', message: expect.stringContaining('refuses every placement')});
    for (const zone of ZONES) expect(outcome).toMatchObject({message: expect.stringContaining(zone)});
    expect(tried).toHaveLength(3);
  });
});

describe.each(['request', 'operation'] as const)(
  'a disk that a machine type cannot take, refused by the %s',
  (refused) => {
    const machineTypes = ['c4a-standard-4', 't2a-standard-4'];

    test('leads to the next machine type', async () => {
      await open({templates: templateWith(HYPERDISK), provider: {machineTypes: machineTypes.toReversed()}});
      gce.world.refuseMisfits(refused);
      expect(await create()).toMatchObject({kind: 'created', placement: {machineType: 'c4a-standard-4'}});
      expect(tried.map(({machineType}) => machineType)).toEqual([
        ...ZONES.map(() => 't2a-standard-4'),
        'c4a-standard-4',
      ]);
    });

    test('does not turn a stock-out of the other machine type into a refusal', async () => {
      await open({templates: templateWith(HYPERDISK), provider: {machineTypes}});
      gce.world.refuseMisfits(refused);
      gce.world.failLate({machineType: 'c4a-standard-4', error: STOCK_OUT});
      expect(await create()).toMatchObject({kind: 'no_capacity', message: expect.stringContaining('enough resources')});
      expect(tried).toHaveLength(6);
      expect(gce.world.instances()).toEqual([]);
    });

    test('is refused if no machine type supports it', async () => {
      await open({templates: templateWith(HYPERDISK), provider: {machineTypes: ['t2a-standard-4', 'e2-standard-4']}});
      gce.world.refuseMisfits(refused);
      expect(await create()).toMatchObject({kind: 'refused', message: expect.stringContaining('and 3 more')});
      expect(gce.world.instances()).toEqual([]);
    });
  },
);

test('a standard VM with a GPU is created, whatever its template says about live migration', async () => {
  await open({provider: {machineTypes: ['g2-standard-4'], spot: 'never'}});
  expect(await create()).toMatchObject({kind: 'created', placement: {spot: false}});
  expect(gce.machines()[0]?.scheduling).toMatchObject({onHostMaintenance: 'TERMINATE', provisioningModel: 'STANDARD'});
});

test('a refused placement is not tried again for some minutes', async () => {
  await open({templates: templateWith(T4)});
  gce.world.catalog.withdraw(ZONES[0], 'nvidia-tesla-t4');
  await create('slipway-arm-7-1');
  await create('slipway-arm-7-2');
  await create('slipway-arm-7-3');
  expect(gce.inserts().filter(({path}) => path.includes(ZONES[0]))).toHaveLength(1);
  gce.clock.advance(11 * 60_000);
  for (let n = 4; n < 8; n++) await create(`slipway-arm-${n}-1`);
  expect(gce.inserts().filter(({path}) => path.includes(ZONES[0]))).toHaveLength(2);
});

test('if every placement was refused, all are tried again at once: somebody may have corrected the cause', async () => {
  await open({templates: templateWith(T4)});
  const respond = {
    status: 412,
    reason: 'conditionNotMet',
    message: 'Location violates constraint gcp.resourceLocations',
  };
  gce.server.fault({match: isInsert, times: 3, respond});
  expect(await create('slipway-arm-7-1')).toMatchObject({kind: 'refused'});
  expect(await create('slipway-arm-7-2')).toMatchObject({kind: 'created'});
});

test.each([
  ['a denial', {status: 403, reason: 'forbidden', message: "Required 'compute.instances.create' permission"}],
  [
    'a subnetwork that is missing',
    {
      status: 404,
      reason: 'notFound',
      message: "The resource 'projects/p/regions/us-central1/subnetworks/s' was not found",
    },
  ],
  [
    'a template that was deleted meanwhile',
    {
      status: 404,
      reason: 'notFound',
      message: "The resource 'projects/p/global/instanceTemplates/runner' was not found",
    },
  ],
])('%s is the same everywhere: refused at once, also after a full zone', async (_, respond) => {
  await open();
  gce.world.failLate({zone: ZONES[0], times: 1, error: STOCK_OUT});
  gce.server.fault({match: ({method, path}) => isInsert({method, path}) && path.includes(ZONES[1]), respond});
  expect(await create()).toEqual({kind: 'refused', message: expect.stringContaining(respond.message)});
  expect(tried).toHaveLength(2);
});

test('a quota counts for a region: a zone of another region is tried', async () => {
  const zones = ['us-central1-a', 'us-central1-b', 'europe-west1-b'];
  await open({provider: {zones}});
  gce.world.setQuota('us-central1', 'CPUS', 0);
  const name = Array.from({length: 30}, (_, n) => `slipway-arm-${n}-1`).find(
    (one) => placeOrder(one, zones)[0] === 'us-central1-a',
  );
  expect(await create(name)).toMatchObject({kind: 'created', placement: {place: 'europe-west1-b'}});
  expect(tried.map(({place}) => place)).toEqual(['us-central1-a', 'europe-west1-b']);
});
