import {MINUTE} from '../builders/system';
import {aVmSystem, VM, type VmSystem, ZONE} from '../builders/vm-system';
import {ApiClient} from './client';
import {Questions} from './explain-client';

jest.setTimeout(60_000);

let system: VmSystem;
let questions: Questions;

beforeEach(async () => {
  system = await aVmSystem();
  questions = new Questions(system, new ApiClient(system.urls.api));
});
afterEach(() => system.close());

test('a job whose VM starts is `vm_starting`', async () => {
  const job = system.queueGpuJob();
  await system.pass(60_000, () => system.vm.status !== 'TERMINATED');
  const explained = await questions.explain(job.id);
  expect(explained).toMatchObject({
    verdict: 'vm_starting',
    pool: system.pool,
    runner: {provider: 'gce-vm', place: ZONE},
  });
  expect(explained.because).toContain(VM);
  expect(await questions.waiting(job)).toMatchObject({verdict: 'vm_starting'});
});

test('a job whose VM is up without its runner is `vm_runner_offline`', async () => {
  system.github.runners.remove(system.runner);
  const job = system.queueGpuJob();
  await system.pass(8 * MINUTE);
  const explained = await questions.explain(job.id);
  expect(explained.verdict).toBe('vm_runner_offline');
  expect(explained.because).toContain(`no runner ${VM} is registered`);
  expect(await questions.waiting(job)).toMatchObject({verdict: 'vm_runner_offline'});
});

test('a job that asks for a label that the runner lacks is `vm_cannot_take_it`', async () => {
  const job = system.queueJob({labels: ['self-hosted', 'gpu', 'cuda12']});
  await system.pass(2 * MINUTE);
  const explained = await questions.explain(job.id);
  expect(explained.verdict).toBe('vm_cannot_take_it');
  expect(explained.because).toContain('asks for cuda12');
  // The record alone knows the label, too: GET /status asks nobody.
  expect(await questions.waiting(job)).toMatchObject({
    verdict: 'vm_cannot_take_it',
    because: expect.stringContaining('asks for cuda12, which runner'),
  });
});

test('a job that the VM runs, and ran, has the VM as its runner', async () => {
  const job = system.queueGpuJob(20 * MINUTE);
  await system.pass(10 * MINUTE, () => job.status === 'in_progress');
  await system.pass(10_000);
  const runner = {name: VM, pool: system.pool, provider: 'gce-vm', place: ZONE};
  expect(await questions.explain(job.id)).toMatchObject({verdict: 'running', runner: {...runner, state: 'busy'}});
  await system.pass(30 * MINUTE, () => job.status === 'completed');
  await system.pass(MINUTE);
  expect(await questions.explain(job.id)).toMatchObject({verdict: 'completed', runner: {...runner, state: 'idle'}});
});

test('a job whose VM was stopped under it is `running`, and the VM is said to be down, while GitHub waits for its runner', async () => {
  const job = system.queueGpuJob(60 * MINUTE);
  await system.pass(10 * MINUTE, () => job.status === 'in_progress');
  await system.pass(10_000);
  expect((await questions.explain(job.id)).because).not.toContain('down');
  system.compute.powerOff(system.vm);
  await system.sweepFor(5 * MINUTE);
  expect(job.status).toBe('in_progress');
  const explained = await questions.explain(job.id);
  expect(explained).toMatchObject({verdict: 'running'});
  expect(explained.because).toContain(`VM ${VM} is down`);
});

test('a job of another pool that the VM’s runner took has the VM as its runner', async () => {
  const pools = `pools:
  - name: gpu
    repo: acme/app
    requires: [self-hosted, gpu]
    provider: {type: gce-vm, instance: ${VM}, zone: ${ZONE}}
  - name: arm
    repo: acme/app
    requires: [self-hosted, linux]
    provider: {type: gce, template: runner-arm64, zones: [us-central1-a]}`;
  await system.close();
  system = await aVmSystem({pools});
  questions = new Questions(system, new ApiClient(system.urls.api));
  const first = system.queueGpuJob();
  await system.pass(20 * MINUTE, () => first.status === 'completed');
  const job = system.queueJob({durationMs: 20 * MINUTE});
  await system.pass(MINUTE, () => job.status === 'in_progress');
  await system.pass(10_000);
  expect(job.runner?.name).toBe(VM);
  expect(await questions.explain(job.id)).toMatchObject({
    verdict: 'running',
    pool: 'arm',
    runner: {name: VM, pool: 'gpu', provider: 'gce-vm', state: 'busy', place: ZONE},
  });
});

test('a job behind another one on the VM is `waiting_for_slot`', async () => {
  const first = system.queueGpuJob(60 * MINUTE);
  await system.pass(10 * MINUTE, () => first.status === 'in_progress');
  await system.pass(10_000);
  const second = system.queueGpuJob();
  await system.pass(10_000);
  const explained = await questions.explain(second.id);
  expect(explained.verdict).toBe('waiting_for_slot');
  expect(explained.because).toContain(`runs job ${first.id}-1`);
  expect(await questions.waiting(second)).toMatchObject({verdict: 'waiting_for_slot', position: 1});
});

test('a job whose VM finds no capacity is `no_capacity` with the next try', async () => {
  system.compute.setCapacity({zone: ZONE}, 0);
  const job = system.queueGpuJob();
  await system.pass(30_000);
  const explained = await questions.explain(job.id);
  expect(explained.verdict).toBe('no_capacity');
  expect(explained.because).toContain(`could not be started in ${ZONE}`);
  expect(await questions.waiting(job)).toMatchObject({verdict: 'no_capacity'});
});
