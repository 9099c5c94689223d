import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, readFileSync} from 'node:fs';
import {createServer, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {version} from '../../../package.json';
import type {Built} from '../../builders/built-once';
import {buildBundles, type ServedBundle, serveBundle} from '../../builders/served-bundle';
import {sign, workflowJob} from '../../builders/webhook';
import {KEPT_CONNECTIONS} from '../../emulators/kept-connections';

const SECRET = 'the-secret-of-the-bundle';

let built: Built;
let dist: string;
let queue: Server;
let held: ((response: ServerResponse) => void) | undefined;
const children: ChildProcess[] = [];

beforeAll(async () => {
  built = buildBundles();
  dist = built.folder;
  queue = createServer(KEPT_CONNECTIONS, (_, response) => held?.(response));
  queue.listen(0, '127.0.0.1');
  await once(queue, 'listening');
}, 60_000);

afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
  queue.closeAllConnections();
  queue.close();
  built.remove();
});

async function serve(name: string): Promise<ServedBundle> {
  const emulator = `127.0.0.1:${(queue.address() as AddressInfo).port}`;
  const served = await serveBundle(dist, name, {
    RUNNER_CONFIG:
      'pools: [{name: arm, repos: ["acme/*"], requires: [self-hosted], provider: {type: gce, template: t, zones: [us-central1-a]}}]',
    GITHUB_WEBHOOK_SECRET: SECRET,
    RUNNER_MANAGER_SECRET: SECRET,
    GITHUB_TOKEN: 'a-personal-access-token',
    GOOGLE_CLOUD_PROJECT: 'p',
    PROVISION_QUEUE: 'projects/p/locations/l/queues/provision',
    STOP_QUEUE: 'projects/p/locations/l/queues/stop',
    PROVISION_URL: 'https://provision.example',
    STOP_URL: 'https://stop.example',
    TASKS_SERVICE_ACCOUNT: 'tasks@p.iam.gserviceaccount.com',
    CLOUD_TASKS_EMULATOR_HOST: emulator,
    COMPUTE_EMULATOR_HOST: emulator,
    FIRESTORE_EMULATOR_HOST: emulator,
  });
  children.push(served.child);
  return served;
}

function deliver(url: string): Promise<Response> {
  const body = JSON.stringify(workflowJob('queued', {labels: ['self-hosted']}));
  return fetch(url, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'workflow_job',
      'x-hub-signature-256': sign(body, SECRET),
    },
    body,
  });
}

test.each(['webhook', 'provision', 'stop'])(
  'dist/%s is served by the functions framework as it is',
  async (name) => {
    const manifest = JSON.parse(readFileSync(join(dist, name, 'package.json'), 'utf8')) as {
      main: string;
      dependencies: object;
    };
    expect(existsSync(join(dist, name, manifest.main))).toBe(true);
    expect(Object.keys(manifest.dependencies)).toEqual(['@google-cloud/functions-framework']);
    const {url} = await serve(name);
    const response = await fetch(url, {method: 'POST', headers: {'content-type': 'application/json'}, body: '{}'});
    expect(response.status).toBe(401);
  },
  30_000,
);

test('dist/api is served as it is, with its version, its description and its documentation pages', async () => {
  const {url} = await serve('api');
  const health = await fetch(`${url}health`);
  expect([health.status, await health.json()]).toEqual([
    200,
    {
      status: 'healthy',
      version: expect.stringMatching(new RegExp(`^${version.replaceAll('.', '\\.')}(\\+[0-9a-f]{12}(\\.changed)?)?$`)),
    },
  ]);
  const description = (await (await fetch(`${url}openapi.json`)).json()) as {openapi: string; paths: object};
  expect(description.openapi).toMatch(/^3\.1\./);
  expect(Object.keys(description.paths)).toContain('/status');
  for (const page of ['docs', 'redoc']) {
    const html = await (await fetch(url + page)).text();
    const files = [...html.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, path]) => path);
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) expect([file, (await fetch(url + file)).status]).toEqual([file, 200]);
  }
  expect((await fetch(`${url}status`)).status).toBe(401);
  const info = await fetch(url, {headers: {'x-runner-secret': SECRET}});
  expect([info.status, await info.json()]).toMatchObject([200, {service: 'slipway', runner_configs: [{name: 'arm'}]}]);
}, 60_000);

test('on SIGTERM the request in flight is answered, new connections are refused, and the process ends', async () => {
  const {url, child} = await serve('webhook');
  const waiting = new Promise<ServerResponse>((found) => {
    held = found;
  });
  const inFlight = deliver(url);
  const queueAnswer = await waiting;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await expectRefused(url);
  queueAnswer
    .writeHead(200, {'content-type': 'application/json'})
    .end('{"name":"projects/p/locations/l/queues/provision/tasks/t"}');
  expect((await inFlight).status).toBe(202);
  expect(await exited).toEqual([0, null]);
}, 30_000);

/** Sends requests until the signal is handled: from then on connections are refused. */
async function expectRefused(url: string): Promise<void> {
  for (let tries = 0; tries < 1_000; tries++) {
    const answered = await fetch(url, {headers: {connection: 'close'}}).then(
      () => true,
      () => false,
    );
    if (!answered) return;
  }
  throw new Error('new connections were still taken after SIGTERM');
}
