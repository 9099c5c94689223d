import {PER_MINUTE} from '../../shared/api/rate-limits';
import type {Clock} from '../../shared/clock';
import {hostToken} from '../../shared/host-token';
import {Secret} from '../../shared/secret';
import {createMemoryStore} from '../../shared/store/memory';
import {type Billed, countedStore} from '../builders/counted-store';
import {aDockerSystem, DockerHost, type DockerSystem, dockerPools} from '../builders/docker-host';
import {MINUTE} from '../builders/system';
import {MANAGER_SECRET} from '../emulators/system';

let system: DockerSystem;
afterEach(() => system.close());

const builder = () => system.hosts[0] as DockerHost;
const nothing = {agent: '1', containers: []};
const tokenOf = (secret: string, name: string, deployment = 'slipway') =>
  hostToken(new Secret(secret), deployment, name);

describe('the token of a host', () => {
  test('opens the door of this host alone', async () => {
    system = await aDockerSystem({builder: 1, other: 1});
    const wrong = [
      tokenOf(MANAGER_SECRET, 'other'),
      tokenOf('another secret', 'builder'),
      tokenOf(MANAGER_SECRET, 'builder', 'another'),
      MANAGER_SECRET,
      '',
    ];
    for (const token of wrong) {
      expect(await builder().post(nothing, token)).toMatchObject({
        status: 401,
        json: {type: 'urn:slipway:problem:unauthenticated'},
      });
    }
    expect((await builder().post(nothing)).status).toBe(200);
  });

  test('is valid for any of several secrets', async () => {
    system = await aDockerSystem({}, {pools: dockerPools({builder: 1}), env: {RUNNER_MANAGER_SECRET: 'first, second'}});
    const host = new DockerHost(system, 'builder');
    const answers = ['first', 'second', 'third'].map((secret) => host.post(nothing, tokenOf(secret, 'builder')));
    expect((await Promise.all(answers)).map(({status}) => status)).toEqual([200, 200, 401]);
  });

  test('is no secret of the API, and the secret of the API is no token', async () => {
    system = await aDockerSystem({builder: 1});
    const token = tokenOf(MANAGER_SECRET, 'builder');
    const {status} = await fetch(`${system.urls.api}status`, {
      headers: {'x-host-token': token, 'x-runner-secret': token},
    });
    expect(status).toBe(401);
  });

  test('of a host that the configuration does not have gets 404', async () => {
    system = await aDockerSystem({builder: 1});
    const answer = await new DockerHost(system, 'removed').post(nothing);
    expect(answer).toMatchObject({status: 404, json: {type: 'urn:slipway:problem:unknown-host'}});
  });
});

test.each([
  [{}],
  [{agent: '1'}],
  [{agent: 1, containers: []}],
  [{agent: '1', containers: [{name: 'x'}]}],
  [{agent: '1', containers: [{name: '../x', state: 'running', exit_code: null, started_at: null, finished_at: null}]}],
  [{agent: '1', containers: [{name: 'x', state: 'paused', exit_code: null, started_at: null, finished_at: null}]}],
  [{agent: '1', containers: [{name: 'x', state: 'running', exit_code: null, started_at: 'soon', finished_at: null}]}],
])('%j is refused, and nothing is recorded', async (body) => {
  system = await aDockerSystem({builder: 1});
  const before = await system.store.get('hosts', 'builder');
  expect((await builder().post(body)).status).toBe(400);
  expect(await system.store.get('hosts', 'builder')).toEqual(before);
});

test('a newer agent may say more', async () => {
  system = await aDockerSystem({builder: 1});
  expect((await builder().post({...nothing, agent: '2', kernel: '6.1'})).status).toBe(200);
  expect(await system.store.get('hosts', 'builder')).toMatchObject({agent: '2'});
});

test('a report of as many containers as are accepted is read; other bodies stay small', async () => {
  system = await aDockerSystem({builder: 1});
  const at = '2026-11-01T00:00:00.123456789Z';
  const containers = Array.from({length: 2_000}, (_, number) => ({
    name: `slipway-docker-${number}-1`.padEnd(63, '0'),
    state: 'exited',
    exit_code: 137,
    started_at: at,
    finished_at: at,
  }));
  const {length} = JSON.stringify({agent: '1', containers});
  expect(length).toBeGreaterThan(256 * 1024);
  expect(length).toBeLessThan(1024 * 1024);
  const more = [...containers, ...containers.slice(0, 1)];
  expect(await builder().post({agent: '1', containers: more})).toMatchObject({status: 400});
  expect(await builder().post({agent: '1', containers: containers.slice(0, 600)})).toMatchObject({status: 200});
  const other = await fetch(`${system.urls.api}pools/docker/test`, {
    method: 'POST',
    headers: {'x-runner-secret': MANAGER_SECRET},
    body: JSON.stringify({repository: 'a'.repeat(100_000)}),
  });
  expect(other.status).toBe(413);
});

test('hosts do not share a limit with each other, nor with whoever has no token', async () => {
  system = await aDockerSystem({builder: 1, other: 1}, {perMinute: {...PER_MINUTE, nobody: 5, host: 5}});
  const stranger = () => fetch(`${system.urls.api}health`).then(({status}) => status);
  for (let count = 0; count < 5; count++) await stranger();
  expect(await stranger()).toBe(429);
  const statuses = async (host = builder()) => {
    const answers = [];
    for (let count = 0; count < 5; count++) answers.push((await host.post(nothing)).status);
    return answers;
  };
  // Each has called once before.
  expect(await statuses()).toEqual([200, 200, 200, 200, 429]);
  expect(await statuses(system.hosts[1])).toEqual([200, 200, 200, 200, 429]);
  expect((await builder().post(nothing, 'wrong')).status).toBe(429);
});

test('a sync that changes nothing reads two documents at most and writes none, whatever runs on the host', async () => {
  let billed: Billed | undefined;
  const makeStore = (clock: Clock) => {
    const counted = countedStore(createMemoryStore({clock}));
    billed = counted.billed;
    return counted.store;
  };
  system = await aDockerSystem({builder: 2}, {makeStore});
  const job = system.queueDockerJob(20 * MINUTE);
  await builder().syncFor(30_000, () => job.status === 'in_progress');
  await builder().sync();
  await builder().sync();
  const before = {...billed} as Billed;
  await builder().sync();
  expect((billed?.reads ?? 99) - before.reads).toBeLessThanOrEqual(2);
  expect((billed?.writes ?? 99) - before.writes).toBe(0);
});

test('the time at which a host was seen is written every half minute at most', async () => {
  system = await aDockerSystem({builder: 2});
  const seen = new Set<unknown>();
  const first = system.scheduler.now();
  while (system.scheduler.now() - first < 2 * MINUTE) {
    await system.pass(2_000);
    await builder().sync();
    seen.add((await system.store.get('hosts', 'builder'))?.seenAt);
  }
  expect(seen.size).toBeGreaterThanOrEqual(4);
  expect(seen.size).toBeLessThanOrEqual(6);
});

test('a host calls every two seconds while it has work and for five minutes after, else every five', async () => {
  system = await aDockerSystem({builder: 2});
  expect((await builder().sync()).wait_seconds).toBe(5);
  const job = system.queueDockerJob(10 * MINUTE);
  await builder().syncFor(9 * MINUTE);
  expect([job.status, (await builder().sync()).wait_seconds]).toEqual(['in_progress', 2]);
  await builder().syncFor(2 * MINUTE);
  expect([job.status, (await builder().sync()).wait_seconds]).toEqual(['completed', 2]);
  await builder().syncFor(5 * MINUTE);
  expect((await builder().sync()).wait_seconds).toBe(5);
});

test('at most five containers are handed over in one sync, the oldest first', async () => {
  system = await aDockerSystem({builder: 8}, {pool: {maxRunners: 8}});
  const jobs = [];
  for (let count = 0; count < 8; count++) {
    jobs.push(system.queueDockerJob());
    await system.pass(1_000);
  }
  const orders = [await builder().sync(), await builder().sync(), await builder().sync()];
  const names = orders.map(({start}) => start.map(({name}) => name).sort());
  const expected = jobs.map(({id}) => `slipway-docker-${id}-1`);
  expect(names).toEqual([expected.slice(0, 5).sort(), expected.slice(5).sort(), []]);
});

test('two syncs of one host at the same time hand a container over once', async () => {
  system = await aDockerSystem({builder: 1});
  system.queueDockerJob();
  await system.pass(1_000);
  const answers = await Promise.all([builder().post(nothing), builder().post(nothing), builder().post(nothing)]);
  const started = answers.flatMap(({json}) => (json as {start: unknown[]}).start);
  expect(started).toHaveLength(1);
  expect(system.github.runners.all()).toHaveLength(1);
});

test('GET /hosts and GET /status show what is on record of hosts', async () => {
  system = await aDockerSystem({builder: 3}, {env: {DEPLOYMENT: 'slipway'}});
  system.queueDockerJob();
  await builder().syncFor(10_000);
  const read = async (path: string) => {
    const headers = {'x-runner-secret': MANAGER_SECRET};
    return (await fetch(`${system.urls.api}${path}`, {headers})).json() as Promise<Record<string, unknown>>;
  };
  const hosts = [
    {
      name: 'builder',
      capacity: 3,
      containers: 1,
      free: 2,
      last_seen: expect.stringMatching(/^2026-11-01T00:00:.*Z$/),
      silent: false,
      vm: null,
      agent: '1',
    },
  ];
  expect(await read('hosts')).toEqual({deployment: 'slipway', hosts});
  expect(await read('status')).toMatchObject({hosts});
});
