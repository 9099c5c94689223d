import {once} from 'node:events';
import {createServer, type IncomingHttpHeaders} from 'node:http';
import type {AddressInfo} from 'node:net';
import {CloudTasksClient} from '@google-cloud/tasks';
import {GoogleAuth, PassThroughClient} from 'google-auth-library';
import {createOidcVerifier} from '../../shared/http/oidc';
import {KEPT_CONNECTIONS} from '../emulators/kept-connections';
import {OidcIssuer} from '../emulators/oidc';
import {VirtualScheduler} from '../emulators/scheduler';
import {CloudTasksServer} from '../emulators/tasks/server';

const queue = 'projects/acme/locations/europe-west1/queues/stop';
const serviceAccountEmail = 'tasks@acme.iam.gserviceaccount.com';

let clock: VirtualScheduler;
let oidc: OidcIssuer;
let jwksUrl: string;
let server: CloudTasksServer;
let client: CloudTasksClient;
let url: string;
let received: IncomingHttpHeaders[];
const handler = createServer(KEPT_CONNECTIONS, (request, response) => {
  received.push(request.headers);
  request.resume().on('end', () => response.end());
});

beforeAll(async () => {
  clock = new VirtualScheduler();
  oidc = await OidcIssuer.create(clock);
  jwksUrl = await oidc.listen();
  handler.listen(0, '127.0.0.1');
  await once(handler, 'listening');
  url = `http://127.0.0.1:${(handler.address() as AddressInfo).port}/stop`;
});

beforeEach(async () => {
  received = [];
  server = new CloudTasksServer({timers: clock, oidc, queues: [queue], autoDispatch: false});
  const {host, port} = await server.listen();
  const auth = new GoogleAuth({projectId: 'acme', authClient: new PassThroughClient()});
  client = new CloudTasksClient({fallback: true, apiEndpoint: host, port, protocol: 'http', auth});
});

afterEach(() => server.close());

afterAll(async () => {
  handler.close();
  handler.closeAllConnections();
  await oidc.close();
});

const name = (id: string) => `${queue}/tasks/${id}`;
const create = (id: string, rest: object = {}, http: object = {}) =>
  client.createTask({parent: queue, task: {name: name(id), httpRequest: {url, ...http}, ...rest}});

test('the client reads back the task that it created', async () => {
  const body = Buffer.from('{"a":1}').toString('base64');
  const [created] = await create('a', {}, {httpMethod: 'PUT', headers: {x: 'y'}, body});
  expect(created).toMatchObject({
    name: name('a'),
    view: 'BASIC',
    httpRequest: {url, httpMethod: 'PUT', headers: {x: 'y'}},
  });
  expect(created.httpRequest?.body).toHaveLength(0);
  const [full] = await client.getTask({name: name('a'), responseView: 'FULL'});
  expect(Buffer.from(full.httpRequest?.body ?? '').toString()).toBe('{"a":1}');
  expect(Number(full.createTime?.seconds) * 1000).toBe(clock.now());
});

test('a task without a name gets one', async () => {
  const [first] = await client.createTask({parent: queue, task: {httpRequest: {url}}});
  const [second] = await client.createTask({parent: queue, task: {httpRequest: {url}}});
  expect(first.name).toMatch(/\/tasks\/\d+$/);
  expect(second.name).not.toBe(first.name);
});

test('a list of tasks comes in pages', async () => {
  for (const id of ['c', 'a', 'e', 'b', 'd']) await create(id);
  const pages: string[][] = [];
  let pageToken = '';
  do {
    const page = await client.listTasks({parent: queue, pageSize: 2, pageToken}, {autoPaginate: false});
    pages.push(page[0].map((task) => task.name ?? ''));
    pageToken = page[2].nextPageToken ?? '';
  } while (pageToken);
  expect(pages).toEqual([['a', 'b'].map(name), ['c', 'd'].map(name), ['e'].map(name)]);
});

test('a deleted task does not run, and its name stays taken', async () => {
  await create('a');
  await client.deleteTask({name: name('a')});
  await expect(client.deleteTask({name: name('a')})).rejects.toMatchObject({code: 5});
  await expect(create('a')).rejects.toMatchObject({code: 6, message: expect.stringContaining('existed too recently')});
  expect(await server.dispatchDue()).toBe(0);
});

test('a task can run before it is due', async () => {
  await create('a', {scheduleTime: {seconds: clock.now() / 1000 + 3_600}});
  await client.runTask({name: name('a')});
  await server.idle();
  expect(received).toHaveLength(1);
  await expect(client.getTask({name: name('a')})).rejects.toMatchObject({code: 5});
});

test('a paused queue says so, and runs its tasks when it is resumed', async () => {
  await create('a');
  const [paused] = await client.pauseQueue({name: queue});
  expect(paused).toMatchObject({name: queue, state: 'PAUSED', retryConfig: {maxAttempts: 20}});
  expect(await server.dispatchDue()).toBe(0);
  await client.resumeQueue({name: queue});
  expect((await client.getQueue({name: queue}))[0].state).toBe('RUNNING');
  expect(await server.dispatchDue()).toBe(1);
});

test('a dispatch carries an OIDC token that our functions accept, minted when the task runs', async () => {
  const scheduleTime = {seconds: clock.now() / 1000 + 86_400};
  await create('a', {scheduleTime}, {oidcToken: {serviceAccountEmail, audience: 'https://stop.run.app'}});
  await create('b', {scheduleTime}, {oidcToken: {serviceAccountEmail}});
  clock.advance(86_400_000);
  await server.dispatchDue();
  const verify = (audience: string, header: string | undefined) =>
    createOidcVerifier({audience, serviceAccount: serviceAccountEmail, jwksUrl, mode: 'verify', clock})(header);
  const authorization = (id: string) =>
    received.find((headers) => headers['x-cloudtasks-taskname'] === id)?.authorization;
  const [a, b] = [authorization('a'), authorization('b')];
  await expect(verify('https://stop.run.app', a)).resolves.toBeUndefined();
  await expect(verify(url, b)).resolves.toBeUndefined();
  await expect(verify('https://provision.run.app', a)).rejects.toThrow('the OIDC token is not valid');
});

test.each([
  ['of another queue', {name: `${queue}-2/tasks/a`}, {}, /must be formatted/],
  ['with a deadline of ten seconds', {dispatchDeadline: {seconds: 10}}, {}, /between 15s and 30m/],
  ['with a body that GET does not take', {}, {httpMethod: 'GET', body: 'YQ=='}, /does not take a body/],
  ['without a usable URL', {}, {url: 'stop.run.app'}, /url/i],
  ["with one of Google's own headers", {}, {headers: {'X-Google-Foo': '1'}}, /reserved/],
])('a task %s is an invalid argument', async (_, rest, http, message) => {
  await expect(create('a', rest, http)).rejects.toMatchObject({code: 3, message: expect.stringMatching(message)});
});

test.each([
  ['twice', 2],
  ['concurrently', 2],
  ['not delivered', 0],
] as const)('a task whose dispatch is "%s" reaches its handler %i times', async (respond, times) => {
  server.dispatchFault({match: (dispatch) => dispatch.name === 'a', respond});
  await create('a');
  await server.dispatchDue();
  expect(received).toHaveLength(times);
});

test('an unreachable handler costs an attempt, but not the task', async () => {
  await create('a', {}, {url: 'http://127.0.0.1:1/'});
  await server.dispatchDue();
  expect(server.queue(queue).pending()).toMatchObject([{name: 'a', attempts: 1, responses: 0}]);
  expect(server.dispatches).toMatchObject([{task: 'a', status: undefined}]);
});

test('a task can be created later than requested', async () => {
  server.fault({respond: {lateByMs: 240_000}});
  await create('a');
  clock.advance(239_999);
  expect(await server.dispatchDue()).toBe(0);
  clock.advance(1);
  expect(await server.dispatchDue()).toBe(1);
});
