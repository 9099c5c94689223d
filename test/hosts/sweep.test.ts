import {ApiClient} from '../api/client';
import {aDockerSystem, type DockerHost, type DockerSystem, dockerPools} from '../builders/docker-host';
import {MINUTE} from '../builders/system';

let system: DockerSystem;
afterEach(() => system.close());

const builder = () => system.hosts[0] as DockerHost;
const runnerOf = (job: {readonly id: number}, n = 1) => `slipway-docker-${job.id}-${n}`;
const names = () => builder().model.containers.map(({name}) => name);

/** Sweeps every minute while the host calls every ten seconds. */
async function sweepFor(ms: number, until: () => boolean = () => false): Promise<void> {
  for (let passed = 0; passed < ms && !until(); passed += 10_000) {
    if (passed % MINUTE === 0) await system.sweep();
    await builder().sync();
    await system.pass(10_000);
  }
}

test('the slot of a host that a container holds is never taken for a lost one', async () => {
  system = await aDockerSystem({builder: 1});
  const job = system.queueDockerJob(30 * MINUTE);
  await builder().syncFor(20_000, () => job.status === 'in_progress');
  await sweepFor(25 * MINUTE);
  expect(job.status).toBe('in_progress');
  expect(await system.store.get('slots', 'host:builder.0')).toMatchObject({holder: runnerOf(job)});
});

test('a job whose completed was lost gives its slots back', async () => {
  system = await aDockerSystem({builder: 1});
  system.github.deliveries.faults = ({action}) => (action === 'completed' ? {drop: true} : {});
  const job = system.queueDockerJob();
  await builder().syncFor(20_000, () => job.status === 'in_progress');
  await sweepFor(15 * MINUTE, () => job.status === 'completed' && names().length === 0);
  await sweepFor(6 * MINUTE);
  expect(await system.store.get('runners', runnerOf(job))).toMatchObject({slot: null});
  expect(await system.store.get('slots', 'docker.0')).toMatchObject({holder: null});
});

test('a container that is on no record is removed once two sweeps have seen it', async () => {
  system = await aDockerSystem({builder: 2});
  const name = 'slipway-docker-77-1';
  const order = {name, env: {}, command: null, timeout_seconds: 3600};
  builder().model.obey({start: [order], remove: [], wait_seconds: 2});
  const running = builder().model.containers[0] as unknown as object;
  Object.assign(running, {state: 'running', startedAtMs: system.scheduler.now()});
  await builder().sync();
  expect(names()).toEqual([name]);
  await sweepFor(12 * MINUTE, () => names().length === 0);
  expect(names()).toEqual([]);
});

test.each(['running', 'exited'])(
  'a host that reports the name of another pool’s VM as %s hides nothing of it',
  async (state) => {
    const {hosts, pools} = JSON.parse(dockerPools({builder: 1}));
    const provider = {type: 'gce', template: 'runner-arm64', zones: ['us-central1-a']};
    const arm = {name: 'arm', repos: ['acme/*'], requires: ['self-hosted', 'linux'], bootMinutes: 30, provider};
    const options = {pools: JSON.stringify({hosts, pools: [...pools, arm]})};
    system = await aDockerSystem({builder: 1}, {...options, failsToBoot: () => true});
    const job = system.queueJob({labels: ['self-hosted', 'linux']});
    await builder().sync();
    await system.pass(MINUTE);
    const name = `slipway-arm-${job.id}-1`;
    const container = {name, state, exit_code: null, started_at: '2020-01-01T00:00:00Z', finished_at: null};
    const report = () => builder().post({agent: '1', containers: [container]});
    await report();
    await system.sweep();
    const [vm] = system.compute.instances();
    expect(vm).toMatchObject({name, status: 'RUNNING'});
    expect(await system.store.get('runners', name)).toMatchObject({state: 'booting'});
    if (vm && state === 'running') system.compute.failHost(vm);
    for (let minute = 0; minute < 4; minute++) {
      await report();
      await system.pass(MINUTE);
      await system.sweep();
    }
    const isLost = state === 'running';
    expect((await system.store.get('runners', name))?.state).toBe(isLost ? 'failed' : 'booting');
    expect(await system.store.get('runners', `slipway-arm-${job.id}-2`)).toEqual(
      isLost ? expect.anything() : undefined,
    );
  },
);

test('a container whose runner takes no job is removed after idleMinutes, deregistered first', async () => {
  system = await aDockerSystem({builder: 1}, {pool: {idleMinutes: 3}});
  const api = new ApiClient(system.urls.api);
  const made = await api.post('/runners', {pool: 'docker', repo: 'acme/app'});
  expect(made.status).toBe(201);
  await builder().syncFor(20_000);
  expect(names()).toHaveLength(1);
  await builder().syncFor(10 * MINUTE, () => names().length === 0);
  expect(names()).toEqual([]);
  await builder().syncFor(10_000);
  expect(system.github.runners.all()).toEqual([]);
  expect(builder().killed).toEqual([]);
});

test('minIdle keeps containers that wait, and a job takes one of them at once', async () => {
  system = await aDockerSystem({builder: 3}, {pool: {repos: undefined, repo: 'acme/app', minIdle: 2}});
  await sweepFor(3 * MINUTE);
  expect(names()).toHaveLength(2);
  const before = names();
  const job = system.queueDockerJob();
  await builder().syncFor(20_000, () => job.status === 'in_progress');
  expect(before).toContain(job.runner?.name);
  await sweepFor(5 * MINUTE);
  expect(names()).toHaveLength(2);
});

test('DELETE /runners of a busy container is 409, and removes it with its job by force', async () => {
  system = await aDockerSystem({builder: 1});
  const api = new ApiClient(system.urls.api);
  const job = system.queueDockerJob(30 * MINUTE);
  await builder().syncFor(20_000, () => job.status === 'in_progress');
  expect((await api.delete(`/runners/${runnerOf(job)}`)).status).toBe(409);
  expect((await api.delete(`/runners/${runnerOf(job)}?force=true`)).status).toBe(202);
  await builder().syncFor(2 * MINUTE, () => names().length === 0);
  expect(names()).toEqual([]);
});

test('a host that never called, or is silent, is named by explain, status and doctor; so is one that is full', async () => {
  system = await aDockerSystem({builder: 1, other: 1}, {pool: {maxRunners: 5}});
  const api = new ApiClient(system.urls.api);
  await system.pass(4 * MINUTE);
  const job = system.queueDockerJob();
  await system.pass(20_000);
  const silent = (await api.get(`/explain?job=${job.id}`)).json;
  expect(silent).toMatchObject({
    verdict: 'host_silent',
    because: expect.stringMatching(/^host builder has not called since 2026-.*; host other has not called since /),
  });
  const {json: status} = await api.get('/status');
  expect(status).toMatchObject({waiting_jobs: [{verdict: 'host_silent'}], hosts: [{silent: true}, {silent: true}]});
  const findings = (await api.get('/doctor')).json['findings'] as {check: string; status: string}[];
  expect(findings.filter(({check}) => check.startsWith('host.'))).toMatchObject([
    {check: 'host.builder', status: 'error'},
    {check: 'host.other', status: 'error'},
  ]);
  await builder().syncFor(MINUTE, () => job.status === 'in_progress');
  const second = system.queueDockerJob();
  await system.pass(20_000);
  expect((await api.get(`/explain?job=${second.id}`)).json).toMatchObject({
    verdict: 'host_full',
    because: expect.stringMatching(/^host builder is full \(1 of 1 containers\); host other has not called since /),
  });
});

test('a pool whose hosts are its limit is full with them, and not for want of maxRunners', async () => {
  system = await aDockerSystem({builder: 1, other: 1});
  const api = new ApiClient(system.urls.api);
  const [first, second, third] = [1, 2, 3].map(() => system.queueDockerJob(60 * MINUTE));
  for (let call = 0; call < 10; call++) {
    for (const host of system.hosts) await host.sync();
    await system.pass(2_000);
  }
  expect([first?.status, second?.status, third?.status]).toEqual(['in_progress', 'in_progress', 'queued']);
  const full = {
    verdict: 'host_full',
    because: 'host builder is full (1 of 1 containers); host other is full (1 of 1 containers)',
    do: 'Wait until a container ends, raise capacity of a host, or add one to the pool.',
  };
  expect((await api.get(`/explain?job=${third?.id}`)).json).toMatchObject(full);
  const {json} = await api.get('/status');
  expect(json).toMatchObject({waiting_jobs: [{verdict: full.verdict, because: full.because, position: 1}]});
  await system.pass(4 * MINUTE);
  expect((await api.get(`/explain?job=${third?.id}`)).json).toMatchObject({
    verdict: 'host_silent',
    because: expect.stringMatching(/^host builder has not called since .*; host other has not called since /),
    do: expect.stringContaining('Start the agent on the hosts'),
  });
});

test('a pool with a lower maxRunners than its hosts have room is full for want of it', async () => {
  system = await aDockerSystem({builder: 2}, {pool: {maxRunners: 1}});
  system.queueDockerJob(60 * MINUTE);
  const second = system.queueDockerJob();
  await builder().syncFor(10_000);
  expect((await new ApiClient(system.urls.api).get(`/explain?job=${second.id}`)).json).toMatchObject({
    verdict: 'waiting_for_slot',
    do: expect.stringContaining('raise maxRunners of pool docker'),
  });
});

describe('a host that never calls again', () => {
  const rebuilt = (minutes: object) =>
    aDockerSystem({builder: 1}, {pool: {bootMinutes: 2, idleMinutes: 2, ...minutes}});

  test('has its container freed once the time of the container is over, and not before', async () => {
    system = await rebuilt({jobMinutes: 30, maxRunners: 1});
    const job = system.queueDockerJob(5 * MINUTE);
    await builder().syncFor(20_000, () => job.status === 'in_progress');
    // The runner ends in order, and nobody hears of its container.
    await system.sweepFor(30 * MINUTE);
    expect(job.conclusion).toBe('success');
    const name = runnerOf(job);
    expect(await system.store.get('runners', name)).toMatchObject({state: 'draining', slot: 'docker.0'});
    expect(await system.store.get('slots', 'host:builder.0')).toMatchObject({holder: name});
    await system.sweepFor(30 * MINUTE);
    expect(await system.store.get('runners', name)).toMatchObject({state: 'gone', slot: null});
    expect(await system.store.get('slots', 'host:builder.0')).toMatchObject({holder: null});
    expect(await system.store.find('containers', {where: {open: true}, limit: 5})).toEqual([]);

    const next = system.queueDockerJob();
    await builder().syncFor(5 * MINUTE, () => next.status === 'completed');
    expect([next.conclusion, names()]).toEqual(['success', []]);
  });

  test('keeps nothing of a job whose end nobody heard of', async () => {
    system = await rebuilt({jobMinutes: 30});
    system.github.deliveries.faults = ({action}) => (action === 'completed' ? {drop: true} : {});
    const job = system.queueDockerJob(5 * MINUTE);
    await builder().syncFor(20_000, () => job.status === 'in_progress');
    await system.sweepFor(70 * MINUTE);
    expect(job.conclusion).toBe('success');
    expect(await system.store.get('runners', runnerOf(job))).toMatchObject({slot: null});
    expect((await system.store.find('slots', {where: {}, limit: 9})).filter(({data}) => data.holder)).toEqual([]);
    expect(system.github.runners.all()).toEqual([]);
  });

  test('keeps nothing of a hand-over that it may never have got: the job runs elsewhere', async () => {
    system = await rebuilt({jobMinutes: 30});
    const job = system.queueDockerJob();
    await system.pass(1_000);
    await builder().sync({answer: 'is lost'});
    await system.sweepFor(60 * MINUTE);
    expect(await system.store.get('containers', runnerOf(job))).toMatchObject({state: 'gone', slot: null});
    await builder().syncFor(10 * MINUTE, () => job.status === 'completed');
    expect(job.conclusion).toBe('success');
  });
});

test('a runner that works longer than its pool allows is ended with its container', async () => {
  system = await aDockerSystem({builder: 1}, {pool: {bootMinutes: 2, idleMinutes: 2, jobMinutes: 10}});
  const job = system.queueDockerJob(5 * 60 * MINUTE);
  await builder().syncFor(20_000, () => job.status === 'in_progress');
  await sweepFor(9 * MINUTE);
  expect([job.status, names()]).toEqual(['in_progress', [runnerOf(job)]]);
  await sweepFor(40 * MINUTE, () => names().length === 0);
  expect(names()).toEqual([]);
  expect(job.conclusion).not.toBe('success');
  await sweepFor(6 * MINUTE);
  expect(await system.store.get('runners', runnerOf(job))).toMatchObject({slot: null});
  expect(await system.store.get('slots', 'host:builder.0')).toMatchObject({holder: null});
});

test('the costs of a container are its minutes, without a price: its host is somebody’s machine', async () => {
  system = await aDockerSystem({builder: 1});
  const job = system.queueDockerJob(30 * MINUTE);
  await builder().syncFor(40 * MINUTE, () => job.status === 'completed' && names().length === 0, 10_000);
  await sweepFor(6 * MINUTE);
  const {json} = await new ApiClient(system.urls.api).get('/costs?days=2&by=pool');
  const [row] = json['rows'] as {minutes: number}[];
  expect(json['rows']).toMatchObject([{key: 'docker', jobs: 1, usd: null, priced: false}]);
  expect(row?.minutes).toBeGreaterThanOrEqual(30);
  expect(row?.minutes).toBeLessThan(32);
});
