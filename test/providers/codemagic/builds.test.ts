import {createRequest} from '../../contracts/provider';
import type {CodemagicRequest} from '../../emulators/codemagic/api';
import {APP, WORKFLOW} from '../../emulators/codemagic/world';
import {type CodemagicTest, codemagicPool, openCodemagic} from './world';

const NAME = 'slipway-arm-7-1';
const MINUTE = 60_000;

let opened: CodemagicTest | undefined;

async function open(options: Parameters<typeof openCodemagic>[0] = {}): Promise<CodemagicTest> {
  opened = await openCodemagic(options);
  return opened;
}

afterEach(async () => {
  await opened?.close();
  expect(opened?.server.violations ?? []).toEqual([]);
});

/** Creates the runner’s build; returns its id. */
async function create({provider}: CodemagicTest, name = NAME): Promise<string> {
  const outcome = await provider.create(createRequest({name}));
  if (outcome.kind !== 'created') throw new Error(outcome.kind);
  return outcome.id;
}

function isCancel({url}: CodemagicRequest): boolean {
  return url.endsWith('/cancel');
}

test('more builds than concurrencies wait in the queue, and say so', async () => {
  const test = await open({concurrencies: 1});
  const {provider} = test;
  const first = await create(test, 'slipway-arm-1-1');
  const second = await create(test, 'slipway-arm-2-1');
  expect((await provider.list()).machines.map(({id, status}) => [id, status])).toEqual([
    [second, 'queued'],
    [first, 'running'],
  ]);
  expect(await provider.console?.({name: 'slipway-arm-2-1', id: second})).toContain('waits for a free machine');
  expect(await provider.delete({name: 'slipway-arm-1-1', id: first})).toBe('accepted');
  expect(await provider.find({name: 'slipway-arm-2-1', id: second})).toMatchObject({status: 'running'});
});

test('a queued build is cancelled like any other one', async () => {
  const test = await open({concurrencies: 0});
  const id = await create(test);
  expect(await test.provider.delete({name: NAME, id})).toBe('accepted');
  expect(test.world.machines()).toEqual([]);
});

test.each(['finished', 'failed', 'canceled', 'timeout'] as const)(
  'a build that is %s is no machine: neither found nor listed, and there is nothing to cancel',
  async (end) => {
    const test = await open({finishMs: 0});
    const {provider, world, server, scheduler} = test;
    const id = await create(test);
    const [build] = world.machines();
    if (!build) throw new Error('there is no build');
    if (end === 'finished') world.powerOff(build);
    if (end === 'failed') world.failHost(build);
    if (end === 'canceled') world.cancel(id);
    scheduler.advance(end === 'timeout' ? 121 * MINUTE : 1);
    expect(world.get(id)?.status).toBe(end);
    expect(await provider.find({name: NAME, id})).toBeUndefined();
    expect(await provider.find({name: NAME})).toBeUndefined();
    expect(await provider.list()).toEqual({machines: [], complete: true});
    expect(await provider.delete({name: NAME, id})).toBe('absent');
    expect(server.requests.filter(isCancel)).toEqual([]);
  },
);

test('a build says that it failed, unless it went well, was cancelled, runs, or is not ours', async () => {
  const test = await open();
  const {provider, world, scheduler} = test;
  const failureOf = (id: string) => provider.failure?.({name: NAME, id});
  const ended = async (end: (id: string) => void) => {
    const id = await create(test);
    expect(await failureOf(id)).toBeUndefined();
    end(id);
    scheduler.advance(MINUTE);
    return failureOf(id);
  };
  const machine = (id: string) => {
    const build = world.get(id);
    if (!build) throw new RangeError(`found no build ${id}`);
    return build;
  };
  expect(await ended((id) => world.failStart(machine(id)))).toMatch(/^its build ended as failed; the log of the build/);
  expect(await ended((id) => world.powerOff(machine(id)))).toBeUndefined();
  expect(await ended((id) => void world.cancel(id))).toBeUndefined();
  const foreign = world.add({name: NAME, deployment: 'other', isRunning: true});
  world.failStart(foreign);
  scheduler.advance(MINUTE);
  expect(foreign.status).toBe('failed');
  expect(await failureOf(foreign.id)).toBeUndefined();
  expect(await failureOf('60aa00000000000000000abc')).toBeUndefined();
  expect(await provider.failure?.({name: NAME})).toBeUndefined();
});

test('a build that ends between the look and its cancellation (208) is cancelled well', async () => {
  const test = await open();
  const id = await create(test);
  test.server.fault({match: isCancel, respond: {status: 208}});
  expect(await test.provider.delete({name: NAME, id})).toBe('accepted');
});

test('without an id every build of the name goes: a lost answer may have left two', async () => {
  const test = await open();
  await create(test);
  await create(test);
  expect(await test.provider.delete({name: NAME, pool: 'arm'})).toBe('accepted');
  expect(test.world.machines()).toEqual([]);
});

test('a page of a proxy says nothing of a build', async () => {
  const test = await open();
  const id = await create(test);
  test.server.fault({match: ({url}) => url === `/builds/${id}`, respond: 'page'});
  await expect(test.provider.find({name: NAME, id})).rejects.toThrow('not CodeMagic’s own');
});

describe('whose a build is', () => {
  test('another deployment’s and another person’s builds of the workflow are left alone, with labels or without', async () => {
    for (const leavesLabelsOut of [false, true]) {
      const test = await openCodemagic({leavesLabelsOut});
      const {provider, world, close} = test;
      world.add({name: NAME, deployment: 'other', isRunning: true});
      world.add({name: 'by-hand', isRunning: true});
      const kept = world.machines().map(({id}) => id);
      expect(await provider.list()).toEqual({machines: [], complete: true});
      for (const id of kept) expect(await provider.delete({name: NAME, id})).toBe('absent');
      expect(world.machines()).toHaveLength(2);
      await close();
    }
  });

  test('an id that another runner’s build has is not the runner’s', async () => {
    const test = await open();
    const id = await create(test, 'slipway-arm-8-1');
    expect(await test.provider.find({name: NAME, id})).toBeUndefined();
    expect(await test.provider.delete({name: NAME, id})).toBe('absent');
  });

  test('where nothing tells whose a build of our workflow is, it is not ours, and the list is not said to be all', async () => {
    const test = await open({leavesLabelsOut: true});
    const {provider, server} = test;
    const id = await create(test);
    const mute = {build: {_id: id, status: 'building', workflowId: WORKFLOW}, application: {_id: APP}};
    const times = Number.POSITIVE_INFINITY;
    server.fault({match: ({url}) => url === `/builds/${id}`, respond: {status: 200, body: mute}, times});
    expect(await provider.list()).toEqual({machines: [], complete: false});
    // Its own id is on record since it was started.
    expect(await provider.find({name: NAME, id})).toMatchObject({name: NAME, id});
    expect(await provider.delete({name: NAME, id})).toBe('accepted');
  });

  test('a build that could not be read leaves the list incomplete', async () => {
    const test = await open({leavesLabelsOut: true});
    await create(test);
    test.server.fault({match: ({url}) => /^\/builds\/\w+$/.test(url), respond: {status: 500}});
    expect(await test.provider.list()).toEqual({machines: [], complete: false});
    expect(await test.provider.list()).toMatchObject({machines: [{name: NAME}], complete: true});
  });

  test('a build of others is read once only', async () => {
    const test = await open({leavesLabelsOut: true});
    test.world.add({name: 'by-hand', isElsewhere: true, isRunning: true});
    await test.provider.list();
    await test.provider.list();
    expect(test.server.requests.filter(({url}) => url.startsWith('/builds/'))).toHaveLength(1);
  });
});

describe('the check', () => {
  test('finds an application that is not there, a branch that is missing, and a team that is not', async () => {
    const pools = [
      codemagicPool({app: 'no-such-app'}, 'a'),
      codemagicPool({branch: 'gone'}, 'b'),
      codemagicPool({team: 'no-such-team'}, 'c'),
    ];
    const {provider} = await open({pools});
    expect(await provider.check('a')).toMatchObject([
      {status: 'error', because: expect.stringContaining('no-such-app')},
      {},
      {},
    ]);
    expect(await provider.check('b')).toMatchObject([
      {status: 'warning', because: expect.stringContaining('no branch gone')},
      {},
      {},
    ]);
    expect(await provider.check('c')).toMatchObject([
      {status: 'ok'},
      {status: 'error'},
      {about: 'quota', status: 'error'},
    ]);
    expect(await provider.check('d')).toMatchObject([{status: 'error'}]);
  });

  test('finds a token that is not accepted, and says so once', async () => {
    const {provider, setToken} = await open();
    setToken('revoked');
    const findings = await provider.check('arm');
    expect(findings.map(({status, about}) => [status, about])).toEqual([
      ['error', undefined],
      ['skipped', undefined],
      ['skipped', 'quota'],
    ]);
    expect(findings.map(({because}) => because.includes('CODEMAGIC_TOKEN is not valid'))).toEqual([true, false, false]);
  });

  test('finds a workflow whose builds fail, and a queue that says that the concurrencies are used up', async () => {
    const test = await open({concurrencies: 1});
    const {provider, world} = test;
    await create(test, 'slipway-arm-1-1');
    for (const build of world.machines()) world.failHost(build);
    expect(await provider.check('arm')).toMatchObject([
      {status: 'ok'},
      {status: 'warning', because: 'the last 1 builds of workflow github-runner failed'},
      {about: 'quota', status: 'ok'},
    ]);
    await create(test, 'slipway-arm-2-1');
    await create(test, 'slipway-arm-3-1');
    const [, , quota] = await provider.check('arm');
    expect(quota).toMatchObject({
      about: 'quota',
      status: 'warning',
      because: expect.stringContaining('1 builds of team'),
    });
  });
});
