import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {verify} from '@octokit/webhooks-methods';
import {SeededRandom} from '../seeded-random';
import type {DeliveryRequest} from './delivery';
import {type DeliveryFault, randomDeliveryFaults} from './delivery-faults';
import {httpSink} from './http-sink';
import {type StartedGitHub, startGitHub} from './start-github';

const DELIVERIES = 'GET /app/hook/deliveries';

let github: StartedGitHub;
let received: DeliveryRequest[];
let answers: (number | Error)[];

beforeEach(async () => {
  github = await startGitHub();
  received = [];
  answers = [];
  github.world.addRepository('acme/app', {installationId: 7001});
});

afterEach(async () => {
  await github.server.close();
  expect(github.world.violations).toEqual([]);
});

/** Answers in turn, then 202. */
async function deliver(request: DeliveryRequest) {
  received.push(request);
  const answer = answers.shift() ?? 202;
  if (answer instanceof Error) throw answer;
  return {status: answer};
}

function addHook(target: Parameters<typeof github.world.addHook>[0]['target'] = {kind: 'app'}) {
  return github.world.addHook({secret: 'hush', deliver, target});
}

async function queueJob(): Promise<void> {
  github.world.queueJob({repository: 'acme/app', labels: ['linux'], durationMs: 1});
  await later(1000);
}

async function later(ms: number): Promise<void> {
  github.scheduler.advance(ms);
  await github.world.deliveries.settled();
}

it('signs a delivery over its bytes and says what it is in its headers', async () => {
  const hook = addHook();
  await queueJob();
  const [{headers = {}, body = ''} = {}] = received;
  expect(await verify('hush', body, headers['X-Hub-Signature-256'] ?? '')).toBe(true);
  expect(headers).toMatchObject({
    'Content-Type': 'application/json',
    'User-Agent': expect.stringMatching(/^GitHub-Hookshot\//),
    'X-GitHub-Event': 'workflow_job',
    'X-GitHub-Delivery': expect.stringMatching(/^[0-9a-f-]{36}$/),
    'X-GitHub-Hook-ID': String(hook.id),
  });
  expect(JSON.parse(body)).toMatchObject({
    action: 'queued',
    workflow_job: {status: 'queued', labels: ['linux'], runner_name: null},
    repository: {full_name: 'acme/app', private: true, visibility: 'private', owner: {login: 'acme'}},
    organization: {login: 'acme'},
    installation: {id: 7001},
  });
});

it('pings a hook', async () => {
  const hook = addHook();
  github.world.ping(hook);
  await later(1000);
  expect(received[0]?.headers['X-GitHub-Event']).toBe('ping');
  expect(JSON.parse(received[0]?.body ?? '')).toMatchObject({hook_id: hook.id, hook: {type: 'App'}});
});

it.each(['public', 'private', 'internal'] as const)('says that a repository is %s', async (visibility) => {
  github.world.addRepository('acme/seen', {visibility});
  addHook();
  github.world.queueJob({repository: 'acme/seen', labels: ['linux'], durationMs: 1});
  await later(1000);
  const {repository} = JSON.parse(received[0]?.body ?? '');
  expect(repository).toMatchObject({visibility, private: visibility !== 'public'});
});

it('sends the same body to two hooks under two GUIDs, without an installation', async () => {
  addHook({kind: 'repository', name: 'acme/app'});
  addHook({kind: 'organization', name: 'acme'});
  addHook({kind: 'repository', name: 'acme/other'});
  await queueJob();
  const [first, second, ...others] = received;
  expect(others).toEqual([]);
  expect(first?.body).toBe(second?.body);
  expect(first?.headers['X-GitHub-Delivery']).not.toBe(second?.headers['X-GitHub-Delivery']);
  expect(JSON.parse(first?.body ?? '')).not.toHaveProperty('installation');
});

it('does not try a failed delivery again by itself, and keeps its GUID when asked to', async () => {
  addHook();
  answers = [502];
  await queueJob();
  await later(3_600_000);
  expect(received).toHaveLength(1);
  const failed = await github.client().request(DELIVERIES, {status: 'failure'});
  expect(failed.data).toMatchObject([{status: 'Invalid HTTP Response: 502', status_code: 502, redelivery: false}]);
  const {status} = await github
    .client()
    .request('POST /app/hook/deliveries/{delivery_id}/attempts', {delivery_id: Number(failed.data[0]?.id)});
  expect(status).toBe(202);
  await later(1000);
  expect(received[1]).toEqual(received[0]);
  const [again, first] = (await github.client().request(DELIVERIES)).data;
  expect(again).toMatchObject({guid: first?.guid, redelivery: true, status: 'OK', status_code: 202});
  expect(again?.id).not.toBe(first?.id);
});

it('lists a delivery without an answer as neither success nor failure', async () => {
  addHook();
  answers = [Object.assign(new Error('too late'), {name: 'TimeoutError'}), new Error('ECONNREFUSED')];
  await queueJob();
  await queueJob();
  const {data} = await github.client().request(DELIVERIES);
  expect(data.map((delivery) => [delivery.status, delivery.status_code])).toEqual([
    ['failed to connect to host', 0],
    ['timed out', 0],
  ]);
  for (const status of ['success', 'failure'] as const) {
    expect((await github.client().request(DELIVERIES, {status})).data).toEqual([]);
  }
});

it('pages through deliveries by cursor, newest first, and forgets them after three days', async () => {
  addHook();
  for (let n = 0; n < 7; n++) await queueJob();
  const all = await github.client().paginate(DELIVERIES, {per_page: 3});
  expect(all).toHaveLength(7);
  const ids = all.map((delivery) => delivery.id);
  expect(ids).toEqual([...ids].sort((a, b) => b - a));
  github.scheduler.advance(5 * 86_400_000);
  expect((await github.client().request(DELIVERIES)).data).toEqual([]);
});

it('shows the request of one delivery', async () => {
  addHook();
  await queueJob();
  const [listed] = (await github.client().request(DELIVERIES)).data;
  const {data} = await github
    .client()
    .request('GET /app/hook/deliveries/{delivery_id}', {delivery_id: Number(listed?.id)});
  expect(data.request.payload).toMatchObject({action: 'queued'});
  expect(data.request.headers).toMatchObject({'X-GitHub-Delivery': listed?.guid});
});

it.each<[string, DeliveryFault, number, number]>([
  ['drops it, so that no list has it', {drop: true}, 0, 0],
  ['doubles it under one GUID', {duplicates: 1}, 2, 2],
  ['loses its answer', {loseAnswer: true}, 1, 1],
  ['delays it', {delayMs: 60_000}, 1, 1],
])('a fault %s', async (_, fault, sent, listed) => {
  github.world.deliveries.faults = () => fault;
  addHook();
  await queueJob();
  if (fault.delayMs) expect(received).toEqual([]);
  await later(60_000);
  expect(received).toHaveLength(sent);
  expect(new Set(received.map(({headers}) => headers['X-GitHub-Delivery'])).size).toBe(Math.min(1, sent));
  const {data} = await github.client().request(DELIVERIES);
  expect(data).toHaveLength(listed);
  if (fault.loseAnswer) expect(data[0]?.status).toBe('timed out');
});

it('draws faults at about the given rates, the same for the same seed', () => {
  const play = () => {
    const faults = randomDeliveryFaults(new SeededRandom(5), {drop: 0.1, duplicate: 0.2, delay: 0.3});
    return Array.from({length: 1000}, () => faults({event: 'workflow_job', action: 'queued'}));
  };
  expect(play()).toEqual(play());
  const share = (is: (fault: ReturnType<typeof play>[number]) => unknown) => play().filter(is).length / 1000;
  expect(share((fault) => fault.drop)).toBeCloseTo(0.1, 1);
  expect(share((fault) => fault.duplicates)).toBeCloseTo(0.2, 1);
  expect(share((fault) => fault.delayMs)).toBeCloseTo(0.3, 1);
});

it('posts a delivery to the URL of its hook over HTTP', async () => {
  const bodies: string[] = [];
  const receiver = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    bodies.push(body);
    response.writeHead(202).end('{}');
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/`;
  github.world.addHook({secret: 'hush', url, deliver: httpSink});
  await queueJob();
  expect(JSON.parse(bodies[0] ?? '')).toMatchObject({action: 'queued'});
  expect((await github.client().request(DELIVERIES)).data[0]).toMatchObject({status: 'OK', status_code: 202});
  await new Promise((resolve) => receiver.close(resolve));
});
