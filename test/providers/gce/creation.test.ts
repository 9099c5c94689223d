import type {Placement} from '../../../shared/model/placement';
import {placeOrder} from '../../../shared/providers/placements';
import {createRequest} from '../../contracts/provider';
import {type GceWorld, type GceWorldOptions, isGetInstance, isInsert, NAME, openGceWorld, ZONES} from './world';

const STOCK_OUT = {
  code: 'ZONE_RESOURCE_POOL_EXHAUSTED',
  message: 'The zone does not have enough resources available to fulfill the request.',
};
const CPU_QUOTA = {code: 'QUOTA_EXCEEDED', message: "Quota 'CPUS' exceeded.  Limit: 24.0 in region us-central1."};
const SPOT_QUOTA = {code: 'QUOTA_EXCEEDED', message: "Quota 'PREEMPTIBLE_CPUS' exceeded.  Limit: 0.0."};

const rateLimit = {status: 403, reason: 'rateLimitExceeded', message: 'Rate Limit Exceeded'};

let gce: GceWorld;
let tried: Placement[];
const open = async (options?: GceWorldOptions) => {
  gce = await openGceWorld(options);
  tried = [];
};
const create = (name = NAME) => gce.provider.create(createRequest({name}, tried));

/** Names of runners whose first zone this is. */
const namesStartingIn = (zone: string) =>
  Array.from({length: 30}, (_, n) => `slipway-arm-${n}-1`).filter(
    (name) => placeOrder(name, [...ZONES].sort())[0] === zone,
  );
const requestIds = () => gce.inserts().map(({query}) => query.get('requestId'));
afterEach(() => gce.close());

test('a late stock-out moves to the next zone under the same name and another request id', async () => {
  await open();
  gce.world.failLate({zone: ZONES[0], error: STOCK_OUT});
  expect(await create()).toEqual({kind: 'created', placement: {place: ZONES[1], spot: false}, id: NAME});
  expect(gce.inserts().map(({body}) => body['name'])).toEqual([NAME, NAME]);
  expect(new Set(requestIds()).size).toBe(2);
  expect(gce.machines().map(({zone}) => zone)).toEqual([ZONES[1]]);
});

test('the name is confirmed absent in the full zone before it is used in the next', async () => {
  await open();
  gce.world.failLate({zone: ZONES[0], error: STOCK_OUT});
  await create();
  const requests = gce.server.requests;
  const first = requests.findIndex(isInsert);
  const second = requests.findLastIndex(isInsert);
  const between = requests.slice(first, second).filter(isGetInstance);
  expect(between.map(({path}) => path)).toEqual([`/projects/p/zones/${ZONES[0]}/instances/${NAME}`]);
});

test('a zone that another execution found full is left out until it may be tried again', async () => {
  await open();
  const [first, second] = namesStartingIn(ZONES[0]);
  const full = [{placement: {place: ZONES[0], spot: false}, until: gce.clock.now() + 60_000}];
  const request = createRequest({name: String(first), full}, tried);
  expect(await gce.provider.create(request)).toMatchObject({placement: {place: ZONES[1]}});
  gce.clock.advance(60_000);
  expect(await create(second)).toMatchObject({placement: {place: ZONES[0]}});
});

test('what was read ahead is not read again, and what could not be is', async () => {
  const templates = () => gce.server.requests.filter(({path}) => path.includes('/instanceTemplates/')).length;
  const prepare = () => gce.provider.readAhead?.({name: NAME, pool: 'arm', job: '7-1'});
  await open();
  await prepare();
  expect(templates()).toBe(1);
  expect(await create()).toMatchObject({kind: 'created'});
  expect(templates()).toBe(1);
  await gce.close();

  await open();
  const respond = {status: 503, reason: 'backendError', message: 'try again'};
  gce.server.fault({match: ({path}) => path.includes('/instanceTemplates/'), respond});
  await prepare();
  expect(await create()).toMatchObject({kind: 'created'});
  expect(templates()).toBe(2);
});

test('a full zone is told before the next one is tried, and nothing else is', async () => {
  await open();
  gce.world.failLate({zone: ZONES[0], error: STOCK_OUT});
  const told: unknown[] = [];
  const request = createRequest({onFull: async (placement) => void told.push(placement, gce.inserts().length)}, tried);
  expect(await gce.provider.create(request)).toMatchObject({placement: {place: ZONES[1]}});
  expect(told).toEqual([{place: ZONES[0], spot: false}, 1]);
});

test('a full zone is skipped for some minutes', async () => {
  await open();
  gce.world.failLate({zone: ZONES[0], times: 1, error: STOCK_OUT});
  const [first, second, third] = namesStartingIn(ZONES[0]);
  expect(await create(first)).toMatchObject({placement: {place: ZONES[1]}});
  expect(await create(second)).toMatchObject({placement: {place: ZONES[1]}});
  expect(tried.map(({place}) => place)).toEqual([ZONES[0], ZONES[1], ZONES[1]]);
  gce.clock.advance(4 * 60_000);
  expect(await create(third)).toMatchObject({placement: {place: ZONES[0]}});
});

test('nothing is tried when every placement was full a moment ago', async () => {
  await open();
  gce.world.failLate({error: STOCK_OUT});
  await create('slipway-arm-1-1');
  tried.length = 0;
  expect(await create('slipway-arm-2-1')).toMatchObject({kind: 'no_capacity', tried: []});
  expect(tried).toEqual([]);
});

test('every zone, then every machine type, then standard after spot, each once', async () => {
  await open({
    provider: {machineTypes: ['c4a-standard-4', 't2a-standard-4'], spot: 'prefer'},
    latencies: {insert: 1000},
  });
  gce.world.failLate({spot: true, error: STOCK_OUT});
  gce.world.failLate({machineType: 'c4a-standard-4', error: STOCK_OUT});
  expect(await create()).toMatchObject({kind: 'created'});
  expect(tried.map(({place, machineType, spot}) => `${place} ${machineType} ${spot}`)).toEqual([
    ...ZONES.map((zone) => `${zone} c4a-standard-4 true`),
    ...ZONES.map((zone) => `${zone} t2a-standard-4 true`),
    ...ZONES.map((zone) => `${zone} c4a-standard-4 false`),
    `${ZONES[0]} t2a-standard-4 false`,
  ]);
  expect(gce.machines()[0]).toMatchObject({machineType: 't2a-standard-4', scheduling: {provisioningModel: 'STANDARD'}});
});

test('no capacity anywhere leaves nothing behind', async () => {
  await open();
  gce.world.failLate({error: STOCK_OUT});
  const outcome = await create();
  expect(outcome).toEqual({kind: 'no_capacity', tried, message: expect.stringContaining('enough resources')});
  expect(tried).toHaveLength(3);
  expect(gce.world.instances()).toEqual([]);
});

test('the remains of an insert that met a stock-out are deleted before the next zone is tried', async () => {
  await open();
  gce.world.failLate({zone: ZONES[0], times: 1, error: STOCK_OUT});
  const template = {name: 'runner', region: undefined};
  gce.world.observe(({kind, instance: {zone, name, labels}}) => {
    if (kind === 'failed') gce.world.insert({zone, template, requestId: undefined, body: {name, labels}});
  });
  expect(await create()).toEqual({kind: 'created', placement: {place: ZONES[1], spot: false}, id: NAME});
  expect(gce.world.instances().map(({zone}) => zone)).toEqual([ZONES[1]]);
});

test('no placement is tried too late for the time-out of the function; the next attempt continues there', async () => {
  await open({provider: {spot: 'prefer'}, latencies: {insert: 40_000}});
  gce.world.failLate({spot: true, error: STOCK_OUT});
  expect(await create(NAME)).toMatchObject({kind: 'no_capacity', tried: [{spot: true}, {spot: true}, {spot: true}]});
  expect(await create('slipway-arm-7-2')).toMatchObject({kind: 'created', placement: {spot: false}});
  expect(tried).toHaveLength(4);
});

test('a machine type that a zone does not have leads to the next placement', async () => {
  await open({provider: {machineTypes: ['c4a-standard-4']}});
  const message = "Invalid value for field 'resource.machineType': 'zones/z/machineTypes/c4a-standard-4'. Not there.";
  gce.server.fault({match: isInsert, respond: {status: 400, reason: 'invalid', message}});
  expect(await create()).toMatchObject({kind: 'created', placement: {place: ZONES[1]}});
});

test('a machine type that no zone has is refused', async () => {
  await open({provider: {machineTypes: ['c9-standard-4']}});
  const message = "The resource 'projects/p/zones/z/machineTypes/c9-standard-4' was not found";
  gce.server.fault({match: isInsert, times: 3, respond: {status: 404, reason: 'notFound', message}});
  expect(await create()).toEqual({kind: 'refused', message: expect.stringContaining('c9-standard-4')});
  expect(gce.inserts()).toHaveLength(3);
});

describe('a quota', () => {
  test('of the project ends the tries: another zone would not help', async () => {
    await open();
    gce.world.failLate({error: CPU_QUOTA});
    const outcome = await create();
    expect(outcome).toEqual({
      kind: 'quota',
      quotaScope: 'us-central1',
      message: expect.stringContaining("Quota 'CPUS'"),
    });
    expect(tried).toHaveLength(1);
  });

  test('that refuses the insert itself ends them too', async () => {
    await open();
    const respond = {status: 403, reason: 'quotaExceeded', message: CPU_QUOTA.message};
    gce.server.fault({match: isInsert, respond});
    expect(await create()).toMatchObject({kind: 'quota'});
    expect(gce.inserts()).toHaveLength(1);
  });

  test('of spot VMs leads to one standard attempt if spot is only preferred', async () => {
    await open({provider: {spot: 'prefer'}});
    gce.world.failLate({spot: true, error: SPOT_QUOTA});
    expect(await create()).toEqual({kind: 'created', placement: {place: ZONES[0], spot: false}, id: NAME});
    expect(tried.map(({spot}) => spot)).toEqual([true, false]);
  });

  test('of both models ends after that attempt', async () => {
    await open({provider: {spot: 'prefer'}});
    gce.world.failLate({error: CPU_QUOTA});
    expect(await create()).toMatchObject({kind: 'quota'});
    expect(tried.map(({spot}) => spot)).toEqual([true, false]);
  });

  test('of spot VMs ends the tries if only spot is allowed', async () => {
    await open({provider: {spot: 'only'}});
    gce.world.failLate({error: SPOT_QUOTA});
    expect(await create()).toMatchObject({kind: 'quota'});
    expect(tried).toHaveLength(1);
  });
});

test("the API's rate limit ends the attempt until the next minute", async () => {
  await open();
  gce.clock.advance(17_500);
  gce.server.fault({match: isInsert, respond: rateLimit});
  expect(await create()).toMatchObject({kind: 'rate_limited', retryAfterSeconds: 43});
  expect(gce.inserts()).toHaveLength(1);
});

test('a missing permission is refused at once', async () => {
  await open();
  const respond = {status: 403, reason: 'forbidden', message: "Required 'compute.instances.create' permission"};
  gce.server.fault({match: isInsert, respond});
  expect(await create()).toEqual({kind: 'refused', message: expect.stringContaining('compute.instances.create')});
  expect(gce.inserts()).toHaveLength(1);
});
