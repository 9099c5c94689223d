import {Unavailable} from '../../shared/errors';
import type {NewTask} from '../../shared/model/tasks';
import {createCloudTasks} from '../../shared/tasks/cloud-tasks';
import {holdTimeouts, pass, releaseTimeouts} from '../builders/held-timeouts';
import {OidcIssuer} from '../emulators/oidc';
import {VirtualScheduler} from '../emulators/scheduler';
import {CloudTasksServer, type RequestFault} from '../emulators/tasks/server';

const queues = {
  provision: 'projects/acme/locations/europe-west1/queues/provision-1',
  stop: 'projects/acme/locations/europe-west1/queues/stop-1',
};
const urls = {provision: 'https://provision-x.a.run.app', stop: 'https://stop-x.a.run.app/'};
const serviceAccount = 'tasks@acme.iam.gserviceaccount.com';
const task: NewTask = {queue: 'provision', name: 'abc-7-1', body: {kind: 'demand', job: '7-1'}};

let clock: VirtualScheduler;
let server: CloudTasksServer;
let emulator: {readonly host: string; readonly port: number};

beforeEach(async () => {
  clock = new VirtualScheduler();
  const oidc = await OidcIssuer.create(clock);
  server = new CloudTasksServer({timers: clock, oidc, queues: Object.values(queues), autoDispatch: false});
  emulator = await server.listen();
});

afterEach(() => server.close());

const named = {...queues, provision: [queues.provision]};
const client = () => createCloudTasks({queues: named, urls, serviceAccount, clock, emulator});

test('a task is created with its URL, audience, account, time and five minutes to answer', async () => {
  await client().enqueue({...task, queue: 'stop', delaySeconds: 90.25, headers: {traceparent: '00-1-2-01'}});
  expect(server.requests).toMatchObject([{method: 'POST', path: `/v2/${queues.stop}/tasks`}]);
  expect(server.requests[0]?.body).toEqual({
    task: {
      name: `${queues.stop}/tasks/abc-7-1`,
      httpRequest: {
        url: 'https://stop-x.a.run.app/',
        httpMethod: 1,
        headers: {'content-type': 'application/json', traceparent: '00-1-2-01'},
        body: Buffer.from('{"kind":"demand","job":"7-1"}').toString('base64'),
        oidcToken: {serviceAccountEmail: serviceAccount, audience: 'https://stop-x.a.run.app/'},
      },
      scheduleTime: '2026-11-01T00:01:30.250Z',
      dispatchDeadline: '300s',
    },
  });
});

test('a check of a missing queue says what to do', async () => {
  const elsewhere = {...named, stop: 'projects/acme/locations/europe-west1/queues/gone'};
  const tasks = createCloudTasks({queues: elsewhere, urls, serviceAccount, clock, emulator});
  await tasks.check('provision');
  await expect(tasks.check('stop')).rejects.toThrow(/NOT_FOUND.*create the queue .*gone, or correct STOP_QUEUE/);
});

test('a task without a delay has no schedule time', async () => {
  await client().enqueue(task);
  expect(server.requests[0]?.body).not.toHaveProperty('task.scheduleTime');
});

test.each([
  ['503 UNAVAILABLE', {status: 'UNAVAILABLE'}],
  ['500 INTERNAL', {status: 'INTERNAL'}],
  ['429 RESOURCE_EXHAUSTED', {status: 'RESOURCE_EXHAUSTED'}],
  ['409 ABORTED', {status: 'ABORTED'}],
  ['504 DEADLINE_EXCEEDED', {status: 'DEADLINE_EXCEEDED'}],
  ["a proxy's page with 502", {html: 502}],
] satisfies [string, RequestFault][])('after %s the task is created by the second try', async (_, respond) => {
  server.fault({respond});
  expect(await client().enqueue(task)).toBe('created');
  expect(server.requests).toHaveLength(2);
});

test('after a lost answer the second try finds that the task exists', async () => {
  server.fault({respond: 'lost'});
  expect(await client().enqueue(task)).toBe('exists');
  expect(server.requests).toHaveLength(2);
  expect(server.queue(queues.provision).pending()).toHaveLength(1);
});

describe('a try that hangs', () => {
  beforeEach(holdTimeouts);
  afterEach(releaseTimeouts);

  test('is given up after three seconds, and the second one creates the task', async () => {
    server.fault({respond: 'hang'});
    const enqueued = client().enqueue(task);
    await pass(3_000, () => server.requests.length === 1);
    expect(await enqueued).toBe('created');
  });

  test('is the second one: the task is unavailable', async () => {
    server.fault({times: 10, respond: 'hang'});
    const refused = client().enqueue(task);
    const late = expect(refused).rejects.toThrow(/did not create task abc-7-1 in .*DEADLINE_EXCEEDED.*tried 2 times/);
    await pass(3_000, () => server.requests.length === 1);
    await pass(3_000, () => server.requests.length === 2);
    await late;
    await expect(refused).rejects.toThrow(Unavailable);
    expect(server.queue(queues.provision).pending()).toEqual([]);
  });
});

test('a service that always answers 503 is asked twice, without retries of the client library', async () => {
  server.fault({times: 10, respond: {status: 'UNAVAILABLE', message: 'The service is currently unavailable.'}});
  const refused = client().enqueue(task);
  await expect(refused).rejects.toThrow(/503 UNAVAILABLE .*The service is currently unavailable.*tried 2 times/);
  await expect(refused).rejects.toMatchObject({kind: 'unavailable', retryAfterSeconds: 10});
  expect(server.requests).toHaveLength(2);
});

test('an unreachable service is an error that says so', async () => {
  await server.close();
  await expect(client().enqueue(task)).rejects.toThrow(/UNAVAILABLE .*ECONNREFUSED.*tried 2 times/);
});

test.each([
  ['PERMISSION_DENIED', /403 PERMISSION_DENIED.*roles\/cloudtasks\.enqueuer.*serviceAccountUser on tasks@acme/],
  ['UNAUTHENTICATED', /401 UNAUTHENTICATED.*does not accept its credentials/],
  ['FAILED_PRECONDITION', /FAILED_PRECONDITION.*Cloud Tasks API is enabled/],
  ['INVALID_ARGUMENT', /400 INVALID_ARGUMENT.*check PROVISION_QUEUE/],
] as const)('%s is not tried again, and the error says what to change', async (status, message) => {
  server.fault({times: 10, respond: {status}});
  const refused = client().enqueue(task);
  await expect(refused).rejects.toThrow(Unavailable);
  await expect(refused).rejects.toThrow(message);
  expect(server.requests).toHaveLength(1);
});

test('of several provision queues each owner has one, in any case of its name, and all of them are checked', async () => {
  const provision = [1, 2, 3, 4].map((number) => `projects/acme/locations/europe-west1/queues/provision-${number}`);
  for (const queue of provision.slice(1)) server.model.addQueue(queue);
  const tasks = createCloudTasks({queues: {...named, provision}, urls, serviceAccount, clock, emulator});
  const queueOf = async (owner: string) => {
    const name = `${owner}-${server.requests.length}`;
    await tasks.enqueue({...task, name, owner});
    return provision.findIndex((queue) => server.queue(queue).get(name) !== undefined);
  };
  expect(await queueOf('ACME')).toBe(await queueOf('acme'));
  const owners = Array.from({length: 40}, (_, index) => `owner-${index}`);
  const used = new Set(await Promise.all(owners.map(queueOf)));
  expect([...used].sort()).toEqual([0, 1, 2, 3]);
  await tasks.enqueue({...task, name: 'of-nobody'});
  expect(server.queue(provision[0] ?? '').get('of-nobody')).toBeDefined();
  await tasks.check('provision');
  const missing = createCloudTasks({
    queues: {...named, provision: [...provision, 'projects/acme/locations/europe-west1/queues/gone']},
    urls,
    serviceAccount,
    clock,
    emulator,
  });
  await expect(missing.check('provision')).rejects.toThrow(/create the queue .*gone, or correct PROVISION_QUEUE/);
  const byOwner = await Promise.allSettled(owners.map((owner) => missing.check('provision', owner)));
  expect(new Set(byOwner.map(({status}) => status))).toEqual(new Set(['fulfilled', 'rejected']));
});

test('a queue that does not exist is named in the error, with the variable that names it', async () => {
  const stop = 'projects/acme/locations/europe-west1/queues/gone';
  const tasks = createCloudTasks({queues: {...named, stop}, urls, serviceAccount, clock, emulator});
  await expect(tasks.enqueue({...task, queue: 'stop'})).rejects.toThrow(
    /404 NOT_FOUND Queue does not exist.*create the queue projects.*gone, or correct STOP_QUEUE/,
  );
});

test('an error message contains no token that the service quoted', async () => {
  const token = `eyJhbGciOiJSUzI1NiJ9.${'a'.repeat(40)}.${'b'.repeat(40)}`;
  server.fault({respond: {status: 'PERMISSION_DENIED', message: `the token ${token} is not valid`}});
  await expect(client().enqueue(task)).rejects.toThrow(/the token \*\*\* is not valid/);
});
