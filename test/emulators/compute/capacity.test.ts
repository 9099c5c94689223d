import {type Clients, openClients, SPOT, ZONE} from './clients';

let compute: Clients;
beforeEach(async () => {
  compute = await openClients();
});
afterEach(() => compute.close());

const outcomes = async (names: readonly string[], resource = {}, zone = ZONE) => {
  const seen: string[] = [];
  for (const name of names) {
    const result = await compute.wait(await compute.insert({name, ...resource}, {zone}), zone);
    seen.push(result.error?.errors?.[0]?.code ?? 'done');
  }
  return seen;
};
const STOCK_OUT = 'ZONE_RESOURCE_POOL_EXHAUSTED';

test('a zone holds as many instances as it has room for, and again when one is gone', async () => {
  compute.world.setCapacity({zone: ZONE}, 2);
  expect(await outcomes(['a', 'b', 'c'])).toEqual(['done', 'done', STOCK_OUT]);
  expect(await outcomes(['c'], {}, 'us-central1-b')).toEqual(['done']);
  await compute.instances.delete(compute.at('a'));
  compute.clock.advance(60_000);
  expect(await outcomes(['d'])).toEqual(['done']);
});

test('room can be of one machine type or of spot VMs only', async () => {
  compute.world.setCapacity({machineType: 'c4a-standard-4'}, 0);
  compute.world.setCapacity({spot: true}, 1, {code: `${STOCK_OUT}_WITH_DETAILS`, message: 'No spot.'});
  expect(await outcomes(['a'], {machineType: `zones/${ZONE}/machineTypes/c4a-standard-4`})).toEqual([STOCK_OUT]);
  expect(await outcomes(['b', 'c'], {scheduling: SPOT})).toEqual(['done', `${STOCK_OUT}_WITH_DETAILS`]);
  expect(await outcomes(['d'])).toEqual(['done']);
});

test('instances that are stopped take no room', async () => {
  compute.world.setCapacity({}, 1);
  await outcomes(['a']);
  compute.world.powerOff(compute.world.get(ZONE, 'a'));
  expect(await outcomes(['b'])).toEqual(['done']);
});

test('an insert that is going to fail takes no room from others', async () => {
  compute.world.setCapacity({}, 1);
  compute.world.failLate({times: 1, error: {code: STOCK_OUT, message: 'No.'}});
  const failing = await compute.insert({name: 'a'});
  expect(await outcomes(['b'])).toEqual(['done']);
  expect((await compute.wait(failing)).error?.errors?.[0]?.code).toBe(STOCK_OUT);
});

test('a quota of the region is refused at once, in every zone of it', async () => {
  compute.world.setQuota('us-central1', 'CPUS', 8);
  expect(await outcomes(['a', 'b'])).toEqual(['done', 'done']);
  await expect(compute.insert({name: 'c'}, {zone: 'us-central1-b'})).rejects.toMatchObject({
    httpStatusCode: 403,
    message: expect.stringContaining("Quota 'CPUS' exceeded"),
  });
  expect(await outcomes(['c'], {}, 'europe-west1-b')).toEqual(['done']);
});

test('a quota can also show in the operation', async () => {
  compute.world.setQuota('us-central1', 'INSTANCES', 1, 'operation');
  expect(await outcomes(['a', 'b'])).toEqual(['done', 'QUOTA_EXCEEDED']);
});

test('spot VMs count against the quota of preemptible CPUS where there is one', async () => {
  compute.world.setQuota('us-central1', 'CPUS', 4);
  compute.world.setQuota('us-central1', 'PREEMPTIBLE_CPUS', 4, 'operation');
  expect(await outcomes(['a', 'b'], {scheduling: SPOT})).toEqual(['done', 'QUOTA_EXCEEDED']);
  expect(await outcomes(['c'])).toEqual(['done']);
});

test('the rate quota refuses until the next full minute', async () => {
  compute.server.limitRate('writes', 2);
  compute.clock.advance(30_000);
  await compute.insert({name: 'a'});
  await compute.insert({name: 'b'});
  await expect(compute.insert({name: 'c'})).rejects.toMatchObject({httpStatusCode: 403});
  await expect(compute.instances.get(compute.at('a'))).resolves.toBeDefined();
  compute.clock.advance(30_000);
  await compute.insert({name: 'c'});
});
