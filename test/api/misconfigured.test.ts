import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {createApi} from '../../functions/api/index';
import {createMemoryStore} from '../../shared/store/memory';
import {createLogger} from '../../shared/telemetry/create-logger';
import {serve} from '../emulators/serve';
import {ApiClient, problemOf} from './client';

jest.setTimeout(60_000);

const SECRET = 'the-manager-secret';
const BROKEN = {
  RUNNER_CONFIG: 'pools: [{repo: acme/app, requires: [linux], provider: {type: gce}}]',
  GITHUB_TOKEN: 'ghp_0123456789abcdef',
  GITHUB_API_URL: 'http://127.0.0.1:9',
  GOOGLE_CLOUD_PROJECT: 'world',
  PROVISION_QUEUE: 'nonsense ghp_0123456789abcdef',
  RUNNER_MANAGER_SECRET: SECRET,
};

async function served(env: Readonly<Record<string, string>>, clock = CLOCK) {
  const logger = createLogger({level: 'error', destination: {write: () => undefined}});
  const server = await serve(createApi({env, clock, logger, store: createMemoryStore({clock})}));
  return {api: new ApiClient(server.url), close: () => server.close()};
}

const CLOCK = {now: () => Date.parse('2026-11-01T12:00:00Z'), sleep: async () => undefined};

let api: ApiClient;
let close: () => Promise<void>;
beforeAll(async () => {
  ({api, close} = await served(BROKEN));
});
afterAll(() => close());

test('health is 200 and says that the configuration is invalid; ping and documentation are served', async () => {
  expect(await api.get('/health', {secret: null})).toMatchObject({status: 200, json: {status: 'misconfigured'}});
  expect(await api.get('/ping', {secret: null})).toMatchObject({status: 200, text: 'pong'});
  expect(await api.get('/openapi.json', {secret: null})).toMatchObject({status: 200});
});

test('the doctor names every error and no secret, and makes every other check that it can', async () => {
  const {status, json, text} = await api.get('/doctor', {secret: SECRET});
  expect([status, json['status']]).toEqual([200, 'error']);
  const findings = json['findings'] as {check: string; status: string; because: string}[];
  const [configuration] = findings;
  expect(configuration).toMatchObject({check: 'configuration', status: 'error'});
  expect(configuration?.because).toMatch(/RUNNER_CONFIG\.pools\[0\]\.provider\.template.*; PROVISION_QUEUE/s);
  expect(text).not.toContain('ghp_0123456789abcdef');
  expect(text).not.toContain(SECRET);
  expect(findings).toContainEqual(expect.objectContaining({check: 'store', status: 'ok'}));
  expect(findings).toContainEqual(expect.objectContaining({check: 'queue.provision', status: 'skipped'}));
});

test('status is served, and an explanation has the first error', async () => {
  expect(await api.get('/status', {secret: SECRET})).toMatchObject({status: 200});
  const {status, json} = await api.get('/explain?job=7', {secret: SECRET});
  expect(status).toBe(200);
  expect(json).toMatchObject({
    verdict: 'not_noticed_yet',
    because: expect.stringMatching(/^the configuration cannot be read: RUNNER_CONFIG/),
  });
});

test('everything else is a problem that points to the doctor, after the secret', async () => {
  for (const path of ['/', '/runners', '/jobs', '/deadletters']) {
    const answer = await api.get(path, {secret: SECRET});
    expect([answer.status, problemOf(answer)]).toEqual([503, 'misconfigured']);
    expect(answer.json['detail']).toContain('GET /doctor');
  }
  expect(await api.post('/runners', {pool: 'arm'}, {secret: SECRET})).toMatchObject({status: 503});
  expect(await api.get('/runners', {secret: null})).toMatchObject({status: 401});
});

test('a job that GitHub was not asked for is not called unknown: the configuration is what is wrong', async () => {
  const page = `${BROKEN.GITHUB_API_URL}/acme/app/actions/runs/1/job/2`;
  expect((await api.get(`/explain?job=${encodeURIComponent(page)}`, {secret: SECRET})).json).toMatchObject({
    verdict: 'not_noticed_yet',
    because: expect.stringMatching(/^the configuration cannot be read: RUNNER_CONFIG/),
  });
});

describe('a project, or the place of a pool, that neither the configuration nor the metadata server names', () => {
  const {PROVISION_QUEUE: _, ...REST} = BROKEN;
  const TEMPLATE = '{type: gce, template: t, zones: [us-central1-a]}';
  const poolWith = (provider: string) =>
    `pools: [{name: arm, repo: acme/app, requires: [linux], provider: ${provider}}]`;

  afterEach(() => jest.restoreAllMocks());

  test.each([
    ['GOOGLE_CLOUD_PROJECT', {RUNNER_CONFIG: poolWith(TEMPLATE), GOOGLE_CLOUD_PROJECT: ''}],
    ['GOOGLE_CLOUD_REGION', {RUNNER_CONFIG: poolWith('{type: gce, template: t}')}],
    ['GOOGLE_CLOUD_ZONE', {RUNNER_CONFIG: poolWith('{type: gce-vm, instance: v}')}],
  ])('%s: as any other error of the configuration', async (variable, env) => {
    jest.replaceProperty(process, 'env', {GCE_METADATA_HOST: '127.0.0.1:9'});
    const {api: client, close: end} = await served({...REST, ...env});
    const get = (path: string) => client.get(path, {secret: SECRET});
    try {
      expect(await get('/status')).toMatchObject({status: 200, json: {pools: []}});
      expect(await get('/explain?job=7')).toMatchObject({
        status: 200,
        json: {
          verdict: 'not_noticed_yet',
          because: expect.stringContaining(`the configuration cannot be read: ${variable}`),
        },
      });
      const {json} = await get('/doctor');
      expect(json['status']).toBe('error');
      const findings = json['findings'] as {check: string; status: string; because: string}[];
      expect(findings[0]).toMatchObject({
        check: 'configuration',
        status: 'error',
        because: expect.stringContaining(variable),
      });
      expect(findings).toContainEqual(expect.objectContaining({check: 'pool.arm.provider', status: 'skipped'}));
      expect(await get('/health')).toMatchObject({status: 200, json: {status: 'misconfigured'}});
      expect(problemOf(await get('/jobs'))).toBe('misconfigured');
    } finally {
      await end();
    }
  });

  test('is looked for again after ten seconds', async () => {
    const environment = {GCE_METADATA_HOST: '127.0.0.1:9'};
    jest.replaceProperty(process, 'env', environment);
    const metadata = createServer((request, response) => {
      const isProject = request.url === '/computeMetadata/v1/project/project-id';
      response.writeHead(isProject ? 200 : 404, {'metadata-flavor': 'Google'}).end(isProject ? 'world' : '');
    });
    let now = CLOCK.now();
    const {api: client, close: end} = await served(
      {...REST, RUNNER_CONFIG: poolWith(TEMPLATE), GOOGLE_CLOUD_PROJECT: ''},
      {...CLOCK, now: () => now},
    );
    const jobs = async () => (await client.get('/jobs', {secret: SECRET})).status;
    try {
      expect(await jobs()).toBe(503);
      await new Promise<void>((resolve) => metadata.listen(0, '127.0.0.1', resolve));
      environment.GCE_METADATA_HOST = `127.0.0.1:${(metadata.address() as AddressInfo).port}`;
      now += 9_000;
      expect(await jobs()).toBe(503);
      now += 1_000;
      expect(await jobs()).toBe(200);
      expect(await client.get('/health', {secret: null})).toMatchObject({json: {status: 'healthy'}});
    } finally {
      metadata.closeAllConnections();
      metadata.close();
      await end();
    }
  });
});
