import {ApiClient} from '../../api/client';
import {Questions} from '../../api/explain-client';
import {aSystem, expectClean, MINUTE, type TestSystem} from '../../builders/system';
import {executionPath, isFinished} from '../../emulators/run/resources';

jest.setTimeout(120_000);

const POOLS = `
pools:
  - name: light
    repos: ["acme/*"]
    requires: [self-hosted, light]
    maxRunners: 5
    idleMinutes: 10
    provider: {type: cloud-run, job: runner-light, region: us-central1, env: {SCOPE: "{repo_owner}/{repo_name}"}}
`;

let system: TestSystem;
let api: ApiClient;
let questions: Questions;

async function start(options: Parameters<typeof aSystem>[0] = {}): Promise<void> {
  system = await aSystem({pools: POOLS, ...options});
  system.run.addJob({name: 'runner-light', cpu: '2', memory: '8Gi', args: ['./run.sh']});
  api = new ApiClient(system.urls.api);
  questions = new Questions(system, api);
}

beforeEach(() => start());
afterEach(() => system.close());

const queueJob = () => system.queueJob({labels: ['self-hosted', 'light']});
const recordOf = (name: string) => system.store.get('runners', name);

describe('a queued job', () => {
  test('gets an execution of its own, runs in it, and nothing is left', async () => {
    const job = queueJob();
    await system.pass(MINUTE, () => job.status === 'in_progress');
    const name = `slipway-light-${job.id}-1`;
    const [execution, ...others] = system.run.executions();
    expect(others).toEqual([]);
    expect(job.runner?.name).toBe(name);
    expect(execution?.env).toMatchObject({SLIPWAY_RUNNER: name, SLIPWAY_JOB: `${job.id}-1`, SCOPE: 'acme/app'});
    expect(await recordOf(name)).toMatchObject({
      provider: 'cloud-run',
      machineId: execution && executionPath(execution),
      placement: {place: 'us-central1', spot: false},
      billedType: 'cloud-run-2-8',
    });

    await system.finish();
    expect(job.conclusion).toBe('success');
    await system.pass(MINUTE);
    expect(system.run.executions()).toEqual([]);
    expect(await recordOf(name)).toMatchObject({state: 'gone', slot: null});
    expectClean(system);
  });

  test('whose execution was started without an answer gets no second one', async () => {
    system.runServer.fault({match: ({path}) => path.endsWith(':run'), respond: 'lost'});
    system.runServer.fault({match: ({path}) => path.endsWith('/executions'), respond: 'reset'});
    const job = queueJob();
    await system.finish();
    expect([system.run.created, job.conclusion]).toEqual([1, 'success']);
    expectClean(system);
  });

  test('waits for the quota of running executions, which holds the pool back', async () => {
    system.run.limitRunning(0);
    const job = queueJob();
    await system.pass(MINUTE);
    expect((await system.store.find('breakers', {where: {open: true}, limit: 5})).map(({id}) => id)).toEqual([
      'quota.cloud-run.us-central1',
    ]);
    expect(await questions.explain(job.id)).toMatchObject({verdict: 'breaker_open'});
    system.run.recover();
    await system.finish();
    expect(job.conclusion).toBe('success');
    expectClean(system);
  });

  test('whose execution never starts gets another one after bootMinutes', async () => {
    system.run.keepPending(1);
    const job = queueJob();
    await system.pass(6 * MINUTE);
    expect(await questions.explain(job.id)).toMatchObject({
      verdict: 'booting',
      because: expect.stringContaining('Waiting for capacity to start the execution'),
      runner: {provider: 'cloud-run', place: 'us-central1'},
    });
    await system.sweepFor(12 * MINUTE);
    expect([system.run.created, job.conclusion]).toEqual([2, 'success']);
    await system.sweepFor(5 * MINUTE);
    expectClean(system);
  });
});

test('a runner version that GitHub refuses opens the breaker of boots, which says so', async () => {
  system.run.endNext(100, 7, 'The container exited with an error.');
  const job = queueJob();
  const open = () => system.log.some((line) => line.includes('"breaker_open"'));
  system.sweeper.every(60);
  await system.pass(30 * MINUTE, open);
  system.sweeper.every(0);
  const [breaker, ...others] = await system.store.find('breakers', {where: {open: true}, limit: 5});
  expect(others).toEqual([]);
  expect(breaker?.id).toBe('boot.cloud-run.us-central1.runner-light');
  expect(breaker?.data.reason).toMatch(/exit code 7: GitHub refuses the runner version of the image/);
  expect(job.status).toBe('queued');
  expect(await questions.explain(job.id)).toMatchObject({verdict: 'breaker_open'});

  system.run.recover();
  await system.sweepFor(20 * MINUTE);
  expect(job.conclusion).toBe('success');
  await system.sweepFor(5 * MINUTE);
  expectClean(system);
});

test('executions that end well and at once, without having run a job, open the breaker of boots', async () => {
  system.run.endNext(100, 0, '');
  const job = queueJob();
  system.sweeper.every(60);
  await system.pass(30 * MINUTE, () => system.log.some((line) => line.includes('"breaker_open"')));
  await system.pass(9 * MINUTE);
  system.sweeper.every(0);
  expect(system.run.created).toBe(3);
  const [breaker] = await system.store.find('breakers', {where: {open: true}, limit: 5});
  expect(breaker?.data.reason).toMatch(/its machine was gone during its boot/);
  system.run.recover();
  await system.sweepFor(20 * MINUTE);
  expect(job.conclusion).toBe('success');
  await system.sweepFor(5 * MINUTE);
  expectClean(system);
});

test('a runner that somebody asks for is started, shown and deleted', async () => {
  const {json, status} = await api.post('/api/v1/runners', {pool: 'light', repo: 'acme/app'});
  expect(status).toBe(201);
  const [made] = json['runners'] as {id: string}[];
  const name = made?.id ?? '';
  await system.pass(MINUTE);
  const [execution] = system.run.executions();
  const id = execution && executionPath(execution);
  expect(execution?.env['SLIPWAY_RUNNER']).toBe(name);
  expect((await api.get(`/runners/${name}`)).json).toMatchObject({state: 'booting', machine_id: id});
  expect((await api.get('/status')).json).toMatchObject({active_runners: [{name, pool: 'light'}]});
  expect((await api.delete(`/runners/${name}`)).status).toBe(202);
  await system.pass(2 * MINUTE);
  expect(system.run.executions()).toEqual([]);
  expectClean(system);
});

test('what has no runner is removed, and what somebody else runs in the same job stays', async () => {
  await system.close();
  // Nothing that Slipway knows of would keep these containers running.
  await start({failsToBoot: () => true});
  const {run} = system;
  const [job] = run.jobs;
  if (!job) throw new Error('found no job');
  const foreign = run.add(job, {SLIPWAY_DEPLOYMENT: 'another', SLIPWAY_RUNNER: 'slipway-light-7-1'}, true);
  const plain = run.add(job, {}, true);
  const orphan = {SLIPWAY_DEPLOYMENT: 'slipway', SLIPWAY_RUNNER: 'slipway-light-8-1', SLIPWAY_POOL: 'light'};
  run.add(job, orphan, true);
  await system.sweepFor(15 * MINUTE);
  expect(run.executions().filter((one) => !isFinished(one))).toEqual([plain, foreign]);
});

test('the doctor says whether an execution could be started', async () => {
  const {json} = await api.get('/doctor');
  const findings = json['findings'] as {check: string; status: string; because: string}[];
  const found = new Map(findings.map((finding) => [finding.check, finding]));
  expect(found.get('pool.light.provider')).toMatchObject({status: 'ok'});
  expect(found.get('pool.light.quota')).toMatchObject({status: 'ok', because: expect.stringMatching(/^0 executions/)});
  expect(system.run.created).toBe(0);
});

test('its minutes are priced', async () => {
  queueJob();
  await system.finish();
  await system.sweepFor(10 * MINUTE);
  const {json} = await api.get('/costs?days=1&by=pool');
  expect(json['rows']).toMatchObject([{key: 'light', jobs: 1, priced: true}]);
});
