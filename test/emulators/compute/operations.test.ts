import {type Clients, openClients, PROJECT, SPOT, ZONE} from './clients';

let compute: Clients;
const open = async (options?: Parameters<typeof openClients>[0]) => {
  compute = await openClients(options);
};
beforeEach(() => open());
afterEach(() => compute.close());

const statusOf = async (name: string) => (await compute.instances.get(compute.at(name)))[0].status;
const operation = async (name: string) =>
  (await compute.operations.get({project: PROJECT, zone: ZONE, operation: name}))[0];

test('an operation is PENDING, RUNNING, DONE, and its instance is there from the acceptance on', async () => {
  const name = await compute.insert({name: 'r-1'});
  expect([(await operation(name)).status, await statusOf('r-1')]).toEqual(['PENDING', 'PROVISIONING']);
  compute.clock.advance(1000);
  expect((await operation(name)).status).toBe('RUNNING');
  compute.clock.advance(6000);
  expect(await statusOf('r-1')).toBe('STAGING');
  compute.clock.advance(1000);
  expect([(await operation(name)).status, await statusOf('r-1')]).toEqual(['DONE', 'RUNNING']);
});

test('waiting takes until the operation is done, and two minutes at most', async () => {
  await compute.close();
  await open({latencies: {insert: 150_000}});
  const name = await compute.insert({name: 'r-1'});
  const start = compute.clock.now();
  expect(await compute.wait(name)).toMatchObject({status: 'RUNNING'});
  expect(compute.clock.now() - start).toBe(120_000);
  expect(await compute.wait(name)).toMatchObject({status: 'DONE'});
  expect(compute.clock.now() - start).toBe(150_000);
});

test.each([
  'ZONE_RESOURCE_POOL_EXHAUSTED',
  'ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS',
  'QUOTA_EXCEEDED',
  'UNSUPPORTED_OPERATION',
])('an accepted insert that fails late with %s leaves no instance', async (code) => {
  const errorDetails = [{errorInfo: {reason: 'resource_availability', metadatas: {zonesAvailable: 'us-central1-b'}}}];
  compute.world.failLate({times: 1, error: {code, message: 'No.', errorDetails}});
  const name = await compute.insert({name: 'r-1'});
  expect(await statusOf('r-1')).toBe('PROVISIONING');
  expect(await compute.wait(name)).toMatchObject({
    status: 'DONE',
    error: {errors: [{code, message: 'No.', errorDetails}]},
    httpErrorStatusCode: code.includes('QUOTA') ? 403 : 503,
  });
  await expect(statusOf('r-1')).rejects.toMatchObject({httpStatusCode: 404});
  await compute.insert({name: 'r-1'});
});

test('operations are found by their request id', async () => {
  const requestId = '1b9d6bcd-bbfd-4b2d-9b5d-ab8dfbbd4bed';
  await compute.insert({name: 'r-1'});
  const name = await compute.insert({name: 'r-2'}, {requestId});
  const filter = `clientOperationId="${requestId}"`;
  const [found] = await compute.operations.list({project: PROJECT, zone: ZONE, filter});
  expect(found.map((one) => one.name)).toEqual([name]);
});

test('an instance that is deleted while it is created is gone, and its insert failed', async () => {
  const name = await compute.insert({name: 'r-1'});
  await compute.instances.delete(compute.at('r-1'));
  expect((await compute.wait(name)).error?.errors?.[0]?.code).toBe('OPERATION_CANCELED_BY_USER');
  compute.clock.advance(60_000);
  expect(compute.world.instances()).toEqual([]);
});

test('an instance that is preempted while it is created fails with UNSUPPORTED_OPERATION', async () => {
  const name = await compute.insert({name: 'r-1', scheduling: SPOT});
  compute.world.preempt(compute.world.get(ZONE, 'r-1'));
  expect((await compute.wait(name)).error?.errors?.[0]?.code).toBe('UNSUPPORTED_OPERATION');
});

describe('faults', () => {
  const isInsert = ({method, path}: {method: string; path: string}) => method === 'POST' && path.endsWith('/instances');

  test('an insert whose answer is lost did make the instance', async () => {
    compute.server.fault({match: isInsert, respond: 'lost'});
    await expect(compute.insert({name: 'r-1'})).rejects.toThrow();
    expect(await statusOf('r-1')).toBe('PROVISIONING');
  });

  test('an insert that is reset did not, and strikes as often as it is told', async () => {
    compute.server.fault({match: isInsert, times: 2, respond: 'reset'});
    for (const name of ['r-1', 'r-2']) await expect(compute.insert({name})).rejects.toThrow();
    await compute.insert({name: 'r-3'});
    expect(compute.world.instances().map(({name}) => name)).toEqual(['r-3']);
    expect(compute.server.requests.filter(isInsert)).toHaveLength(3);
  });

  test('a refusal carries its reason and headers', async () => {
    const headers = {'retry-after': '7'};
    compute.server.fault({respond: {status: 403, reason: 'rateLimitExceeded', message: 'Too fast', headers}});
    await expect(compute.insert({name: 'r-1'})).rejects.toMatchObject({httpStatusCode: 403, message: 'Too fast'});
  });

  test('what the model does not have is answered with 404 and written down', async () => {
    await expect(compute.instances.getScreenshot(compute.at('r-1'))).rejects.toMatchObject({httpStatusCode: 404});
    expect(compute.server.violations).toEqual([`GET /projects/p/zones/${ZONE}/instances/r-1/screenshot`]);
  });
});
