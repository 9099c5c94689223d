import {version} from '../../package.json';
import {aSystem, type TestSystem} from '../builders/system';
import {ApiClient, problemOf} from './client';

// The first use of a Google client loads its modules, which takes time.
jest.setTimeout(60_000);

let system: TestSystem;
let api: ApiClient;

beforeEach(async () => {
  system = await aSystem();
  api = new ApiClient(system.urls.api);
});
afterEach(() => system.close());

test('health answers without the secret that the function is up, and its version', async () => {
  for (const path of ['/health', '/api/v1/health']) {
    const answer = await api.get(path, {secret: null});
    expect(answer.status).toBe(200);
    expect(answer.json).toEqual({status: 'healthy', version});
  }
});

test('ping says pong', async () => {
  const answer = await api.get('/ping', {secret: null});
  expect(answer).toMatchObject({status: 200, text: 'pong'});
});

test('HEAD is answered as GET, without a body', async () => {
  const answer = await api.send('HEAD', '/health', {secret: null});
  expect(answer).toMatchObject({status: 200, text: ''});
});

test('a health check shows the headers that arrived, but no secret and no cookie', async () => {
  const answer = await api.post('/health_check', undefined, {
    secret: 'a-wrong-secret',
    headers: {
      cookie: 'session=sesame',
      authorization: 'Bearer sesame',
      'x-api-key': 'sesame',
      'x-goog-iap-jwt-assertion': 'sesame',
      'x-note': 'ghp_0123456789abcdef0123 is a token',
      'x-plain': 'shown',
    },
  });
  expect(answer.status).toBe(200);
  expect(answer.json).toMatchObject({
    status: 'healthy',
    headers: {
      'x-runner-secret': '***',
      cookie: '***',
      authorization: '***',
      'x-api-key': '***',
      'x-note': '*** is a token',
      'x-plain': 'shown',
    },
  });
  expect(answer.text).not.toContain('sesame');
  expect(answer.text).not.toContain('a-wrong-secret');
});

describe('deep health', () => {
  test('checks Firestore, Cloud Tasks, GitHub and Compute Engine', async () => {
    system.queueJob();
    await system.finish();
    for (const answer of [await api.get('/health?deep=true'), await api.post('/health_check?deep=true')]) {
      expect(answer.status).toBe(200);
      expect(answer.json).toMatchObject({
        status: 'healthy',
        checks: {
          firestore: {status: 'ok', milliseconds: expect.any(Number)},
          tasks: {status: 'ok'},
          github: {status: 'ok'},
          compute: {status: 'ok'},
        },
      });
    }
    expect(system.tasks.requests.some(({method, path}) => method === 'GET' && path.endsWith('/queues/stop'))).toBe(
      true,
    );
  });

  test('says which check was not made: no repository is known yet', async () => {
    const answer = await api.get('/health?deep=true');
    expect(answer.json).toMatchObject({
      checks: {github: {status: 'not_checked', detail: expect.stringContaining('*')}},
    });
    expect(answer.status).toBe(200);
  });

  test('answers 503 with all checks if one of them fails', async () => {
    system.tasks.fault({times: 9, respond: {status: 'PERMISSION_DENIED'}});
    const answer = await api.get('/health?deep=true');
    expect(answer.status).toBe(503);
    expect(answer.json).toMatchObject({
      status: 'unhealthy',
      checks: {
        tasks: {status: 'failed', detail: expect.stringContaining('PERMISSION_DENIED')},
        compute: {status: 'ok'},
      },
    });
  });

  test('requires the secret', async () => {
    const answer = await api.get('/health?deep=true', {secret: null});
    expect(answer.status).toBe(401);
    expect(problemOf(answer)).toBe('unauthenticated');
    expect(answer.text).not.toContain('checks');
  });
});
