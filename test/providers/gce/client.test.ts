import {randomBytes} from 'node:crypto';
import {createCompute} from '../../../shared/providers/gce/client/client';
import type {Compute, InsertRequest} from '../../../shared/providers/gce/client/compute';
import {ComputeFailure} from '../../../shared/providers/gce/client/errors';
import type {FailureClass} from '../../../shared/providers/placements';
import {holdTimeouts, pass, releaseTimeouts} from '../../builders/held-timeouts';
import {VirtualScheduler} from '../../emulators/scheduler';
import {type Canned, type CannedCompute, cannedCompute, refusal, type SeenRequest} from './canned';

const JIT = randomBytes(3000).toString('base64');

const INSERT: InsertRequest = {
  zone: 'us-central1-a',
  sourceInstanceTemplate: 'projects/p/global/instanceTemplates/t',
  requestId: '5d3c7d0e-2b6a-5c8e-9d15-0a7be4f2c619',
  body: {
    name: 'slipway-arm-7-1',
    labels: {'slipway-deployment': 'slipway'},
    metadata: {items: [{key: 'slipway-jit-config', value: JIT}]},
    scheduling: {provisioningModel: 'SPOT', maxRunDuration: {seconds: 8700}},
  },
};

const RUNNING_OPERATION = {
  status: 200,
  body: {id: '12', name: 'operation-12', status: 'RUNNING', zone: 'us-central1-a'},
};

let canned: CannedCompute;
let compute: Compute;
let answer: (request: SeenRequest) => Canned;

beforeAll(async () => {
  canned = await cannedCompute((request) => answer(request));
});

beforeEach(() => {
  canned.seen.length = 0;
  compute = createCompute({project: async () => 'p', emulator: canned.emulator, clock: new VirtualScheduler()});
});

afterEach(releaseTimeouts);
afterAll(() => canned.close());

async function failureOf(work: Promise<unknown>): Promise<ComputeFailure> {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (!(error instanceof ComputeFailure)) throw new Error('expected a ComputeFailure', {cause: error});
  return error;
}

test('an insert sends body, template and request id, and returns the operation', async () => {
  answer = () => RUNNING_OPERATION;
  expect(await compute.insertInstance(INSERT)).toEqual({zone: 'us-central1-a', name: 'operation-12'});
  const [request] = canned.seen;
  expect(request).toMatchObject({
    method: 'POST',
    path: '/compute/v1/projects/p/zones/us-central1-a/instances',
    body: {
      name: 'slipway-arm-7-1',
      labels: {'slipway-deployment': 'slipway'},
      metadata: {items: [{key: 'slipway-jit-config', value: JIT}]},
      scheduling: {provisioningModel: 'SPOT', maxRunDuration: {seconds: '8700'}},
    },
  });
  expect(request?.query.get('requestId')).toBe(INSERT.requestId);
  expect(request?.query.get('sourceInstanceTemplate')).toBe(INSERT.sourceInstanceTemplate);
});

describe('a refused insert', () => {
  test.each<[string, Canned, FailureClass, string]>([
    ['quota', refusal(403, 'quotaExceeded', "Quota 'CPUS' exceeded."), 'quota', 'quotaExceeded'],
    ['rate limit', refusal(403, 'rateLimitExceeded', 'Rate Limit Exceeded'), 'rate', 'rateLimitExceeded'],
    ['permission', refusal(403, 'forbidden', "Required 'compute.instances.create'"), 'denied', 'forbidden'],
    ['name in use', refusal(409, 'alreadyExists', 'already exists'), 'conflict', 'alreadyExists'],
    ['machine type', refusal(400, 'invalid', "field 'resource.machineType'"), 'invalid', 'invalid'],
    ['server error', refusal(503, 'backendError', 'Backend Error'), 'uncertain', 'backendError'],
    ['HTML page of a proxy', {status: 502, body: '<html>Bad Gateway</html>'}, 'uncertain', 'HTTP_502'],
    ['broken connection', 'reset', 'uncertain', 'NO_ANSWER'],
    ['answer without an operation', {status: 200, body: {}}, 'uncertain', 'NO_OPERATION'],
  ])('because of %s is classified, and sent once', async (_, given, failureClass, code) => {
    answer = () => given;
    const failure = await failureOf(compute.insertInstance(INSERT));
    expect([failure.failureClass, failure.code]).toEqual([failureClass, code]);
    expect(failure.message).toContain('insert instance slipway-arm-7-1 in us-central1-a');
    expect(canned.seen).toHaveLength(1);
  });

  test('that quotes the request leaves no JIT config in its error or the causes of that', async () => {
    answer = ({body}) => refusal(400, 'invalid', `Invalid value for field 'resource': '${JSON.stringify(body)}'. No.`);
    const failure = await failureOf(compute.insertInstance(INSERT));
    expect(failure.message).toContain('***');
    expect(JSON.stringify([failure.message, failure.stack, failure.cause, failure])).not.toContain(JIT.slice(0, 40));
  });
});

test('a read that fails is not repeated by the library', async () => {
  answer = () => refusal(503, 'backendError', 'Backend Error');
  await failureOf(compute.getInstance('us-central1-a', 'x'));
  await failureOf(compute.getTemplate({name: 't'}));
  await failureOf(compute.zonesOfRegion('us-central1'));
  expect(canned.seen).toHaveLength(3);
});

describe('waiting for an operation', () => {
  const operation = {zone: 'us-central1-a', name: 'operation-12'};
  const path = '/compute/v1/projects/p/zones/us-central1-a/operations/operation-12/wait';

  test.each<[string, Canned, object]>([
    ['that is done', {status: 200, body: {status: 'DONE'}}, {kind: 'done'}],
    ['that still runs', {status: 200, body: {status: 'RUNNING'}}, {kind: 'running'}],
    [
      'that failed',
      {status: 200, body: {status: 'DONE', error: {errors: [{code: 'QUOTA_EXCEEDED', message: 'Quota'}]}}},
      {kind: 'failed', errors: [{code: 'QUOTA_EXCEEDED', message: 'Quota'}]},
    ],
    [
      'that failed without saying why',
      {status: 200, body: {status: 'DONE', httpErrorStatusCode: 503, httpErrorMessage: 'UNAVAILABLE'}},
      {kind: 'failed', errors: [{code: 'HTTP_503', message: 'UNAVAILABLE'}]},
    ],
  ])('%s', async (_, given, expected) => {
    answer = () => given;
    expect(await compute.waitForOperation(operation, 60)).toEqual(expected);
    expect(canned.seen[0]?.path).toBe(path);
  });

  test('that does not answer in time', async () => {
    answer = () => 'hang';
    holdTimeouts();
    const waiting = compute.waitForOperation(operation, 60);
    await pass(60_000, () => canned.seen.length === 1);
    expect(await waiting).toEqual({kind: 'running'});
    expect(canned.seen[0]?.path).toBe(path);
  });
});

test('a missing resource is absent, not an error', async () => {
  answer = ({path}) => refusal(404, 'notFound', `The resource '${path}' was not found`);
  expect(await compute.getInstance('us-central1-a', 'x')).toBeUndefined();
  expect(await compute.deleteInstance('us-central1-a', 'x', INSERT.requestId)).toBe('absent');
  expect(await compute.getTemplate({name: 't', region: 'us-east1', project: 'images'})).toBeUndefined();
  expect(canned.seen.at(-1)?.path).toBe('/compute/v1/projects/images/regions/us-east1/instanceTemplates/t');
});

test("an instance's status, labels, times and machine are read", async () => {
  const labels = {'slipway-deployment': 'slipway'};
  const body = {name: 'x', status: 'STAGING', labels, creationTimestamp: '2026-11-01T00:00:00.000-07:00'};
  answer = () => ({status: 200, body});
  const never = {lastStartTimestamp: '', lastStopTimestamp: ''};
  expect(await compute.getInstance('us-central1-a', 'x')).toEqual({
    ...body,
    ...never,
    zone: 'us-central1-a',
    isSpot: false,
  });
  const times = {
    lastStartTimestamp: '2026-11-02T00:00:00.000-07:00',
    lastStopTimestamp: '2026-11-03T00:00:00.000-07:00',
  };
  answer = () => ({status: 200, body: {...body, ...times}});
  expect(await compute.getInstance('us-central1-a', 'x')).toMatchObject(times);
  const machineType = 'https://www.googleapis.com/compute/v1/projects/p/zones/us-central1-a/machineTypes/g2-standard-4';
  answer = () => ({status: 200, body: {...body, machineType, scheduling: {provisioningModel: 'SPOT'}}});
  const machine = {machineType: 'g2-standard-4', isSpot: true};
  expect(await compute.getInstance('us-central1-a', 'x')).toMatchObject(machine);
});

test('zones are those of the region that are up, read once', async () => {
  const zone = (name: string, region: string, status = 'UP') => ({
    name,
    status,
    region: `https://www.googleapis.com/compute/v1/projects/p/regions/${region}`,
  });
  const items = [
    zone('us-central1-f', 'us-central1'),
    zone('us-central1-a', 'us-central1'),
    zone('us-central1-b', 'us-central1', 'DOWN'),
    zone('us-east1-b', 'us-east1'),
  ];
  answer = () => ({status: 200, body: {items}});
  expect(await compute.zonesOfRegion('us-central1')).toEqual(['us-central1-a', 'us-central1-f']);
  expect(await compute.zonesOfRegion('us-central1')).toHaveLength(2);
  expect(canned.seen).toHaveLength(1);
});

test('a template is read once, with its metadata, labels and scheduling unchanged', async () => {
  const selfLink = 'https://www.googleapis.com/compute/v1/projects/p/global/instanceTemplates/t';
  const metadata = {items: [{key: 'startup-script', value: '#!/bin/sh'}]};
  const scheduling = {onHostMaintenance: 'TERMINATE', preemptible: false};
  answer = () => ({status: 200, body: {selfLink, properties: {metadata, labels: {team: 'ci'}, scheduling}}});
  const nothingElse = {machineType: '', disks: [], accelerators: [], hasExternalAddress: false};
  const expected = {selfLink, metadata, labels: {team: 'ci'}, scheduling, ...nothingElse};
  expect(await compute.getTemplate({name: 't'})).toEqual(expected);
  expect(await compute.getTemplate({name: 't'})).toEqual(expected);
  expect(canned.seen).toHaveLength(1);
});
