import {ApiClient} from '../api/client';
import {aDockerSystem, type DockerHost, type DockerSystem} from '../builders/docker-host';
import {MINUTE} from '../builders/system';

let system: DockerSystem;
afterEach(() => system.close());

const builder = () => system.hosts[0] as DockerHost;
const registrations = () =>
  system.github.requests.filter(({operationId}) => /jitconfig/.test(operationId ?? '')).length;
const openBreakers = async () =>
  (await system.store.find('breakers', {where: {open: true}, limit: 9})).map(({id}) => id);
const lines = () => system.log.map((line) => JSON.parse(line) as Record<string, string>);
const areOver = () => system.jobs.every(({status}) => status === 'completed');

/** Syncs every two seconds and sweeps every minute. */
async function run(ms: number, until: () => boolean = () => false): Promise<void> {
  for (let passed = 0; passed < ms && !until(); passed += 2_000) {
    await builder().sync();
    if (passed % MINUTE === 0) await system.sweep();
    await system.pass(2_000, until);
  }
}

describe('GitHub that does not say whether it has registered the runner', () => {
  const answers = [
    {name: '502', respond: {status: 502, headers: {}, body: {message: 'Server Error'}}},
    {name: 'a lost answer', respond: 'lose-response'},
    {name: 'a reset', respond: 'reset'},
  ] as const;

  test.each(answers)('is asked ever more rarely: $name', async ({respond}) => {
    system = await aDockerSystem({builder: 5}, {pool: {bootMinutes: 5}});
    for (let count = 0; count < 5; count++) system.queueDockerJob();
    system.github.fault({match: {path: /generate-jitconfig/}, times: 100_000, respond});
    await system.pass(1_000);
    await run(5 * MINUTE);
    expect(registrations()).toBeGreaterThan(5);
    expect(registrations()).toBeLessThanOrEqual(15);
    expect(await openBreakers()).toEqual(['github-5xx']);
  });

  test('is asked ever more rarely for one job, without a breaker, and gives it a runner when it is well', async () => {
    system = await aDockerSystem({builder: 5});
    const job = system.queueDockerJob();
    system.github.fault({match: {path: /generate-jitconfig/}, times: 4, respond: 'reset'});
    const api = new ApiClient(system.urls.api);
    await system.pass(1_000);
    await run(40_000);
    expect(registrations()).toBe(3);
    expect((await api.get(`/explain?job=${job.id}`)).json).toMatchObject({
      verdict: 'retrying',
      because: expect.stringMatching(/no answer of GitHub .*attempt 3, the next try is due in \d+ s/),
    });
    await run(10 * MINUTE, areOver);
    expect(job.conclusion).toBe('success');
    expect((job.startedAtMs ?? 0) - job.createdAtMs).toBeGreaterThan(140_000);
    expect(await openBreakers()).toEqual([]);
  });
});

test('a rate limit that lasts longer than bootMinutes is no failed boot, and is named once', async () => {
  system = await aDockerSystem({builder: 5}, {pool: {bootMinutes: 5}});
  for (let count = 0; count < 5; count++) system.queueDockerJob();
  const respond = {
    status: 403,
    headers: {'retry-after': '60'},
    body: {message: 'You have exceeded a secondary rate limit'},
  };
  system.github.fault({match: {path: /generate-jitconfig/}, times: 14, respond});
  const api = new ApiClient(system.urls.api);
  await system.pass(1_000);
  await run(8 * MINUTE);
  expect(await openBreakers()).toEqual(['github.acme']);
  const verdict = {verdict: 'breaker_open', because: expect.stringContaining('breaker github.acme is open')};
  expect((await api.get(`/explain?job=${system.jobs[0]?.id}`)).json).toMatchObject(verdict);
  expect((await api.get('/status')).json).toMatchObject({waiting_jobs: Array(5).fill({verdict: 'breaker_open'})});
  const refused = registrations();
  await run(20 * MINUTE, areOver);
  expect(system.jobs.map(({conclusion, runner}) => [conclusion, runner?.name.endsWith('-1')])).toEqual(
    Array(5).fill(['success', true]),
  );
  expect(lines().filter(({decision, reason}) => decision === 'ended' || reason?.startsWith('boot'))).toEqual([]);
  // One for each call that GitHub refused.
  const warnings = lines().filter(({severity, function: name}) => severity === 'WARNING' && name === 'api');
  expect(refused).toBeGreaterThan(5);
  expect(warnings.length).toBeLessThanOrEqual(14);
});

test('a container that its host does not fetch any more is ended for another host, and is no failed boot', async () => {
  system = await aDockerSystem({builder: 1, other: 1}, {pool: {bootMinutes: 5}});
  const job = system.queueDockerJob();
  await system.pass(1_000);
  const [first] = await system.store.find('containers', {where: {open: true}, limit: 5});
  const fetching = system.hosts.find(({name}) => name !== first?.data.host) as DockerHost;
  for (let passed = 0; passed < 15 * MINUTE && job.status !== 'completed'; passed += 10_000) {
    await fetching.sync();
    if (passed % MINUTE === 0) await system.sweep();
    await system.pass(10_000);
  }
  expect(job.conclusion).toBe('success');
  expect(lines().filter(({reason}) => reason === 'boot')).toEqual([]);
  expect(await system.store.find('breakers', {where: {}, limit: 5})).toEqual([]);
});

describe('an open breaker of boots', () => {
  /** Every container ends at once, until the breaker opens. */
  async function failBoots(exitCode: number): Promise<void> {
    for (let round = 0; round < 200 && (await openBreakers()).length === 0; round++) {
      const orders = await builder().sync({answer: 'is lost'});
      builder().model.obey(orders);
      for (const {name} of orders.start) builder().model.exit(name, exitCode);
      await system.pass(2_000);
    }
  }

  test('lets its probe through once: the container is handed over as soon as it is assigned', async () => {
    system = await aDockerSystem({builder: 1});
    const job = system.queueDockerJob();
    await system.pass(1_000);
    await failBoots(1);
    expect(await openBreakers()).toEqual([expect.stringMatching(/^boot\./)]);
    await run(30 * MINUTE, () => job.status === 'in_progress');
    const runner = await system.store.get('runners', job.runner?.name ?? '');
    expect((job.startedAtMs ?? 0) - (runner?.stateAt ?? 0)).toBeLessThan(10_000);
  });

  test('holds back no end of a container', async () => {
    system = await aDockerSystem({builder: 8}, {pool: {maxRunners: 8}});
    for (let count = 0; count < 8; count++) system.queueDockerJob();
    await system.pass(1_000);
    await failBoots(125);
    await builder().syncFor(30_000);
    expect(builder().model.containers).toEqual([]);
    const pending = await system.store.find('containers', {where: {open: true}, limit: 20});
    expect(pending.filter(({data}) => data.pending)).toEqual([]);
  });
});

test('why speaks of the container, not of a VM or an address that it does not have', async () => {
  system = await aDockerSystem({builder: 1}, {pool: {bootMinutes: 4}});
  const api = new ApiClient(system.urls.api);
  const job = system.queueDockerJob();
  await system.pass(1_000);
  const {start} = await builder().sync({answer: 'is lost'});
  const container = {name: start[0]?.name, state: 'running', exit_code: null, started_at: null, finished_at: null};
  for (let minutes = 0; minutes < 5; minutes++) {
    await builder().post({agent: '1', containers: [container]});
    await system.pass(MINUTE);
  }
  const booting = (await api.get(`/explain?job=${job.id}`)).json;
  expect(booting).toMatchObject({verdict: 'booting', do: expect.stringContaining(`docker logs ${container.name}`)});
});
