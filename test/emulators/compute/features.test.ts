import {type Clients, openClients, SPOT, TEMPLATE, ZONE} from './clients';

let compute: Clients;
beforeEach(async () => {
  compute = await openClients();
});
afterEach(() => compute.close());

const TERMINATE = {onHostMaintenance: 'TERMINATE'};
const OWN_END = {...TERMINATE, maxRunDuration: {seconds: 3600}, instanceTerminationAction: 'DELETE'};
const disks = (diskType: string) => [{boot: true, initializeParams: {diskType}}];
const typed = (machineType: string) => ({machineType: `zones/${ZONE}/machineTypes/${machineType}`});

describe('an accelerator that the zone does not have', () => {
  const t4 = {guestAccelerators: [{acceleratorType: 'nvidia-tesla-t4', acceleratorCount: 1}], scheduling: TERMINATE};

  test.each([
    [400, 'Accelerator type "nvidia-tesla-t4" does not exist in zone us-central1-a.'],
    [404, "'projects/p/zones/us-central1-a/acceleratorTypes/nvidia-tesla-t4' was not found"],
  ] as const)('is refused with %i', async (status, message) => {
    compute.world.catalog.withdraw(ZONE, 'nvidia-tesla-t4', status);
    const refused = compute.insert({name: 'r-1', ...t4});
    await expect(refused).rejects.toMatchObject({httpStatusCode: status, message: expect.stringContaining(message)});
    await compute.insert({name: 'r-2', ...t4}, {zone: 'us-central1-b'});
  });

  test('is refused when the machine type brings it along', async () => {
    compute.world.catalog.withdraw(ZONE, 'nvidia-l4');
    const refused = compute.insert({name: 'r-1', ...typed('g2-standard-4'), scheduling: OWN_END});
    await expect(refused).rejects.toMatchObject({httpStatusCode: 400});
  });
});

describe('what cannot be moved to another host', () => {
  test.each([
    'g2-standard-4',
    'a2-highgpu-1g',
    'a3-highgpu-8g',
    'g4-standard-48',
    'c3-standard-192-metal',
    'h3-standard-88',
  ])('%s is refused unless it may be terminated', async (machineType) => {
    const refused = compute.insert({name: 'r-1', ...typed(machineType)});
    await expect(refused).rejects.toMatchObject({httpStatusCode: 400, message: expect.stringContaining('migration')});
    await compute.insert({name: 'r-2', ...typed(machineType), scheduling: TERMINATE});
    await compute.insert({name: 'r-3', ...typed(machineType), scheduling: SPOT});
  });

  test('a GPU that was asked for is refused too', async () => {
    const guestAccelerators = [{acceleratorType: 'nvidia-tesla-t4', acceleratorCount: 1}];
    await expect(compute.insert({name: 'r-1', guestAccelerators})).rejects.toMatchObject({httpStatusCode: 400});
  });
});

describe('a disk type', () => {
  const MISFITS = [
    ['c4a-standard-4', 'pd-balanced'],
    ['n4-standard-4', 'pd-ssd'],
    ['t2a-standard-4', 'hyperdisk-balanced'],
    ['e2-standard-4', 'hyperdisk-balanced'],
    ['c3-standard-4', 'pd-standard'],
  ] as const;

  test.each(MISFITS)('that %s cannot take is refused: %s', async (machineType, diskType) => {
    const refused = compute.insert({name: 'r-1', ...typed(machineType), disks: disks(diskType)});
    await expect(refused).rejects.toMatchObject({httpStatusCode: 400, message: expect.stringContaining('compatible')});
    expect(compute.world.instances()).toEqual([]);
  });

  test.each(MISFITS)(
    'that %s cannot take fails the operation where the world says so: %s',
    async (machineType, diskType) => {
      compute.world.refuseMisfits('operation');
      const operation = await compute.insert({name: 'r-1', ...typed(machineType), disks: disks(diskType)});
      const {error} = await compute.wait(operation);
      expect(error?.errors).toMatchObject([
        {code: 'UNSUPPORTED_OPERATION', message: expect.stringContaining('cannot be used')},
      ]);
      expect(compute.world.instances()).toEqual([]);
    },
  );

  test.each([
    ['c4a-standard-4', 'hyperdisk-balanced'],
    ['c3-standard-4', 'hyperdisk-balanced'],
    ['c3-standard-4', 'pd-balanced'],
    ['t2a-standard-4', 'pd-ssd'],
    ['n2-standard-4', `projects/p/zones/${ZONE}/diskTypes/pd-standard`],
  ])('that %s can take is taken: %s', async (machineType, diskType) => {
    await compute.wait(await compute.insert({name: 'r-1', ...typed(machineType), disks: disks(diskType)}));
    expect(compute.world.get(ZONE, 'r-1').status).toBe('RUNNING');
  });
});

test('a machine type that the zone does not have is refused with 404 where the world says so', async () => {
  compute.world.catalog.withdraw(ZONE, TEMPLATE.properties.machineType, 404);
  await expect(compute.insert({name: 'r-1'})).rejects.toMatchObject({
    httpStatusCode: 404,
    message: expect.stringContaining('machineTypes/n2-standard-4'),
  });
});
