import {aSystem, expectClean, MINUTE, POOLS, type TestSystem} from '../builders/system';
import {ApiClient, problemOf} from './client';

jest.setTimeout(60_000);

let system: TestSystem;
let api: ApiClient;

beforeEach(async () => {
  system = await aSystem();
  api = new ApiClient(system.urls.api);
});
afterEach(() => system.close());

const GOOD = {pool: 'arm', repo: 'acme/app'};
type Made = {id: string; name: string; pool: string; state: string}[];
const request = async (body: object, headers: Record<string, string> = {}) => {
  const answer = await api.post('/api/v1/runners', body, {headers});
  return {answer, runners: answer.json['runners'] as Made};
};
const stateOf = async (id: string) => (await api.get(`/runners/${id}`)).json['state'];

test('runners are created without a job, take the next job, and are deleted if none comes', async () => {
  const {answer, runners} = await request({...GOOD, labels: ['Large'], count: 2});
  expect(answer.status).toBe(201);
  expect(runners).toHaveLength(2);
  for (const {id, name, pool} of runners) expect([name, pool]).toEqual([id, 'arm']);
  await system.pass(2 * MINUTE);
  expect((await api.get(`/api/v1/runners/${runners[0]?.id}`)).json).toMatchObject({
    state: 'booting',
    repository: 'acme/app',
    labels: ['self-hosted', 'linux', 'large'],
    job_id: null,
  });
  const job = system.queueJob();
  await system.pass(MINUTE);
  expect(runners.map(({name}) => name)).toContain(job.runner?.name);
  await system.finish();
  expectClean(system);
});

test('the repository may be called repository, too', async () => {
  const {answer, runners} = await request({pool: 'arm', repository: 'acme/app'});
  expect(answer.status).toBe(201);
  expect((await api.get(`/runners/${runners[0]?.name}`)).json).toMatchObject({repository: 'acme/app'});
});

test('a dry run answers the names of the runners and creates none', async () => {
  const headers = {'idempotency-key': 'k'};
  const dry = await api.post('/api/v1/runners?dry-run=true', GOOD, {headers});
  expect(dry.status).toBe(201);
  expect(await system.store.count('runners', {})).toBe(0);
  const {runners} = await request(GOOD, headers);
  expect(dry.json['runners']).toEqual(runners);
});

test('a repeated request with the same key creates no further runners, even at the same time', async () => {
  const headers = {'idempotency-key': 'two-at-once'};
  const answers = await Promise.all([1, 2].map(() => request(GOOD, headers)));
  const again = await request(GOOD, headers);
  expect(answers.map(({answer}) => answer.status).every((status) => [201, 409].includes(status))).toBe(true);
  expect(again.answer.status).toBe(201);
  expect(await system.store.count('runners', {})).toBe(1);
  const other = await request({...GOOD, count: 2}, headers);
  expect([other.answer.status, problemOf(other.answer)]).toEqual([422, 'idempotency-key-reused']);
  const without = await request(GOOD);
  expect(without.runners[0]?.id).not.toBe(again.runners[0]?.id);
});

test('a rate limit of GitHub holds back further calls to GitHub until it ends', async () => {
  system.github.fault({
    match: {method: 'POST', path: /generate-jitconfig$/},
    times: 1,
    respond: {
      status: 429,
      headers: {'retry-after': '120'},
      body: {message: 'You have exceeded a secondary rate limit.'},
    },
  });
  const {runners} = await request(GOOD);
  await system.pass(MINUTE);
  expect(await system.store.get('breakers', 'github.acme')).toMatchObject({open: true});
  await system.pass(4 * MINUTE);
  expect(await stateOf(runners[0]?.id ?? '')).toBe('booting');
  expect(await system.store.get('breakers', 'github.acme')).toBeUndefined();
});

test('a full pool is a problem that says when to retry', async () => {
  await request({...GOOD, count: 5});
  const {answer} = await request(GOOD);
  expect([answer.status, problemOf(answer)]).toEqual([503, 'pool-full']);
  expect(answer.json['detail']).toBe('pool arm is full: 5 of 5 runners are in use or on their way');
  expect(answer.headers.get('retry-after')).toBe('60');
});

test('a public repository gets runners only of a pool that allows them', async () => {
  system.github.addRepository('acme/site', {visibility: 'public'});
  for (const query of ['', '?dry-run=true']) {
    const answer = await api.post(`/api/v1/runners${query}`, {...GOOD, repo: 'acme/site'});
    expect([answer.status, problemOf(answer)]).toEqual([409, 'public-repository']);
    expect(answer.json['detail']).toContain('pool arm does not set allowPublicRepos');
  }
  expect(await system.store.count('runners', {})).toBe(0);
  const open = await aSystem({
    pools: POOLS.replace(
      'requires: [self-hosted, linux]',
      'requires: [self-hosted, linux]\n    allowPublicRepos: true',
    ),
  });
  open.github.addRepository('acme/site', {visibility: 'public'});
  const answer = await new ApiClient(open.urls.api).post('/api/v1/runners', {...GOOD, repo: 'acme/site'});
  expect(answer.status).toBe(201);
  await open.close();
});

test('an idle runner is removed: it is deregistered first, then its VM is deleted', async () => {
  const {runners} = await request(GOOD);
  const id = runners[0]?.id ?? '';
  await system.pass(2 * MINUTE);
  expect((await api.delete(`/api/v1/runners/${id}?dry-run=true`)).json).toEqual({
    status: 'draining',
    dry_run: true,
  });
  expect(await stateOf(id)).toBe('booting');
  const answer = await api.delete(`/api/v1/runners/${id}`);
  expect([answer.status, answer.json]).toEqual([202, {status: 'draining'}]);
  await system.pass(5 * MINUTE);
  expect(await stateOf(id)).toBe('gone');
  expect((await api.delete(`/api/v1/runners/${id}`)).json).toEqual({status: 'gone'});
  expectClean(system);
});

test('a busy runner is removed only by force', async () => {
  const job = system.queueJob({durationMs: 30 * MINUTE});
  await system.pass(5 * MINUTE, () => job.status === 'in_progress');
  await system.pass(10_000);
  const id = job.runner?.name ?? '';
  const refused = await api.delete(`/api/v1/runners/${id}`);
  expect([refused.status, problemOf(refused)]).toEqual([409, 'runner-busy']);
  await system.pass(MINUTE);
  expect(job.status).toBe('in_progress');
  const forced = await api.delete(`/api/v1/runners/${id}?force=true`);
  expect([forced.status, forced.json]).toEqual([202, {status: 'draining'}]);
  await system.pass(2 * MINUTE);
  expect(system.compute.instances()).toEqual([]);
});
