import {ApiClient} from '../api/client';
import {aHostVmSystem, type HostVmSystem, VM_ZONE, type VmHost} from '../builders/host-vm';
import {MINUTE} from '../builders/system';

let system: HostVmSystem;
afterEach(() => system.close());

const host = (index = 0) => system.hosts[index] as VmHost;
const isOver = () => system.jobs.every(({status}) => status === 'completed');
const isDown = () => host().vm.status === 'TERMINATED';
const letters = async () => (await system.store.find('deadletters', {where: {}, limit: 10})).map(({data}) => data);

/** What the doctor says, in the order in which it was asked for. */
async function findings(...checks: readonly string[]): Promise<readonly unknown[]> {
  const {json} = await new ApiClient(system.urls.api).get('/doctor');
  const all = json['findings'] as readonly {check: string}[];
  return checks.map((name) => all.find(({check}) => check === name));
}

/** Nothing is left, nobody was killed, and every VM is down. */
async function expectAllDown(): Promise<void> {
  expect(system.hosts.flatMap(({killed}) => killed)).toEqual([]);
  expect(system.hosts.map(({vm}) => vm.status)).toEqual(system.hosts.map(() => 'TERMINATED'));
  expect(await system.store.find('containers', {where: {open: true}, limit: 10})).toEqual([]);
  expect(system.github.runners.all()).toEqual([]);
  expect(system.computeServer.violations).toEqual([]);
}

describe('a host that is a VM', () => {
  test('is started for a job, runs its container, and is stopped after idleMinutes, once each', async () => {
    system = await aHostVmSystem({builder: 2});
    const job = system.queueDockerJob();
    await system.live(10 * MINUTE, isOver);
    expect(job.conclusion).toBe('success');
    expect((job.startedAtMs ?? 0) - job.createdAtMs).toBeLessThan(2 * MINUTE);
    const endedAt = system.scheduler.now();
    await system.live(9 * MINUTE);
    expect(host().vm.status).toBe('RUNNING');
    await system.live(10 * MINUTE, isDown);
    expect(system.scheduler.now() - endedAt).toBeLessThan(12 * MINUTE);
    await system.live(60 * MINUTE);
    expect(system.powerActions()).toEqual(['start builder', 'stop builder']);
    expect(await host().document).toMatchObject({state: 'stopped', startFailures: 0});
    expect((await system.sweep()).incomplete).toEqual([]);
    const api = new ApiClient(system.urls.api);
    expect((await api.get('/status')).json).toMatchObject({
      hosts: [{silent: false, vm: 'stopped'}],
      last_sweep: {complete: true},
    });
    await expectAllDown();
  });

  test('is never stopped while a container runs, however long, nor soon after', async () => {
    system = await aHostVmSystem({builder: 2});
    const long = system.queueDockerJob(100 * MINUTE);
    await system.live(95 * MINUTE);
    expect([long.status, host().vm.status]).toEqual(['in_progress', 'RUNNING']);
    await system.live(40 * MINUTE, isOver);
    await system.live(8 * MINUTE);
    const next = system.queueDockerJob();
    await system.live(9 * MINUTE);
    expect([next.conclusion, host().vm.status]).toEqual(['success', 'RUNNING']);
    await system.live(30 * MINUTE, isDown);
    expect(system.powerActions()).toEqual(['start builder', 'stop builder']);
    await expectAllDown();
  });

  test('is started again for a job that comes while it stops; its last calls get nothing', async () => {
    system = await aHostVmSystem({builder: 2});
    system.queueDockerJob();
    await system.live(10 * MINUTE, isOver);
    await system.live(15 * MINUTE, () => host().vm.status === 'STOPPING');
    const job = system.queueDockerJob();
    await system.pass(1_000);
    expect((await host().lastCall()).json).toMatchObject({start: [], remove: []});
    await system.live(10 * MINUTE, isOver);
    expect(job.conclusion).toBe('success');
    await system.live(30 * MINUTE, isDown);
    expect(system.powerActions()).toEqual(['start builder', 'stop builder', 'start builder', 'stop builder']);
    await expectAllDown();
  });

  test('whose agent does not call is stopped once, and its jobs get a dead letter that says so', async () => {
    system = await aHostVmSystem({builder: 2});
    host().works = false;
    const jobs = [system.queueDockerJob(), system.queueDockerJob()];
    await system.live(4 * MINUTE, undefined, true);
    expect(host().vm.status).toBe('RUNNING');
    await system.live(30 * MINUTE, undefined, true);
    expect(system.powerActions()).toEqual(['start builder', 'stop builder']);
    expect(jobs.map(({status}) => status)).toEqual(['queued', 'queued']);
    const error = expect.stringMatching(/^host builder did not call within 5 minutes of the start of its VM builder/);
    expect(await letters()).toEqual(jobs.map(({id}) => expect.objectContaining({job: `${id}-1`, error})));
    expect(await system.store.find('slots', {where: {holder: null}, limit: 10})).toHaveLength(2);

    host().works = true;
    const retried = await new ApiClient(system.urls.api).post(`/deadletters/job-${jobs[0]?.id}-1/retry`);
    expect(retried.status).toBe(200);
    await system.live(20 * MINUTE, () => jobs[0]?.status === 'completed');
    expect(jobs[0]?.conclusion).toBe('success');
  });

  test('gives a job to another host when its own agent does not call', async () => {
    system = await aHostVmSystem({builder: 1, other: 1});
    host().works = false;
    const job = system.queueDockerJob();
    await system.live(20 * MINUTE, isOver);
    expect(job.conclusion).toBe('success');
    expect(await letters()).toEqual([]);
    expect(system.powerActions().slice(0, 3).sort()).toEqual(['start builder', 'start other', 'stop builder']);
    await system.live(30 * MINUTE, () => host(1).vm.status === 'TERMINATED');
    await expectAllDown();
  });

  test('is not started in turn with another one whose agent does not call either', async () => {
    system = await aHostVmSystem({builder: 2, other: 1});
    for (const each of system.hosts) each.works = false;
    const job = system.queueDockerJob();
    await system.live(45 * MINUTE, undefined, true);
    expect(system.powerActions()).toEqual(['start builder', 'stop builder', 'start other', 'stop other']);
    const error = expect.stringMatching(/^host other did not call .*, nor did host builder on VM builder\. Does/);
    expect(await letters()).toEqual([expect.objectContaining({job: `${job.id}-1`, error})]);
    const unheard = (name: string) =>
      expect.stringContaining(`VM ${name} of host ${name} is down: its agent did not call after the last start at `);
    expect(await findings('host.builder', 'pool.docker.provider')).toMatchObject([
      {status: 'error', because: unheard('builder')},
      {status: 'error', because: unheard('builder')},
    ]);
    const {json} = await new ApiClient(system.urls.api).get('/hosts');
    expect(json).toMatchObject({hosts: [{silent: true}, {silent: true}]});
    const test = await new ApiClient(system.urls.api).post('/pools/docker/test', {repository: 'acme/app'});
    expect(test.json).toMatchObject({decision: 'fail', because: unheard('other')});

    host(1).works = true;
    expect((await new ApiClient(system.urls.api).post(`/deadletters/job-${job.id}-1/retry`)).status).toBe(200);
    await system.live(30 * MINUTE, isOver, true);
    expect(job.conclusion).toBe('success');
  });

  test('comes after the others once its agent did not call, and the doctor warns of it', async () => {
    system = await aHostVmSystem({builder: 1, other: 1});
    host().works = false;
    for (let count = 0; count < 3; count++) {
      system.queueDockerJob();
      await system.live(20 * MINUTE, isOver, true);
      await system.live(15 * MINUTE, () => host(1).vm.status === 'TERMINATED', true);
    }
    expect(isOver()).toBe(true);
    expect(system.powerActions().filter((action) => action.endsWith('builder'))).toEqual([
      'start builder',
      'stop builder',
    ]);
    expect(await findings('host.builder', 'host.other')).toMatchObject([{status: 'warning'}, {status: 'ok'}]);
  });

  test('is started beside another one only when more jobs wait than one has room for', async () => {
    system = await aHostVmSystem({builder: 2, other: 2});
    for (let count = 0; count < 2; count++) system.queueDockerJob(5 * MINUTE);
    await system.live(3 * MINUTE);
    expect(system.powerActions()).toEqual(['start builder']);
    system.queueDockerJob();
    await system.live(20 * MINUTE, isOver);
    expect(system.powerActions()).toEqual(['start builder', 'start other']);
    expect(system.jobs.map(({conclusion}) => conclusion)).toEqual(['success', 'success', 'success']);
  });

  test('without capacity in its zone is tried again, and the job waits', async () => {
    system = await aHostVmSystem({builder: 1});
    system.compute.failLate({error: {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'The zone is full.'}});
    const job = system.queueDockerJob();
    await system.live(15 * MINUTE, undefined, true);
    expect([job.status, await letters()]).toEqual(['queued', []]);
    const api = new ApiClient(system.urls.api);
    expect((await api.get(`/explain?job=${job.id}`)).json).toMatchObject({because: expect.stringContaining('builder')});
    system.compute.recover();
    await system.live(20 * MINUTE, isOver, true);
    expect(job.conclusion).toBe('success');
    await system.live(30 * MINUTE, isDown);
    await expectAllDown();
  });
});

describe('the sweep', () => {
  test('stops a VM whose check was lost, and one that somebody started by hand', async () => {
    system = await aHostVmSystem({builder: 1});
    system.tasks.dispatchFault({match: ({name}) => name.includes('-vm-builder-'), times: 1, respond: 'not delivered'});
    system.compute.power('start', VM_ZONE, 'builder');
    await system.live(2 * MINUTE);
    await system.live(40 * MINUTE, isDown, true);
    await expectAllDown();
  });

  test('starts a VM that went down before it picked its container up', async () => {
    system = await aHostVmSystem({builder: 1});
    system.queueDockerJob();
    await system.live(10 * MINUTE, isOver);
    await system.live(10_000);
    const job = system.queueDockerJob();
    await system.pass(1_000);
    expect(await system.store.find('containers', {where: {state: 'assigned'}, limit: 5})).toHaveLength(1);
    host().vm.status = 'TERMINATED';
    await system.live(20 * MINUTE, isOver, true);
    expect(job.conclusion).toBe('success');
    await system.live(40 * MINUTE, isDown, true);
    await expectAllDown();
  });
});

test('explain says that the VM starts, doctor that it is stopped and is started for jobs', async () => {
  system = await aHostVmSystem({builder: 1});
  const api = new ApiClient(system.urls.api);
  expect(await findings('host.builder')).toMatchObject([
    {status: 'ok', because: 'VM builder of host builder is TERMINATED, and is started for jobs'},
  ]);
  const job = system.queueDockerJob();
  await system.live(20_000);
  expect((await api.get(`/explain?job=${job.id}`)).json).toMatchObject({
    verdict: 'vm_starting',
    because: expect.stringMatching(/^VM builder of host builder is starting since /),
  });
  expect((await api.get('/status')).json).toMatchObject({waiting_jobs: [{verdict: 'vm_starting'}]});
  host().works = false;
  await system.live(9 * MINUTE, isDown);
  expect((await api.get(`/explain?job=${job.id}`)).json).toMatchObject({verdict: 'given_up'});
});
