import {ApiClient} from '../../api/client';
import {aSystemToAsk} from '../../api/explain-client';
import {aSystem, MINUTE, type TestSystem} from '../../builders/system';
import type {CodemagicServer} from '../../emulators/codemagic/server';
import {APP, type CodemagicWorld, TEAM, WORKFLOW} from '../../emulators/codemagic/world';

jest.setTimeout(120_000);

const MAC = ['macOS-arm64'];
const POOLS = `
pools:
  - name: mac
    repos: ["acme/*"]
    requires: [macOS-arm64]
    jobMinutes: 110
    provider: {type: codemagic, app: ${APP}, workflow: ${WORKFLOW}, team: ${TEAM}, instanceType: mac_mini_m2}
`;

let system: TestSystem;
let world: CodemagicWorld;
let server: CodemagicServer;
let api: ApiClient;

async function start(options: Parameters<typeof aSystem>[0] = {}): Promise<void> {
  system = await aSystem({pools: POOLS, codemagic: {}, sweepEverySeconds: 60, ...options});
  if (!system.codemagic) throw new Error('there is no CodeMagic');
  server = system.codemagic;
  world = server.world;
  api = new ApiClient(system.urls.api);
}

afterEach(async () => {
  await system.close();
  // Also in tests that end badly.
  expect(system.log.filter((line) => line.includes('codemagic-token'))).toEqual([]);
});

/** Nothing is left over, nobody was killed, and nobody said what the other side does not know. */
function expectClean(): void {
  expect(system.killed).toEqual([]);
  expect(system.github.violations).toEqual([]);
  expect(server.violations).toEqual([]);
  expect(world.machines()).toEqual([]);
  expect(system.github.runners.all()).toEqual([]);
}

/** Statuses of all builds, the oldest first. */
const builds = () =>
  world
    .list()
    .map(({status}) => status)
    .reverse();

/** Lets the time pass until the jobs are over and no build is left. */
async function finish(limitMs = 60 * MINUTE): Promise<void> {
  const over = () => system.jobs.every(({status}) => status === 'completed') && world.machines().length === 0;
  await system.pass(limitMs, over);
  await system.pass(5_000);
  expect(over()).toBe(true);
}

test('a signed webhook starts a build, in which the job runs, and its end ends the build', async () => {
  await start();
  const job = system.queueJob({labels: MAC, durationMs: 5 * MINUTE});
  await system.pass(5 * MINUTE, () => job.status === 'in_progress');
  expect(job.runner?.name).toBe(`slipway-mac-${job.id}-1`);
  expect(world.machines()).toMatchObject([
    {name: job.runner?.name, workflow: WORKFLOW, branch: 'main', status: 'building'},
  ]);
  const {json} = await api.get(`/explain?job=${job.id}`);
  const id = world.machines()[0]?.id;
  expect(json).toMatchObject({
    verdict: 'running',
    runner: {provider: 'codemagic', place: APP, machine_id: id, url: `https://codemagic.io/app/${APP}/build/${id}`},
  });
  await finish();
  expect(job.conclusion).toBe('success');
  expect(builds()).toHaveLength(1);
  expectClean();
});

test('many jobs at once get one build each, and none is lost', async () => {
  await start();
  for (let n = 0; n < 12; n++) system.queueJob({labels: MAC, durationMs: (1 + n) * MINUTE});
  await finish();
  expect(system.jobs.map(({conclusion}) => conclusion)).toEqual(system.jobs.map(() => 'success'));
  expect(builds()).toHaveLength(12);
  expectClean();
});

test('a build that waits in the queue for longer than bootMinutes is cancelled, and counts as no capacity', async () => {
  await start({codemagic: {concurrencies: 1}});
  system.queueJob({labels: MAC, durationMs: 30 * MINUTE});
  await system.pass(2 * MINUTE);
  const waiting = system.queueJob({labels: MAC, durationMs: MINUTE});
  await system.pass(4 * MINUTE);
  const {json: booting} = await api.get(`/explain?job=${waiting.id}`);
  expect(booting).toMatchObject({
    verdict: 'booting',
    because: expect.stringContaining('waits for a free machine of the team'),
  });
  await system.pass(6 * MINUTE);
  expect(builds()).toEqual(['building', 'canceled', 'queued']);
  const {json} = await api.get(`/explain?job=${waiting.id}`);
  expect(json['timeline']).toContainEqual(
    expect.objectContaining({detail: expect.stringContaining('attempt 1: no capacity for slipway-mac-')}),
  );
  // The workflow is not broken: its breaker counts nothing.
  expect(await system.store.find('breakers', {where: {}, limit: 10})).toEqual([]);
  await finish();
  expect(system.jobs.map(({conclusion}) => conclusion)).toEqual(['success', 'success']);
  expectClean();
});

test('builds whose runner does not come up open the breaker of their workflow', async () => {
  await start({failsToBoot: () => true});
  const job = system.queueJob({labels: MAC});
  await system.pass(40 * MINUTE, () => builds().length === 3);
  await system.pass(10 * MINUTE);
  const [breaker] = await system.store.find('breakers', {where: {open: true}, limit: 10});
  expect(breaker?.id).toBe(`boot.codemagic.${TEAM}.${APP}_${WORKFLOW}`);
  system.github.cancelJob(job.id as number);
  await finish();
  expectClean();
});

test('builds whose script fails before the runner is up open the breaker of their workflow, which says so', async () => {
  let isBroken = true;
  await start({failsToBoot: () => isBroken && 'powers off'});
  const job = system.queueJob({labels: MAC});
  const open = () => system.log.find((line) => line.includes('"breaker_open"'));
  await system.pass(40 * MINUTE, () => open() !== undefined);
  expect(open()).toMatch(/did not come online: its build ended as failed/);
  expect(builds()).toEqual(['failed', 'failed', 'failed']);
  await system.pass(9 * MINUTE);
  expect(builds()).toHaveLength(3);
  expect((await api.get(`/explain?job=${job.id}`)).json).toMatchObject({verdict: 'breaker_open'});
  await system.pass(31 * MINUTE);
  expect(builds().length).toBeGreaterThanOrEqual(5);
  expect(builds().length).toBeLessThanOrEqual(6);
  isBroken = false;
  await finish();
  expect(job.conclusion).toBe('success');
  expectClean();
});

test('an answer that was lost starts no second build', async () => {
  await start();
  server.fault({match: ({method, url}) => method === 'POST' && url === '/builds', respond: 'lost'});
  system.queueJob({labels: MAC});
  await finish();
  expect(builds()).toHaveLength(1);
  expectClean();
});

test('a build on no record is cancelled by the sweep, and nobody else’s', async () => {
  // Nothing of ours runs in these.
  await start({failsToBoot: () => true});
  world.add({name: 'slipway-mac-9001-1', deployment: 'slipway', isRunning: true});
  world.add({name: 'slipway-mac-9002-1', deployment: 'other', isRunning: true});
  world.add({name: 'release', isElsewhere: true, isRunning: true});
  await system.pass(20 * MINUTE);
  expect(world.machines().map(({name}) => name)).toEqual(['slipway-mac-9002-1', 'release']);
});

test('a job whose `completed` was lost leaves no build, and its runner is settled by the sweep', async () => {
  await start();
  const job = system.queueJob({labels: MAC, durationMs: MINUTE});
  await system.pass(5 * MINUTE, () => job.status === 'in_progress');
  system.github.deliveries.faults = () => ({drop: true});
  await system.pass(30 * MINUTE);
  expect(await system.store.find('runners', {where: {state: 'busy'}, limit: 10})).toEqual([]);
  expectClean();
});

test('CodeMagic ends a build after its time with the job in it, and nothing is left over', async () => {
  await start({codemagic: {maxBuildMs: 20 * MINUTE}});
  const job = system.queueJob({labels: MAC, durationMs: 90 * MINUTE});
  await system.pass(60 * MINUTE, () => job.status === 'completed');
  await system.pass(10 * MINUTE);
  expect(job).toMatchObject({conclusion: 'failure', ending: 'lost'});
  expect(builds()).toEqual(['timeout']);
  expect(world.machines()).toEqual([]);
  expect(await system.store.find('slots', {where: {holder: null}, limit: 10})).toHaveLength(1);
});

test('a person gets a build without a job, and cancels it', async () => {
  await start();
  const {status, json} = await api.post('/api/v1/runners', {pool: 'mac', repo: 'acme/app', count: 1});
  expect(status).toBe(201);
  await system.pass(2 * MINUTE);
  const [build] = world.machines();
  expect(build).toMatchObject({status: 'building', labels: expect.arrayContaining(['slipway-deployment=slipway'])});
  expect(JSON.stringify(json)).toContain(String(build?.name));
  expect((await api.delete(`/api/v1/runners/${build?.name}`)).status).toBeLessThan(300);
  await system.pass(MINUTE);
  // Without its registration the runner ends, and with it the build, if that is not cancelled before.
  expect(builds()).toEqual([expect.stringMatching(/^(canceled|finished)$/)]);
  expectClean();
});

test('minutes of builds are priced by their instance type', async () => {
  await start();
  system.queueJob({labels: MAC, durationMs: 10 * MINUTE});
  await finish();
  await system.sweepFor(10 * MINUTE);
  const {json} = await api.get('/costs');
  const {total} = json as {total: {jobs: number; minutes: number; usd: number; priced: boolean}};
  expect(total).toMatchObject({jobs: 1, priced: true});
  expect(total.minutes).toBeGreaterThan(10);
  expect(total.usd).toBeCloseTo(total.minutes * 0.095, 3);
});

test('the doctor asks CodeMagic for its part', async () => {
  await start();
  const {json} = await api.get('/doctor');
  const findings = (json as {findings: {check: string; status: string; because: string}[]}).findings;
  const of = (check: string) => findings.find((one) => one.check === check);
  expect(of('pool.mac.provider')).toMatchObject({
    status: 'ok',
    because: expect.stringContaining('application runners is there'),
  });
  expect(of('pool.mac.quota')).toMatchObject({status: 'ok'});
});

test('with DRY_RUN no build is started or cancelled, and the log says what would be', async () => {
  await start({env: {DRY_RUN: 'true'}});
  world.add({name: 'slipway-mac-9001-1', deployment: 'slipway', isRunning: true});
  const job = system.queueJob({labels: MAC});
  await system.pass(20 * MINUTE);
  expect(server.requests.filter(({method}) => method !== 'GET')).toEqual([]);
  expect(system.log.some((line) => line.includes(`slipway-mac-${job.id}-1`) && line.includes('dry run'))).toBe(true);
});

test('a test of the pool shows the request, and names the placement', async () => {
  const asked = await aSystemToAsk({pools: POOLS, codemagic: {}});
  system = asked.system;
  const {status, json} = await asked.api.post('/api/v1/pools/mac/test', {repository: 'acme/app', labels: MAC});
  expect(status).toBe(200);
  expect(JSON.stringify(json)).toContain(APP);
  expect(asked.system.codemagic?.requests.filter(({method}) => method !== 'GET')).toEqual([]);
});
