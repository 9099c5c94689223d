import {MINUTE} from '../builders/system';
import {aVmSystem, expectUnharmed, FLAT, VM, type VmSystem, ZONE} from '../builders/vm-system';
import {QUEUES} from '../emulators/system';

const STOCK_OUT = {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'The zone does not have enough resources available.'};

let system: VmSystem;
afterEach(() => system.close());

describe('a persistent VM of the flat form', () => {
  test('is started for a job and stopped after its idle time, once each', async () => {
    system = await aVmSystem();
    const job = system.queueGpuJob();
    await system.pass(5 * MINUTE, () => job.status === 'completed');
    expect(job).toMatchObject({conclusion: 'success', runner: {name: VM}});
    const endedAt = system.scheduler.now();
    await system.pass(9 * MINUTE);
    expect(system.vm.status).toBe('RUNNING');
    await system.untilDown();
    const idleMs = system.scheduler.now() - endedAt;
    expect(idleMs).toBeGreaterThan(10 * MINUTE);
    // Two of them without the label that would bring it a job.
    expect(idleMs).toBeLessThan(13 * MINUTE);
    await system.pass(60 * MINUTE);
    expect(system.powerActions()).toEqual(['start', 'stop']);
    expect(await system.document()).toMatchObject({state: 'stopped', runs: []});
    expectUnharmed(system);
  });

  test('serves several jobs one after the other, and stops after the last', async () => {
    system = await aVmSystem();
    const jobs = [1, 2, 3].map(() => system.queueGpuJob());
    await system.untilDown();
    expect(jobs.map(({conclusion}) => conclusion)).toEqual(['success', 'success', 'success']);
    expect(system.powerActions()).toEqual(['start', 'stop']);
    expectUnharmed(system);
  });

  test('runs no job of a public repository, although the pool allows them', async () => {
    const pool = {repo: 'acme/open', requires: ['gpu'], allowPublicRepos: true};
    const pools = JSON.stringify({pools: [{...pool, provider: {type: 'gce-vm', instance: VM, zone: ZONE}}]});
    system = await aVmSystem({pools, repositories: ['acme/app']});
    system.github.addRepository('acme/open', {visibility: 'public'});
    system.queueJob({repository: 'acme/open', labels: ['gpu']});
    await system.pass(5 * MINUTE);
    expect(system.vm.status).toBe('TERMINATED');
    expect(system.log.join('')).toContain('has a persistent VM, which serves no public one');
  });

  test('is shared by two repositories, each with a runner there: busy with one of them is busy', async () => {
    const entry = {labels: ['self-hosted', 'gpu'], vm_instance_name: VM, vm_instance_zone: ZONE};
    const pools = JSON.stringify(['acme/app', 'acme/web'].map((repo) => ({repo, ...entry})));
    system = await aVmSystem({pools});
    const request = {name: VM, labels: ['self-hosted', 'gpu'], runnerGroupId: 1};
    system.github.runners.registerPersistent({kind: 'repository', owner: 'acme', repo: 'web'}, request);
    const long = system.queueJob({repository: 'acme/web', labels: ['self-hosted', 'gpu'], durationMs: 40 * MINUTE});
    system.queueGpuJob();
    await system.pass(39 * MINUTE);
    expect(long.status).toBe('in_progress');
    await system.untilDown();
    expect(long.conclusion).toBe('success');
    expect(system.powerActions()).toEqual(['start', 'stop']);
    expectUnharmed(system);
  });

  test('whose job is cancelled before it boots stops after its idle time', async () => {
    system = await aVmSystem({bootMs: 3 * MINUTE});
    const job = system.queueGpuJob();
    await system.pass(MINUTE);
    system.github.cancelJob(job.id);
    await system.untilDown(15 * MINUTE);
    expect(job.conclusion).toBe('cancelled');
    expectUnharmed(system);
  });

  test('stops although nobody said that its job is over', async () => {
    system = await aVmSystem();
    system.github.deliveries.faults = ({action}) => (action === 'queued' ? {} : {drop: true});
    const job = system.queueGpuJob();
    await system.untilDown(40 * MINUTE);
    expect(job.conclusion).toBe('success');
    expect(system.decisions()).toContain('repaired');
    expectUnharmed(system);
  });
});

describe('starting', () => {
  test.each<[string, string[]]>([
    ['TERMINATED', ['start']],
    ['SUSPENDED', ['resume']],
    ['RUNNING', []],
  ])('from %s', async (status, actions) => {
    system = await aVmSystem();
    if (status === 'RUNNING') system.compute.power('start', ZONE, VM);
    else system.vm.status = status as 'TERMINATED';
    await system.pass(30_000);
    const job = system.queueGpuJob();
    await system.pass(5 * MINUTE, () => job.status === 'completed');
    expect(job.conclusion).toBe('success');
    expect(system.powerActions()).toEqual(actions);
  });

  test('from STOPPING waits until the VM is down', async () => {
    system = await aVmSystem();
    system.compute.power('start', ZONE, VM);
    await system.pass(MINUTE);
    system.compute.power('stop', ZONE, VM);
    const job = system.queueGpuJob();
    await system.pass(10 * MINUTE, () => job.status === 'completed');
    expect(job.conclusion).toBe('success');
    expect(system.powerActions()).toEqual(['start']);
    expectUnharmed(system);
  });

  test('without capacity is tried again with growing pauses, and told loudly after 15 minutes', async () => {
    system = await aVmSystem();
    system.compute.failLate({error: STOCK_OUT});
    const job = system.queueGpuJob();
    await system.pass(14 * MINUTE);
    const alerts = () => system.log.filter((line) => line.includes('"reason":"vm_no_capacity"'));
    expect(alerts()).toEqual([]);
    const early = system.powerActions().length;
    expect(early).toBeGreaterThan(3);
    await system.pass(16 * MINUTE);
    expect(alerts().length).toBeGreaterThan(0);
    expect(JSON.parse(alerts()[0] ?? '{}')).toMatchObject({severity: 'ERROR', decision: 'alert', vm: VM});
    // No more often than every five minutes by then.
    expect(system.powerActions().length - early).toBeLessThan(6);
    system.compute.recover();
    await system.untilDown(60 * MINUTE);
    expect(job.conclusion).toBe('success');
    expect(await system.document()).toMatchObject({startFailures: 0, startFailingSince: null});
    expectUnharmed(system);
  });

  test('a VM that does not exist is told once, and the task is not tried for ever', async () => {
    system = await aVmSystem({pools: FLAT.replaceAll(VM, 'no-such-vm')});
    system.queueGpuJob();
    await system.pass(30 * MINUTE);
    const alert = system.log.filter((line) => line.includes('"decision":"alert"'));
    expect(alert).toHaveLength(1);
    expect(alert[0]).toContain('found no VM no-such-vm in asia-northeast1-a');
    expect((await system.store.find('deadletters', {where: {}, limit: 5})).length).toBe(1);
    expect(system.tasks.queue(QUEUES.provision).nextAt()).toBeUndefined();
  });

  test('a runner that does not come online while its job waits is told', async () => {
    system = await aVmSystem({failsToBoot: () => true});
    system.queueGpuJob();
    await system.pass(40 * MINUTE);
    expect(system.log.join('')).toContain('"reason":"vm_runner_offline"');
    expect(system.vm.status).toBe('RUNNING');
  });
});

describe('a VM that goes down by itself while a job waits', () => {
  test.each<[string, () => void]>([
    ['by a power off in the guest', () => system.compute.powerOff(system.vm)],
    [
      'by its host, which may not restart it',
      () => {
        Object.assign(system.vm.scheduling, {automaticRestart: false});
        system.compute.failHost(system.vm);
      },
    ],
    ['by hand', () => system.compute.power('stop', ZONE, VM)],
  ])('%s is started again within two sweeps', async (_, goDown) => {
    let isBroken = true;
    system = await aVmSystem({failsToBoot: () => isBroken});
    const job = system.queueGpuJob();
    await system.sweepFor(4 * MINUTE);
    expect(system.powerActions()).toEqual(['start']);
    isBroken = false;
    goDown();
    await system.pass(5 * MINUTE, () => system.vm.status === 'TERMINATED');
    await system.sweepFor(2 * MINUTE);
    expect(system.powerActions().filter((action) => action === 'start')).toHaveLength(2);
    await system.pass(5 * MINUTE, () => job.status === 'completed');
    expect(job.conclusion).toBe('success');
    await system.untilDown();
    expectUnharmed(system);
  });
});

describe('DRY_RUN', () => {
  test('says what it would do and leaves the VM alone', async () => {
    system = await aVmSystem({env: {DRY_RUN: 'true'}});
    system.queueGpuJob();
    await system.pass(40 * MINUTE);
    expect(system.powerActions()).toEqual([]);
    expect(system.log.join('')).toContain(`dry run: would start ${VM} in ${ZONE}`);
  });
});
