import {type Clients, openClients, operationName, SPOT, TEMPLATE, ZONE} from './clients';
import type {PowerAction} from './model';

let compute: Clients;
beforeEach(async () => {
  compute = await openClients();
});
afterEach(() => compute.close());

const DAY_MS = 24 * 3_600_000;
const GUEST_ATTRIBUTES = {items: [{key: 'enable-guest-attributes', value: 'TRUE'}]};

const run = async (resource: object = {}) => {
  await compute.wait(await compute.insert({name: 'r-1', ...resource}));
  return compute.world.get(ZONE, 'r-1');
};
const act = async (action: PowerAction) => {
  const [operation] = await compute.instances[action](compute.at('r-1'), {maxRetries: 0});
  return compute.wait(operationName(operation));
};

describe('guest attributes', () => {
  const read = async (queryPath: string) => {
    const [{queryValue}] = await compute.instances.getGuestAttributes({...compute.at('r-1'), queryPath});
    return queryValue?.items?.map(({namespace, key, value}) => `${namespace}/${key}=${value}`);
  };

  test('hold what the guest told, by namespace or by key, also once the instance is stopped', async () => {
    const instance = await run({metadata: GUEST_ATTRIBUTES});
    compute.world.tell(instance, 'slipway/standby', 'ready');
    compute.world.tell(instance, 'slipway/other', '1');
    compute.world.powerOff(instance);
    expect(await read('slipway/standby')).toEqual(['slipway/standby=ready']);
    expect(await read('slipway/')).toEqual(['slipway/standby=ready', 'slipway/other=1']);
  });

  test('are not found (404) before the guest told anything, and never without enable-guest-attributes', async () => {
    const instance = await run();
    await expect(read('slipway/standby')).rejects.toMatchObject({httpStatusCode: 404});
    compute.world.tell(instance, 'slipway/standby', 'ready');
    await expect(read('slipway/standby')).rejects.toThrow("of type 'Guest Attribute' was not found");
  });
});

describe('metadata', () => {
  const set = async (items: {key: string; value: string}[], fingerprint: string | null | undefined) =>
    compute.instances.setMetadata({...compute.at('r-1'), metadataResource: {items, fingerprint: fingerprint ?? ''}});

  test('are replaced as a whole by who knows their fingerprint; who does not is refused (412)', async () => {
    await run();
    const [{metadata}] = await compute.instances.get(compute.at('r-1'));
    await set([{key: 'a', value: 'b'}], metadata?.fingerprint);
    expect((await compute.instances.get(compute.at('r-1')))[0].metadata?.items).toMatchObject([{key: 'a', value: 'b'}]);
    await expect(set([], metadata?.fingerprint)).rejects.toMatchObject({httpStatusCode: 412});
  });

  test('are not taken while the instance is suspended', async () => {
    await run();
    await act('suspend');
    const [{metadata}] = await compute.instances.get(compute.at('r-1'));
    await expect(set([], metadata?.fingerprint)).rejects.toMatchObject({httpStatusCode: 400});
  });
});

describe('a suspension', () => {
  test.each([
    ['a spot VM', {scheduling: SPOT}, /Preemptible VM is not supported/],
    ['a GPU', {machineType: `zones/${ZONE}/machineTypes/g2-standard-4`, disks: []}, /GPUs/],
    ['more than 208 GB of memory', {machineType: `zones/${ZONE}/machineTypes/n2-highmem-32`}, /208 GB/],
    ['confidential computing', {confidentialInstanceConfig: {enableConfidentialCompute: true}}, /Confidential/],
    ['a local SSD', {disks: [...(TEMPLATE.properties['disks'] as object[]), {type: 'SCRATCH'}]}, /discardLocalSsd/],
  ])('is refused for %s', async (_, resource, message) => {
    const scheduling = {onHostMaintenance: 'TERMINATE'};
    await run({scheduling, ...resource});
    await expect(act('suspend')).rejects.toMatchObject({httpStatusCode: 400, message: expect.stringMatching(message)});
  });

  test('is for running instances alone', async () => {
    compute.world.powerOff(await run());
    await expect(act('suspend')).rejects.toMatchObject({
      httpStatusCode: 400,
      message: expect.stringMatching(/You cannot suspend an instance that is stopped or terminated/),
    });
  });

  test('drops the limit of the run time, which counts anew from the resume', async () => {
    const scheduling = {maxRunDuration: {seconds: 600}, instanceTerminationAction: 'DELETE'};
    const instance = await run({scheduling});
    await act('suspend');
    compute.clock.advance(DAY_MS);
    expect(instance.status).toBe('SUSPENDED');
    await act('resume');
    expect(instance.endsAtMs).toBe(compute.clock.now() + 600_000);
  });

  test('ends after 60 days: the instance is stopped', async () => {
    const instance = await run();
    await act('suspend');
    compute.clock.advance(59 * DAY_MS);
    expect(instance.status).toBe('SUSPENDED');
    compute.clock.advance(2 * DAY_MS);
    expect(instance.status).toBe('TERMINATED');
  });

  test.each(['SUSPENDED', 'TERMINATED'] as const)(
    'that finds no room for its resume leaves the instance %s',
    async (left) => {
      const instance = await run();
      await act('suspend');
      compute.world.setCapacity({zone: ZONE}, 0);
      compute.world.leaveAfterFailedResume(left);
      expect((await act('resume')).error?.errors?.[0]?.code).toBe('ZONE_RESOURCE_POOL_EXHAUSTED');
      expect(instance.status).toBe(left);
    },
  );
});

test('an insert, a start and a resume take as long as they are told, each instance its own time', async () => {
  await compute.close();
  const latencies = {insert: 12_000, start: () => 9_000, resume: ({name}: {name: string}) => name.length * 2_000};
  compute = await openClients({latencies});
  const seconds = async (work: () => Promise<unknown>) => {
    const before = compute.clock.now();
    await work();
    return (compute.clock.now() - before) / 1000;
  };
  expect(await seconds(() => run())).toBe(12);
  await act('suspend');
  expect(await seconds(() => act('resume'))).toBe(6);
  await act('stop');
  expect(await seconds(() => act('start'))).toBe(9);
});
