import {createRequest} from '../../contracts/provider';
import {type GceWorld, type GceWorldOptions, isGetInstance, isInsert, NAME, openGceWorld, ZONES} from './world';

const backendError = {status: 503, reason: 'backendError', message: 'Backend Error'};
const rateLimit = {status: 403, reason: 'rateLimitExceeded', message: 'Rate Limit Exceeded'};
const ours = {'slipway-deployment': 'slipway', 'slipway-job': '7-1'};

let gce: GceWorld;
const open = async (options?: GceWorldOptions) => {
  gce = await openGceWorld(options);
};
const create = () => gce.provider.create(createRequest());
const requestIds = () => gce.inserts().map(({query}) => query.get('requestId'));
afterEach(() => gce.close());

describe('after an insert whose answer was lost', () => {
  test('the created VM is found: one VM, one insert', async () => {
    await open();
    gce.server.fault({match: isInsert, respond: 'lost'});
    expect(await create()).toEqual({kind: 'created', placement: {place: ZONES[0], spot: false}, id: NAME});
    expect(gce.world.created).toHaveLength(1);
    expect(gce.inserts()).toHaveLength(1);
    expect(gce.world.get(ZONES[0], NAME).status).toBe('RUNNING');
  });

  test('and whose VM then meets a stock-out, the next zone is tried', async () => {
    await open();
    const error = {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'No resources.'};
    gce.world.failLate({zone: ZONES[0], error});
    gce.server.fault({match: isInsert, respond: 'lost'});
    expect(await create()).toEqual({kind: 'created', placement: {place: ZONES[1], spot: false}, id: NAME});
    expect(gce.machines()).toHaveLength(1);
  });

  test.each([['reset'], [backendError]] as const)(
    'that never arrived (%j), the same insert is sent once more with the same id',
    async (respond) => {
      await open();
      gce.server.fault({match: isInsert, respond});
      expect(await create()).toMatchObject({kind: 'created', placement: {place: ZONES[0]}});
      expect(gce.inserts()).toHaveLength(2);
      expect(new Set(requestIds()).size).toBe(1);
      expect(gce.machines()).toHaveLength(1);
    },
  );

  test('twice, the outcome is uncertain, and no other zone is tried', async () => {
    await open();
    gce.server.fault({match: isInsert, times: 2, respond: 'reset'});
    expect(await create()).toMatchObject({kind: 'uncertain', placement: {place: ZONES[0]}});
    expect(gce.inserts()).toHaveLength(2);
  });

  test('and a rate limit on its repetition, the outcome is uncertain: the first one may still arrive', async () => {
    await open();
    gce.server.fault({match: isInsert, respond: 'reset'});
    gce.server.fault({match: isInsert, respond: rateLimit});
    expect(await create()).toMatchObject({kind: 'uncertain'});
  });

  test('and a failed look for the VM, the outcome is uncertain', async () => {
    await open();
    gce.server.fault({match: isInsert, respond: 'lost'});
    gce.server.fault({match: isGetInstance, respond: backendError});
    expect(await create()).toMatchObject({kind: 'uncertain', placement: {place: ZONES[0]}});
    expect(gce.inserts()).toHaveLength(1);
  });
});

describe('waiting for the operation', () => {
  const isWait = ({path}: {path: string}) => path.endsWith('/wait');

  test('ends as uncertain when its budget runs out: a VM may exist', async () => {
    await open({latencies: {insert: 10 * 60_000}});
    const startedAt = gce.clock.now();
    expect(await create()).toMatchObject({kind: 'uncertain', message: expect.stringContaining('120 s')});
    expect(gce.clock.now() - startedAt).toBeLessThan(150_000);
    expect(gce.inserts()).toHaveLength(1);
  });

  test('continues after lost answers and rate limits', async () => {
    await open();
    gce.server.fault({match: isWait, respond: backendError});
    gce.server.fault({match: isWait, respond: 'reset'});
    gce.server.fault({match: isWait, respond: rateLimit});
    expect(await create()).toMatchObject({kind: 'created'});
  });

  test('calls onWaiting to renew the lease, and throws its error', async () => {
    await open({latencies: {insert: 100_000}});
    gce.server.fault({match: isWait, times: 60, respond: backendError});
    let calls = 0;
    await gce.provider.create(createRequest({onWaiting: async () => void calls++}));
    expect(calls).toBeGreaterThanOrEqual(3);

    await gce.close();
    await open({latencies: {insert: 100_000}});
    gce.server.fault({match: isWait, times: 60, respond: backendError});
    const onWaiting = () => Promise.reject(new RangeError('the lease was lost'));
    await expect(gce.provider.create(createRequest({onWaiting}))).rejects.toThrow('the lease was lost');
  });

  test('an operation that fails without a reason is uncertain', async () => {
    await open();
    gce.world.failLate({error: {code: 'INTERNAL_ERROR', message: 'Internal error'}});
    expect(await create()).toMatchObject({kind: 'uncertain'});
    expect(gce.inserts()).toHaveLength(1);
  });
});

describe('a name in use (409)', () => {
  test('by the VM of this job is a second dispatch: created', async () => {
    await open();
    gce.plant(ours);
    expect(await create()).toMatchObject({kind: 'created', placement: {place: ZONES[0]}});
    expect(gce.world.created).toHaveLength(1);
  });

  test.each([
    ['another deployment', {'slipway-deployment': 'other', 'slipway-job': '7-1'}],
    ['another job', {'slipway-deployment': 'slipway', 'slipway-job': '8-1'}],
    ['an unknown creator', {}],
  ])('by a VM of %s is name_taken, and that VM is not changed', async (_, labels) => {
    await open();
    const theirs = gce.plant(labels);
    expect(await create()).toMatchObject({kind: 'name_taken', placement: {place: ZONES[0]}});
    expect(theirs.status).toBe('RUNNING');
    expect(gce.inserts()).toHaveLength(1);
  });

  test('by a VM of this job that is being deleted is name_taken', async () => {
    await open();
    gce.plant(ours);
    gce.world.delete(ZONES[0], NAME);
    expect(await create()).toMatchObject({kind: 'name_taken'});
  });
});

test.each([
  [rateLimit, 'Unavailable'],
  [backendError, 'Unavailable'],
  [{status: 403, reason: 'forbidden', message: 'no'}, 'Refused'],
])('find and delete answer %j with %s', async (respond, name) => {
  await open();
  gce.server.fault({times: 2, respond});
  await expect(gce.provider.find({name: NAME})).rejects.toMatchObject({name});
  await expect(gce.provider.delete({name: NAME, place: ZONES[0]})).rejects.toMatchObject({name});
});
