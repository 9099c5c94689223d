import {Refused, Unavailable} from '../../../shared/errors';
import {Secret} from '../../../shared/secret';
import {createRequest} from '../../contracts/provider';
import type {CodemagicFault, CodemagicRequest} from '../../emulators/codemagic/api';
import {APP, TEAM, WORKFLOW} from '../../emulators/codemagic/world';
import {type CodemagicTest, codemagicPool, openCodemagic, SETTINGS} from './world';

const NAME = 'slipway-arm-7-1';

let opened: CodemagicTest | undefined;

async function open(options: Parameters<typeof openCodemagic>[0] = {}): Promise<CodemagicTest> {
  opened = await openCodemagic(options);
  return opened;
}

afterEach(async () => {
  await opened?.close();
  expect(opened?.server.violations ?? []).toEqual([]);
  // Nothing that is logged holds the JIT config or the token.
  expect(opened?.log.filter((line) => /jit-config|codemagic-token/.test(line)) ?? []).toEqual([]);
});

function isStart({method, url}: CodemagicRequest): boolean {
  return method === 'POST' && url === '/builds';
}

function isList({url}: CodemagicRequest): boolean {
  return url.startsWith('/api/v3/');
}

test('a build gets the runner’s name, the deployment and the JIT config, and the settings of its pool', async () => {
  const {provider, world, server} = await open({pools: [codemagicPool({branch: 'ci'})]});
  const billed: (string | undefined)[] = [];
  const beforeInsert = async (_: unknown, machineType?: string) => void billed.push(machineType);
  const outcome = await provider.create(createRequest({beforeInsert}));
  expect(world.machines()).toMatchObject([
    {
      ...{app: APP, workflow: WORKFLOW, branch: 'ci', instanceType: 'mac_mini_m2'},
      labels: ['slipway-deployment=slipway', 'slipway-pool=arm', 'slipway-job=7-1', NAME],
      variables: {
        SLIPWAY_RUNNER: NAME,
        SLIPWAY_DEPLOYMENT: 'slipway',
        ACTIONS_RUNNER_INPUT_JITCONFIG: 'jit-config',
      },
    },
  ]);
  expect(billed).toEqual(['mac_mini_m2']);
  expect(outcome).toEqual({
    kind: 'created',
    placement: {place: APP, machineType: 'mac_mini_m2', spot: false},
    id: world.machines()[0]?.id,
  });
  expect(server.requests.filter(isStart)).toHaveLength(1);
});

test('without an instance type the workflow’s own is used', async () => {
  const {instanceType: _, ...rest} = SETTINGS;
  const {provider, world} = await open({pools: [{name: 'arm', provider: rest}]});
  expect(await provider.create(createRequest())).toMatchObject({placement: {place: APP, spot: false}});
  expect(world.machines()).toMatchObject([{instanceType: undefined}]);
});

test.each<{answer: CodemagicFault; outcome: object}>([
  {
    answer: {status: 400, body: {error: 'bad'}},
    outcome: {kind: 'refused', message: expect.stringContaining('400: bad')},
  },
  {answer: {status: 401}, outcome: {kind: 'refused', message: expect.stringContaining('CODEMAGIC_TOKEN is not valid')}},
  {answer: {status: 403}, outcome: {kind: 'refused', message: expect.stringContaining('may not do this')}},
  {
    answer: {status: 404, body: {error: 'Workflow not found'}},
    outcome: {kind: 'refused', message: expect.stringContaining('Workflow not found; check app, workflow')},
  },
  {answer: {status: 402}, outcome: {kind: 'quota', quotaScope: TEAM}},
  {answer: {status: 429, headers: {'retry-after': '42'}}, outcome: {kind: 'rate_limited', retryAfterSeconds: 42}},
  {answer: {status: 429}, outcome: {kind: 'rate_limited', retryAfterSeconds: 60}},
  {answer: {status: 500}, outcome: {kind: 'uncertain'}},
  {answer: {status: 302}, outcome: {kind: 'uncertain'}},
  {answer: {status: 200, body: {}}, outcome: {kind: 'uncertain'}},
  {answer: 'page', outcome: {kind: 'uncertain', message: expect.stringContaining('not CodeMagic’s own')}},
  {answer: 'reset', outcome: {kind: 'uncertain', message: expect.stringContaining('may have taken effect')}},
])('the answer $answer to a start is $outcome.kind, and starts nothing', async ({answer, outcome}) => {
  const {provider, server, world} = await open();
  server.fault({match: isStart, respond: answer, times: 2});
  expect(await provider.create(createRequest())).toMatchObject(outcome);
  expect(world.machines()).toEqual([]);
});

test('an application and a workflow that CodeMagic does not know are refused', async () => {
  const {provider} = await open({
    pools: [codemagicPool({app: 'no-such-app'}), codemagicPool({workflow: 'none'}, 'x64')],
  });
  expect(await provider.create(createRequest())).toMatchObject({kind: 'refused'});
  expect(await provider.create(createRequest({pool: 'x64', name: 'slipway-x64-7-1'}))).toMatchObject({kind: 'refused'});
});

test('a build whose start was not answered is found in the list, and no second one is started', async () => {
  const {provider, server, world} = await open({unlistedMs: 2_000});
  server.fault({match: isStart, respond: 'lost'});
  expect(await provider.create(createRequest())).toMatchObject({kind: 'created', id: world.machines()[0]?.id});
  expect(world.machines()).toHaveLength(1);
  expect(server.requests.filter(isStart)).toHaveLength(1);
});

test('while the list does not show it either, it is uncertain, and the next look finds it by its name', async () => {
  const {provider, server, scheduler, world} = await open({unlistedMs: 60_000});
  server.fault({match: isStart, respond: 'lost'});
  expect(await provider.create(createRequest())).toMatchObject({kind: 'uncertain'});
  expect(await provider.find({name: NAME, pool: 'arm'})).toBeUndefined();
  scheduler.advance(60_000);
  const id = world.machines()[0]?.id;
  expect(await provider.find({name: NAME, pool: 'arm'})).toMatchObject({name: NAME, id});
});

test('while the list cannot be read, nobody says that there is no build', async () => {
  const {provider, world} = await open();
  world.isListDown = true;
  await expect(provider.find({name: NAME, pool: 'arm'})).rejects.toThrow(Unavailable);
  await expect(provider.delete({name: NAME, pool: 'arm'})).rejects.toThrow(Unavailable);
  await expect(provider.list()).rejects.toThrow(Unavailable);
});

test('a token that was replaced while the function ran is read again, and the call repeated once', async () => {
  const {provider, server, world, rotateTo} = await open();
  server.tokens.clear();
  expect(await provider.create(createRequest())).toMatchObject({kind: 'refused'});
  expect(server.requests.filter(isStart)).toHaveLength(1);
  server.tokens.set('another', 'developer');
  rotateTo('another');
  expect(await provider.create(createRequest())).toMatchObject({kind: 'created'});
  expect(server.requests.filter(isStart)).toHaveLength(3);
  expect(world.machines()).toHaveLength(1);
});

test('a user who may not start builds is refused, with what to do', async () => {
  const {provider, server, setToken} = await open();
  server.tokens.set('viewer-token', 'viewer');
  setToken('viewer-token');
  const outcome = await provider.create(createRequest());
  expect(outcome).toMatchObject({kind: 'refused', message: expect.stringContaining('may not do this in the team')});
});

test('no message quotes the token or the JIT config, whatever the answer does', async () => {
  const {provider, server} = await open();
  const message = 'found codemagic-token-of-the-world and the-long-jit-config-of-this-runner';
  server.fault({match: isStart, respond: {status: 400, body: {message}}});
  const encodedJitConfig = new Secret('the-long-jit-config-of-this-runner');
  expect(await provider.create(createRequest({encodedJitConfig}))).toMatchObject({
    message: expect.stringContaining('400: found *** and ***'),
  });
});

test('a pool that is not configured any more has no team: its builds are cancelled by their id alone', async () => {
  const {provider, world} = await open({pools: []});
  const given = world.add({name: NAME, deployment: 'slipway', isRunning: true});
  await expect(provider.find({name: NAME, pool: 'arm'})).rejects.toThrow(Refused);
  await expect(provider.list()).rejects.toThrow(Refused);
  expect(await provider.delete({name: NAME, pool: 'arm', id: given.id})).toBe('accepted');
});

test('an unanswered list leaves the other teams’ builds in sight, and says that it is not all', async () => {
  const pools = [codemagicPool(), codemagicPool({team: 'no-such-team'}, 'x64')];
  const {provider} = await open({pools});
  await provider.create(createRequest());
  expect(await provider.list()).toMatchObject({machines: [{name: NAME}], complete: false});
});

test('the page of a build is CodeMagic’s, and needs its id', async () => {
  const {provider} = await open();
  expect(await provider.page?.({name: NAME, id: 'b1', place: APP})).toBe(`https://codemagic.io/app/${APP}/build/b1`);
  expect(await provider.page?.({name: NAME, place: APP})).toBeUndefined();
});

test('the list request asks for one team, page by page', async () => {
  const {provider, server, world} = await open();
  for (let n = 1; n <= 250; n++) world.add({name: `build-${n}`, isRunning: n > 100});
  await provider.create(createRequest());
  expect(await provider.list()).toMatchObject({machines: [{name: NAME}], complete: true});
  const lists = server.requests.filter(isList).map(({url}) => url);
  expect(lists).toHaveLength(3);
  expect(lists[0]).toBe(`/api/v3/teams/${TEAM}/builds?page_size=100`);
});
