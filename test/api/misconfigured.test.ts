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

async function served(env: Readonly<Record<string, string>>) {
  const clock = {now: () => Date.parse('2026-11-01T12:00:00Z'), sleep: async () => undefined};
  const logger = createLogger({level: 'error', destination: {write: () => undefined}});
  const server = await serve(createApi({env, clock, logger, store: createMemoryStore({clock})}));
  return {api: new ApiClient(server.url), close: () => server.close()};
}

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
