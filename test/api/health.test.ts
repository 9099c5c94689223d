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
  // test/api/doctor.test.ts has what it answers.
  test('is the same at both paths', async () => {
    await system.sweep();
    for (const answer of [await api.get('/health?deep=true'), await api.post('/health_check?deep=true')]) {
      expect(answer.status).toBe(200);
      expect(answer.json).toMatchObject({
        status: 'healthy',
        checks: {store: {status: 'ok'}, 'queue.stop': {status: 'ok'}, 'pool.arm.provider': {status: 'ok'}},
      });
    }
  });

  test('requires the secret', async () => {
    const answer = await api.get('/health?deep=true', {secret: null});
    expect(answer.status).toBe(401);
    expect(problemOf(answer)).toBe('unauthenticated');
    expect(answer.text).not.toContain('checks');
  });
});
