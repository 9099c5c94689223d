import type {InsertRequest} from '../../../shared/providers/gce/client/compute';
import {VirtualScheduler} from '../scheduler';
import {SeededRandom} from '../seeded-random';
import {ComputeApi} from './api';
import {TEMPLATE, ZONE} from './clients';
import {directCompute} from './direct';
import {ComputeWorld} from './model';

const clock = new VirtualScheduler();
const world = new ComputeWorld({scheduler: clock, random: new SeededRandom(5)});
const api = new ComputeApi(world);
const compute = directCompute(api);
const random = new SeededRandom(9);
world.addTemplate(TEMPLATE);

const request = (name: string, more: Partial<InsertRequest> = {}): InsertRequest => ({
  zone: ZONE,
  sourceInstanceTemplate: 'global/instanceTemplates/runner',
  body: {name, labels: {a: 'b'}, metadata: {}, scheduling: {}},
  requestId: random.uuid(),
  ...more,
});

test('an instance is inserted, awaited, found and deleted without a socket', async () => {
  const operation = await compute.insertInstance(request('r-1'));
  expect(await compute.waitForOperation(operation, 60)).toEqual({kind: 'done'});
  expect(await compute.getInstance(ZONE, 'r-1')).toMatchObject({status: 'RUNNING', labels: {a: 'b', team: 'ci'}});
  expect(await compute.deleteInstance(ZONE, 'r-1', random.uuid())).toBe('accepted');
  clock.advance(60_000);
  expect(await compute.deleteInstance(ZONE, 'r-1', random.uuid())).toBe('absent');
  expect(await compute.getInstance(ZONE, 'r-1')).toBeUndefined();
});

test('templates and zones are found', async () => {
  expect(await compute.getTemplate({name: 'runner'})).toMatchObject({labels: {team: 'ci'}});
  expect(await compute.getTemplate({name: 'runner', region: 'us-central1'})).toBeUndefined();
  expect(await compute.zonesOfRegion('us-central1')).toEqual(['us-central1-a', 'us-central1-b', 'us-central1-f']);
});

test('waiting ends with the patience of the caller', async () => {
  const operation = await compute.insertInstance(request('r-2'));
  expect(await compute.waitForOperation(operation, 2)).toEqual({kind: 'running'});
  expect(await compute.waitForOperation(operation, 60)).toEqual({kind: 'done'});
});

test('a late failure is told with its errors', async () => {
  world.failLate({times: 1, error: {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'No.'}});
  const operation = await compute.insertInstance(request('r-3'));
  expect(await compute.waitForOperation(operation, 60)).toMatchObject({
    kind: 'failed',
    errors: [{code: 'ZONE_RESOURCE_POOL_EXHAUSTED'}],
  });
});

test.each([
  ['lost', 'uncertain', 'PROVISIONING'],
  ['reset', 'uncertain', undefined],
  ['hang', 'uncertain', undefined],
  [{status: 403, reason: 'quotaExceeded', message: 'No.'}, 'quota', undefined],
  [{status: 403, reason: 'rateLimitExceeded', message: 'No.'}, 'rate', undefined],
  [{status: 403, reason: 'forbidden', message: 'No.'}, 'denied', undefined],
] as const)('the fault %j is a ComputeFailure, classified %s', async (respond, failureClass, status) => {
  const name = `f-${api.requests.length}`;
  api.fault({match: ({method}) => method === 'POST', respond});
  await expect(compute.insertInstance(request(name))).rejects.toMatchObject({name: 'ComputeFailure', failureClass});
  expect((await compute.getInstance(ZONE, name))?.status).toBe(status);
});

test('refusals of the model are classified as the real client does', async () => {
  await compute.insertInstance(request('r-4'));
  await expect(compute.insertInstance(request('r-4'))).rejects.toMatchObject({failureClass: 'conflict'});
  await expect(compute.insertInstance(request('R'))).rejects.toMatchObject({failureClass: 'invalid'});
  const sourceInstanceTemplate = 'global/instanceTemplates/none';
  await expect(compute.insertInstance(request('r-5', {sourceInstanceTemplate}))).rejects.toMatchObject({
    failureClass: 'denied',
  });
  await expect(compute.waitForOperation({zone: ZONE, name: 'none'}, 1)).rejects.toMatchObject({failureClass: 'denied'});
});
