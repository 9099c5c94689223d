import {MINUTE} from '../builders/system';
import {aVmSystem, expectUnharmed, VM, type VmSystem, ZONE} from '../builders/vm-system';

const A100 = ['self-hosted', 'gpu', 'a100'];
const APP = {kind: 'repository', owner: 'acme', repo: 'app'} as const;

let system: VmSystem;
afterEach(() => system.close());

const warnings = () =>
  system.log.map((line) => JSON.parse(line)).filter(({reason}) => reason === 'vm_cannot_take_it') as {
    severity: string;
    message: string;
    labels: string[];
  }[];
const readings = () => system.github.requests.filter(({operationId}) => /list-self-hosted-runners/.test(operationId));

describe('a job that asks for a label that the runner of its persistent VM does not have', () => {
  test('does not start the VM, and one warning names the label', async () => {
    system = await aVmSystem();
    const job = system.queueJob({labels: A100});
    await system.sweepFor(60 * MINUTE);
    expect(system.powerActions()).toEqual([]);
    expect(job.status).toBe('queued');
    expect(warnings()).toEqual([expect.objectContaining({severity: 'WARNING', labels: ['a100']})]);
    expect(warnings()[0]?.message).toContain(`asks for a100, which the runner of VM ${VM} does not have at GitHub`);
    expectUnharmed(system);
  });

  test('does not keep it running, neither by waiting nor by its end', async () => {
    system = await aVmSystem();
    const small = system.queueGpuJob();
    await system.pass(5 * MINUTE, () => small.status === 'completed');
    const endedAt = system.scheduler.now();
    await system.pass(4 * MINUTE);
    const [waits, cancelled] = [system.queueJob({labels: A100}), system.queueJob({labels: A100})];
    await system.pass(4 * MINUTE);
    system.github.cancelJob(cancelled.id);
    await system.pass(10 * MINUTE, () => system.vm.status === 'TERMINATED');
    expect(system.scheduler.now() - endedAt).toBeLessThan(13 * MINUTE);
    expect(waits.status).toBe('queued');
    expectUnharmed(system);
  });

  test('starts it while the runner is not registered, and does not hold it once the runner is', async () => {
    system = await aVmSystem({bootMs: MINUTE});
    system.github.runners.remove(system.runner);
    system.queueJob({labels: A100});
    await system.pass(30_000);
    expect(system.powerActions()).toEqual(['start']);
    const request = {name: VM, labels: ['self-hosted', 'gpu'], runnerGroupId: 1};
    system.github.runners.registerPersistent(APP, request);
    await system.pass(30 * MINUTE, () => system.vm.status === 'TERMINATED');
    expect(system.vm.status).toBe('TERMINATED');
    expect(warnings()).toHaveLength(1);
    expectUnharmed(system);
  });

  test('runs once the runner has the label', async () => {
    system = await aVmSystem();
    const job = system.queueJob({labels: A100});
    await system.sweepFor(10 * MINUTE);
    expect(system.powerActions()).toEqual([]);
    system.github.runners.relabel(system.runner, [...system.runner.labels, 'a100']);
    await system.sweepFor(30 * MINUTE);
    expect(job.conclusion).toBe('success');
    expectUnharmed(system);
  });

  test('runs on the VM’s other runner, which has it', async () => {
    const provider = {type: 'gce-vm', instance: VM, zone: ZONE};
    const pools = JSON.stringify({
      pools: [
        {name: 'small', repo: 'acme/app', requires: ['self-hosted', 'gpu'], provider},
        {
          name: 'large',
          repo: 'acme/app',
          requires: ['self-hosted', 'cuda'],
          provider: {...provider, runnerName: 'large'},
        },
      ],
    });
    system = await aVmSystem({pools});
    const request = {name: 'large', labels: ['self-hosted', 'gpu', 'cuda', 'a100'], runnerGroupId: 1};
    system.github.runners.registerPersistent(APP, request);
    system.queueJob({labels: A100});
    await system.pass(MINUTE);
    expect(system.powerActions()).toEqual(['start']);
    expect(warnings()).toEqual([]);
  });
});

describe('the labels of a persistent runner', () => {
  test('that we took off ourselves are not missing', async () => {
    system = await aVmSystem();
    system.queueGpuJob();
    await system.untilDown();
    expect(system.runner.labels).not.toContain('gpu');
    const second = system.queueGpuJob();
    await system.pass(5 * MINUTE, () => second.status === 'completed');
    expect(second.conclusion).toBe('success');
    expect(warnings()).toEqual([]);
    expectUnharmed(system);
  });

  test('are compared without case', async () => {
    system = await aVmSystem();
    const job = system.queueJob({labels: ['Self-Hosted', 'GPU', 'Linux']});
    await system.pass(5 * MINUTE, () => job.status === 'completed');
    expect(job.conclusion).toBe('success');
  });

  test('are taken to be enough when GitHub does not tell them', async () => {
    system = await aVmSystem();
    const path = /actions\/runners/;
    system.github.fault({match: {path}, times: 10, respond: {status: 502, headers: {}, body: {}}});
    system.queueGpuJob();
    await system.pass(MINUTE);
    expect(system.powerActions()).toEqual(['start']);
  });

  test('are read once for many jobs', async () => {
    system = await aVmSystem();
    system.queueGpuJob();
    await system.pass(30_000);
    const before = readings().length;
    for (let n = 0; n < 10; n++) system.queueGpuJob(10_000);
    await system.pass(30_000);
    expect(readings().length - before).toBe(0);
    expectUnharmed(system);
  });
});
