import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createApi} from '../../functions/api/index';
import {createLogger} from '../../shared/telemetry/create-logger';
import {aSystem, type TestSystem} from '../builders/system';
import {type Served, serve} from '../emulators/serve';
import {MANAGER_SECRET} from '../emulators/system';
import {ApiClient, problemOf} from './client';

jest.setTimeout(60_000);

let system: TestSystem;
let api: ApiClient;
const served: Served[] = [];

const start = async (options: Parameters<typeof aSystem>[0] = {}) => {
  system = await aSystem(options);
  api = new ApiClient(system.urls.api);
};

/** A second instance of the function, with another environment. */
const another = async (options: Partial<Parameters<typeof createApi>[0]> = {}) => {
  const {env, scheduler: clock, store} = system;
  const log: string[] = [];
  const logger = createLogger({level: 'debug', destination: {write: (line) => log.push(line)}});
  const instance = await serve(createApi({env, clock, store, logger, ...options}));
  served.push(instance);
  return {client: new ApiClient(instance.url), url: instance.url, log};
};
beforeEach(() => start());
afterEach(async () => {
  await Promise.all(served.splice(0).map((one) => one.close()));
  await system.close();
});

const SECURED = [
  ['GET', '/'],
  ['GET', '/status'],
  ['GET', '/runners'],
  ['GET', '/runners/x'],
  ['POST', '/api/v1/runners'],
  ['DELETE', '/api/v1/runners/x'],
  ['POST', '/runner/start'],
  ['POST', '/runner/stop'],
  ['GET', '/jobs'],
  ['GET', '/deadletters'],
  ['POST', '/api/v1/deadletters/x/retry'],
] as const;

describe('the secret', () => {
  test.each([
    ['in the variable', async (value: string) => value],
    [
      'in a file',
      async (value: string) => {
        const file = join(mkdtempSync(join(tmpdir(), 'secrets-')), 'secret');
        writeFileSync(file, `${value}\n`);
        return `file:${file}`;
      },
    ],
  ])('may be several, separated by commas, %s', async (_, place) => {
    const {url} = await another({env: {...system.env, RUNNER_MANAGER_SECRET: await place('the-new, the-old')}});
    const status = async (secret: string) =>
      (await fetch(`${url}status`, {headers: {'x-runner-secret': secret}})).status;
    expect(await Promise.all(['the-new', 'the-old', 'the-new, the-old', 'the'].map(status))).toEqual([
      200, 200, 401, 401,
    ]);
  });

  test.each(SECURED)('is required for %s %s', async (method, path) => {
    for (const secret of [null, 'wrong', `${MANAGER_SECRET} `.slice(1), '']) {
      const answer = await api.send(method, path, {secret});
      expect([answer.status, problemOf(answer)]).toEqual([401, 'unauthenticated']);
      expect(answer.headers.get('www-authenticate')).toBe('X-Runner-Secret');
      expect(answer.text).not.toContain(MANAGER_SECRET);
    }
  });

  test('is never logged, right or wrong', async () => {
    await api.get('/status');
    await api.get('/status', {secret: 'a-guess'});
    await api.get('/nowhere?secret=a-guess');
    expect(system.log.join()).not.toContain(MANAGER_SECRET);
    expect(system.log.join()).not.toContain('a-guess');
  });
});

describe('paths and methods', () => {
  test.each(['/nowhere', '/runners/', '/api/v2/runners', '/docs/../package.json', '/docs/index.html', '/runner'])(
    'GET %s is 404',
    async (path) => {
      const response = await fetch(system.urls.api.slice(0, -1) + path);
      expect(response.status).toBe(404);
      expect(response.headers.get('content-type')).toContain('application/problem+json');
      expect(await response.json()).toMatchObject({type: 'urn:slipway:problem:not-found', status: 404});
    },
  );

  test.each([
    'constructor',
    '__proto__',
    'toString',
    'docs/constructor',
    'hasOwnProperty/x',
    'runners/__proto__',
    'runners/constructor',
  ])('GET /%s, which every object has, is 404 and not to be cached', async (path) => {
    const response = await fetch(system.urls.api + path, {headers: {'x-runner-secret': MANAGER_SECRET}});
    expect([response.status, response.headers.get('cache-control')]).toEqual([404, 'no-store']);
    expect(response.headers.get('content-type')).toContain('application/problem+json');
  });

  test.each(['%ff', '%', 'runners/%E0%A4%A', '/[x'])(
    'GET /%s as the first request is answered with a problem, not with a page of the framework',
    async (path) => {
      const {url} = await another();
      const response = await fetch(url + path);
      expect(response.status).toBe(400);
      expect(await response.json()).toMatchObject({type: 'urn:slipway:problem:invalid-request'});
    },
  );

  test('a path that cannot be decoded is 400', async () => {
    await api.get('/ping');
    const response = await fetch(`${system.urls.api}%ff`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({type: 'urn:slipway:problem:invalid-request'});
  });

  test.each([
    ['POST', '/health', 'GET, HEAD, OPTIONS'],
    ['GET', '/runner/start', 'POST, OPTIONS'],
    ['PUT', '/runners', 'GET, POST, HEAD, OPTIONS'],
    ['PATCH', '/api/v1/runners/x', 'GET, DELETE, HEAD, OPTIONS'],
    ['POST', '/docs/swagger-ui.css', 'GET, HEAD, OPTIONS'],
  ])('%s %s is 405 and says what is allowed', async (method, path, allow) => {
    const answer = await api.send(method, path);
    expect([answer.status, problemOf(answer)]).toEqual([405, 'method-not-allowed']);
    expect(answer.headers.get('allow')).toBe(allow);
  });

  test('OPTIONS answers the allowed methods, without the secret', async () => {
    const answer = await api.send('OPTIONS', '/api/v1/runners', {secret: null});
    expect([answer.status, answer.headers.get('allow')]).toEqual([204, 'GET, POST, HEAD, OPTIONS']);
    expect((await api.send('OPTIONS', '/nowhere')).status).toBe(404);
  });
});

describe('a body', () => {
  const post = async (body: Buffer, headers: Record<string, string>) => {
    await api.get('/ping');
    const response = await fetch(`${system.urls.api}runner/start`, {
      method: 'POST',
      headers: {'x-runner-secret': MANAGER_SECRET, ...headers},
      body,
    });
    const {type} = (await response.json()) as {type: string};
    return [response.status, type.replace('urn:slipway:problem:', ''), response.headers.get('content-type')];
  };
  const PROBLEM = 'application/problem+json; charset=utf-8';

  test.each([
    ['of no JSON, called JSON', '{"pool":', {'content-type': 'application/json'}, 400, 'invalid-json'],
    ['of a string, called JSON', '"gpu"', {'content-type': 'application/json'}, 400, 'invalid-request'],
    [
      'of no JSON, called a form',
      '{"pool":',
      {'content-type': 'application/x-www-form-urlencoded'},
      400,
      'invalid-json',
    ],
    ['of no JSON, called nothing', '{"pool":', {}, 400, 'invalid-json'],
    ['of a list', '[]', {'content-type': 'application/json'}, 400, 'invalid-request'],
    ['with a field that is unknown', '{"pol":"gpu"}', {}, 400, 'invalid-request'],
    ['above 64 KB', ' '.repeat(64 * 1024 + 1), {'content-type': 'application/json'}, 413, 'too-large'],
    ['above 64 KB, called nothing', ' '.repeat(64 * 1024 + 1), {}, 413, 'too-large'],
    [
      'in an unknown encoding',
      '{}',
      {'content-type': 'application/json', 'content-encoding': 'x'},
      415,
      'unsupported-body',
    ],
  ])('%s is refused', async (_, body, headers, status, problem) => {
    expect(await post(Buffer.from(body), headers)).toEqual([status, problem, PROBLEM]);
  });

  test('with several errors is answered with all of them', async () => {
    const answer = await api.post('/api/v1/runners?dry-run=maybe', {pool: '', repo: 'acme', count: 21});
    expect(answer.status).toBe(400);
    const errors = answer.json['errors'] as {in: string; path: string}[];
    expect(errors.map((error) => `${error.in} ${error.path}`)).toEqual([
      'query dry-run',
      'body pool',
      'body repo',
      'body count',
    ]);
  });
});

describe('CORS', () => {
  const ORIGIN = 'https://dashboard.example';

  test('a preflight is answered without the secret, and a page may read the answers', async () => {
    const {client} = await another({env: {...system.env, CORS_ORIGINS: `${ORIGIN},https://other.example`}});
    const headers = {
      origin: ORIGIN,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-runner-secret',
    };
    const preflight = await client.send('OPTIONS', '/api/v1/runners', {secret: null, headers});
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(ORIGIN);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('X-Runner-Secret');
    for (const secret of [MANAGER_SECRET, 'wrong']) {
      const answer = await client.get('/status', {secret, headers: {origin: ORIGIN}});
      expect(answer.headers.get('access-control-allow-origin')).toBe(ORIGIN);
      expect(answer.headers.get('vary')).toBe('Origin');
    }
  });

  test('other origins get no CORS headers', async () => {
    const {client} = await another({env: {...system.env, CORS_ORIGINS: ORIGIN}});
    const answer = await client.get('/ping', {headers: {origin: 'https://evil.example'}});
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect((await api.get('/ping', {headers: {origin: ORIGIN}})).headers.get('access-control-allow-origin')).toBeNull();
  });

  test('* allows every origin', async () => {
    const {client} = await another({env: {...system.env, CORS_ORIGINS: '*'}});
    const answer = await client.get('/ping', {headers: {origin: ORIGIN}});
    expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  });
});

test('an invalid configuration without the secret of api is answered 503, and its errors are logged without a secret', async () => {
  const broken = {RUNNER_CONFIG: 'pools: [{name: X}]', LOG_LEVEL: 'loud', RUNNER_MANAGER_SECRET: ''};
  const {url, log} = await another({env: {...system.env, ...broken}});
  for (const path of ['health', 'status', 'nowhere']) {
    const response = await fetch(url + path);
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({type: 'urn:slipway:problem:misconfigured'});
  }
  expect(log.join()).toContain('RUNNER_CONFIG');
  expect(log.join()).toContain('LOG_LEVEL');
  expect(log.join()).toContain('RUNNER_MANAGER_SECRET');
  expect(log.join()).not.toContain('PRIVATE KEY');
});
