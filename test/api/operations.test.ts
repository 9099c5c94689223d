import {aSystem, POOLS, type TestSystem} from '../builders/system';
import {ApiClient, problemOf} from './client';

jest.setTimeout(60_000);

const ONE_VM = `${POOLS}
  - name: vm
    repo: acme/app
    requires: [self-hosted, big]
    provider: {type: gce-vm, instance: github-runner, zone: us-central1-a, runnerName: big-runner}
  - name: closed
    repos: ["acme/*", "!acme/web"]
    requires: [self-hosted, closed]
    offers: [self-hosted, closed, extra]
    provider: {type: gce, template: runner-arm64, zones: [us-central1-a]}
  - name: org
    org: acme
    requires: [self-hosted, org]
    provider: {type: gce, template: runner-arm64, zones: [us-central1-a]}
`;
const TWO_VMS = `${ONE_VM}
  - name: other-vm
    repo: acme/web
    requires: [self-hosted, big]
    provider: {type: gce-vm, instance: other, zone: us-central1-b}
`;

/** One VM, which three pools name. */
const SHARED_VM = `${ONE_VM}
  - name: vm-web
    repo: acme/web
    requires: [self-hosted, big]
    provider: {type: gce-vm, instance: github-runner, zone: us-central1-a, runnerName: big-runner}
  - name: vm-org
    org: acme
    requires: [self-hosted, huge]
    provider: {type: gce-vm, instance: github-runner, zone: us-central1-a}
`;

let system: TestSystem;
let api: ApiClient;

const start = async (pools: string) => {
  system = await aSystem({pools});
  api = new ApiClient(system.urls.api);
};
afterEach(() => system.close());

describe('starting and stopping', () => {
  test.each(['start', 'stop'])('%s without a pool lists the pools, when there are several VMs', async (verb) => {
    await start(TWO_VMS);
    const answer = await api.post(`/runner/${verb}`);
    expect([answer.status, problemOf(answer)]).toEqual([400, 'pool-required']);
    expect(answer.json['detail']).toContain('vm, other-vm');
  });

  test('needs no pool where there is one VM, however many pools name it', async () => {
    await start(SHARED_VM);
    system.compute.addInstance({name: 'github-runner', zone: 'us-central1-a'});
    expect((await api.post('/runner/stop')).json).toEqual({status: 'already_stopped'});
    expect((await api.post('/runner/start')).json).toEqual({status: 'starting', operation: expect.any(String)});
  });

  test.each([
    ['?pool=nowhere', undefined, 404, 'unknown-pool'],
    ['', {pool: 'nowhere'}, 404, 'unknown-pool'],
    ['?pool=arm', undefined, 409, 'wrong-provider'],
    ['?pool=vm', {pool: 'other-vm'}, 400, 'invalid-request'],
    ['?dry_run=true', {pool: 'vm'}, 400, 'invalid-request'],
    ['?dry-run=yes', {pool: 'vm'}, 400, 'invalid-request'],
    ['', {pool: 7}, 400, 'invalid-request'],
  ])('refuse %s with the body %j', async (query, body, status, problem) => {
    await start(TWO_VMS);
    for (const verb of ['start', 'stop']) {
      const answer = await api.post(`/runner/${verb}${query}`, body);
      expect([answer.status, problemOf(answer)]).toEqual([status, problem]);
    }
  });

  test('is a problem without a pool of type gce-vm', async () => {
    await start(POOLS);
    const answer = await api.post('/runner/start');
    expect([answer.status, problemOf(answer)]).toEqual([409, 'wrong-provider']);
  });
});

describe('creating runners', () => {
  const good = {pool: 'arm', repo: 'acme/app'};

  test.each([
    [{...good, pool: 'nowhere'}, 404, 'unknown-pool'],
    [{...good, pool: 'vm'}, 409, 'wrong-provider'],
    [{...good, repo: 'evil/app'}, 409, 'scope-mismatch'],
    [{pool: 'closed', repo: 'acme/web'}, 409, 'scope-mismatch'],
    [{pool: 'arm', org: 'acme'}, 409, 'scope-mismatch'],
    [{pool: 'org', repo: 'acme/app'}, 409, 'scope-mismatch'],
    [{pool: 'org', org: 'evil'}, 409, 'scope-mismatch'],
    [{pool: 'closed', repo: 'acme/app', labels: ['extra', 'more']}, 409, 'labels-not-offered'],
    [{...good, org: 'acme'}, 400, 'invalid-request'],
    [{...good, repository: 'acme/web'}, 400, 'invalid-request'],
    [{pool: 'arm', repository: 'acme'}, 400, 'invalid-request'],
    [{pool: 'arm', repository: 'evil/app'}, 409, 'scope-mismatch'],
    [{pool: 'org', org: 'acme', repository: 'acme/app'}, 400, 'invalid-request'],
    [{pool: 'closed', repository: 'acme/web'}, 409, 'scope-mismatch'],
    [{pool: 'arm'}, 400, 'invalid-request'],
    [{...good, count: 0}, 400, 'invalid-request'],
    [{...good, count: 21}, 400, 'invalid-request'],
    [{...good, count: 1.5}, 400, 'invalid-request'],
    [{...good, labels: ['']}, 400, 'invalid-request'],
    [{...good, amount: 2}, 400, 'invalid-request'],
    [[], 400, 'invalid-request'],
  ])('is refused for %j with %i %s', async (body, status, problem) => {
    await start(ONE_VM);
    const answer = await api.post('/api/v1/runners', body);
    expect([answer.status, problemOf(answer)]).toEqual([status, problem]);
    expect(await system.store.count('runners', {})).toBe(0);
  });
});

describe('removing a runner', () => {
  test('that is unknown is 404', async () => {
    await start(ONE_VM);
    const answer = await api.delete('/api/v1/runners/nobody');
    expect([answer.status, problemOf(answer)]).toEqual([404, 'unknown-runner']);
  });

  test('that runs on a persistent VM is refused with a hint what to do instead', async () => {
    await start(ONE_VM);
    for (const id of ['big-runner', 'us-central1-a.github-runner']) {
      const answer = await api.delete(`/api/v1/runners/${id}`);
      expect([answer.status, problemOf(answer)]).toEqual([409, 'wrong-provider']);
      expect(answer.json['detail']).toContain('/runner/stop');
    }
  });
});
