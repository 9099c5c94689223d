import {MINUTE} from '../builders/system';
import {aVmSystem, expectUnharmed, type VmSystem} from '../builders/vm-system';
import {ApiClient, problemOf} from './client';

jest.setTimeout(60_000);

let system: VmSystem;
let api: ApiClient;

beforeEach(async () => {
  system = await aVmSystem();
  api = new ApiClient(system.urls.api);
});
afterEach(async () => {
  await system.close();
});

const isRunning = () => system.vm.status === 'RUNNING';

test('the only VM is started without naming a pool, is listed, and is stopped if no job comes', async () => {
  const answer = await api.post('/runner/start');
  expect(answer.status).toBe(200);
  expect(answer.json).toEqual({status: 'starting', operation: expect.any(String)});
  expect((await api.get('/runners')).json['runners']).toMatchObject([{pool: system.pool, state: 'booting'}]);
  await system.pass(2 * MINUTE, isRunning);
  expect((await api.post('/runner/start')).json).toEqual({status: 'already_running'});
  await system.untilDown();
  expect((await api.get('/status')).json).toMatchObject({active_runners: []});
  expect(system.powerActions()).toEqual(['start', 'stop']);
  expectUnharmed(system);
});

test('a second start while the VM starts names the same operation, also at the same time', async () => {
  const answers = await Promise.all([1, 2].map(() => api.post('/runner/start')));
  const [first] = answers.map(({json}) => json);
  expect(first).toEqual({status: 'starting', operation: expect.any(String)});
  expect(answers.map(({json}) => json)).toEqual([first, first]);
  expect(isRunning()).toBe(false);
  expect((await api.post('/runner/start')).json).toEqual(first);
});

test('the pool may be named in the body or in the query, and an idle VM can be stopped', async () => {
  await api.post('/runner/start', {pool: system.pool});
  await system.pass(2 * MINUTE);
  const answer = await api.post(`/runner/stop?pool=${system.pool}`);
  expect(answer.json).toEqual({status: 'stopping', operation: expect.any(String)});
  expect((await api.post('/runner/stop')).json).toMatchObject({status: 'stopping'});
  await system.untilDown();
  expect((await api.post('/runner/stop')).json).toEqual({status: 'already_stopped'});
  expectUnharmed(system);
});

test('a dry run answers what would be done, and changes nothing', async () => {
  expect((await api.post('/runner/start?dry-run=true')).json).toEqual({
    status: 'starting',
    operation: null,
    dry_run: true,
  });
  expect(system.powerActions()).toEqual([]);
  await api.post('/runner/start');
  await system.pass(2 * MINUTE);
  expect((await api.post('/runner/stop?dry-run=true')).json).toEqual({
    status: 'stopping',
    operation: null,
    dry_run: true,
  });
  expect(system.powerActions()).toEqual(['start']);
});

test('a dry run of the stop does not record that a job is over, which nobody had said', async () => {
  system.github.deliveries.faults = ({action}) => (action === 'queued' ? {} : {drop: true});
  const job = system.queueGpuJob();
  await system.pass(20 * MINUTE, () => job.status === 'completed');
  const before = [await system.store.get('jobs', `${job.id}-1`), await system.document()];
  const url = `/runner/stop?pool=${system.pool}&dry-run=`;
  expect((await api.post(`${url}true`)).json).toEqual({status: 'busy', dry_run: true});
  expect([await system.store.get('jobs', `${job.id}-1`), await system.document()]).toEqual(before);
  expect((await api.post(`${url}false`)).json).toEqual({status: 'busy'});
  expect(await system.store.get('jobs', `${job.id}-1`)).toMatchObject({status: 'completed'});
});

test('a dry run of the stop does not turn a job away whose label the runner has lost', async () => {
  const job = system.queueGpuJob();
  await system.pass(2 * MINUTE, () => system.powerActions().length > 0);
  const [had, has] = [system.runner.labels, system.runner.labels.filter((label) => label !== 'gpu')];
  system.github.runners.relabel(system.runner, has);
  // Until what was read of its labels is read again.
  await system.pass(5.5 * MINUTE);
  expect(job.status).toBe('queued');
  const document = () => system.store.get('jobs', `${job.id}-1`);
  const before = await document();
  expect((await api.post('/runner/stop?dry-run=true')).json).toEqual({
    status: 'stopping',
    operation: null,
    dry_run: true,
  });
  expect(await document()).toEqual(before);
  expect(before).not.toMatchObject({demand: 'dead'});
  system.github.runners.relabel(system.runner, had);
  await system.untilDown();
  expect(job.conclusion).toBe('success');
});

test('a VM that runs a job is busy, and is stopped by force only', async () => {
  const job = system.queueGpuJob(30 * MINUTE);
  await system.pass(5 * MINUTE, () => job.status === 'in_progress');
  await system.pass(10_000);
  expect((await api.post('/runner/stop', {pool: system.pool})).json).toEqual({status: 'busy'});
  expect((await api.get('/status')).json['active_runners']).toMatchObject([{state: 'busy', job_id: job.id}]);
  expect(system.powerActions()).toEqual(['start']);
  expect((await api.post('/runner/stop', {pool: system.pool, force: true})).json).toMatchObject({status: 'stopping'});
  expect(system.powerActions()).toEqual(['start', 'stop']);
});

test('a repeated start with the same key starts the VM once', async () => {
  const headers = {'idempotency-key': 'start-1'};
  const first = await api.post('/runner/start', {pool: system.pool}, {headers});
  const second = await api.post('/runner/start', {pool: system.pool}, {headers});
  expect(second.json).toEqual(first.json);
  expect(second.headers.get('idempotent-replayed')).toBe('true');
  const other = await api.post('/runner/start', {}, {headers});
  expect([other.status, problemOf(other)]).toEqual([422, 'idempotency-key-reused']);
  expect(system.powerActions()).toEqual(['start']);
});

test('a refusal of Compute Engine is a problem that quotes it', async () => {
  system.computeServer.fault({
    respond: {status: 403, reason: 'forbidden', message: "Required 'compute.instances.start' permission"},
    match: ({method}) => method === 'POST',
  });
  const answer = await api.post('/runner/start');
  expect([answer.status, problemOf(answer)]).toEqual([502, 'refused']);
  expect(answer.json['detail']).toContain('permission');
});
