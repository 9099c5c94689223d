import {jobKeyOf} from '../../shared/model/job';
import {aJob} from '../builders/lifecycle';
import {MINUTE} from '../builders/system';
import {aVmSystem, expectUnharmed, FLAT, VM, type VmSystem, ZONE} from '../builders/vm-system';

let system: VmSystem;
afterEach(() => system.close());

async function untilAllRan(limitMs = 60 * MINUTE): Promise<void> {
  await system.pass(limitMs, () => system.jobs.every(({status}) => status === 'completed'));
  expect(system.jobs.map(({conclusion}) => conclusion)).toEqual(system.jobs.map(() => 'success'));
}

test('a job before the stop is due makes it void', async () => {
  system = await aVmSystem();
  const first = system.queueGpuJob();
  await system.pass(10 * MINUTE, () => first.status === 'completed');
  await system.pass(5 * MINUTE);
  system.queueGpuJob();
  await system.pass(8 * MINUTE);
  // The stop of the first job was due a while ago.
  expect(system.vm.status).toBe('RUNNING');
  expect(system.log.join('')).toContain('void');
  await system.untilDown();
  await untilAllRan();
  expect(system.powerActions()).toEqual(['start', 'stop']);
  expectUnharmed(system);
});

test('a job between the two looks at the runner keeps the VM', async () => {
  system = await aVmSystem();
  system.queueGpuJob();
  await system.pass(60 * MINUTE, () => system.log.some((line) => line.includes('idle_so_far')));
  system.queueGpuJob();
  await system.pass(5 * MINUTE);
  expect(system.powerActions()).toEqual(['start']);
  await system.untilDown();
  await untilAllRan();
  expectUnharmed(system);
});

test('a job while the VM stops has it started again', async () => {
  system = await aVmSystem();
  system.queueGpuJob();
  system.whenStopping(() => system.queueGpuJob());
  await system.pass(60 * MINUTE, () => system.jobs.length === 2);
  await untilAllRan();
  expect(system.powerActions()).toEqual(['start', 'stop', 'start']);
  await system.untilDown();
  expectUnharmed(system);
});

test('a job whose event arrives only when the VM has stopped has it started again', async () => {
  system = await aVmSystem();
  system.queueGpuJob();
  system.whenStopping(() => {
    system.github.deliveries.faults = () => ({delayMs: MINUTE});
    system.queueGpuJob();
  });
  await system.pass(60 * MINUTE, () => system.jobs.length === 2);
  await untilAllRan();
  expect(system.powerActions()).toEqual(['start', 'stop', 'start']);
  expectUnharmed(system);
});

test('a job after the stop has it started again', async () => {
  system = await aVmSystem();
  system.queueGpuJob();
  await system.untilDown();
  await system.pass(60 * MINUTE);
  system.queueGpuJob();
  await untilAllRan();
  await system.untilDown();
  expect(system.powerActions()).toEqual(['start', 'stop', 'start', 'stop']);
  expectUnharmed(system);
});

test('a job that is on record when the VM is found down has it started again', async () => {
  system = await aVmSystem();
  system.queueGpuJob();
  await system.untilDown();
  system.github.deliveries.faults = ({action}) => (action === 'queued' ? {drop: true} : {});
  const waiting = system.queueGpuJob();
  const {id: jobId, runId} = waiting;
  const now = system.scheduler.now();
  const document = aJob({
    jobId,
    runId,
    pool: system.pool,
    labels: waiting.labels,
    installationId: null,
    demand: 'covered',
    runner: VM,
    queuedAt: now,
    expireAt: now + 24 * 60 * MINUTE,
  });
  await system.store.transaction(async (transaction) => transaction.set('jobs', jobKeyOf(document), document));
  await system.look(99);
  await untilAllRan();
  expect(system.decisions()).toContain('stop_race');
  expectUnharmed(system);
});

test.each([0, 10_000, 19_000, 21_000, 25_000, 35_000, 40_000, 50_000])(
  'a job %i ms after the stop is due runs, and no running job is killed',
  async (laterMs) => {
    system = await aVmSystem();
    const first = system.queueGpuJob();
    await system.pass(10 * MINUTE, () => first.status === 'completed');
    await system.pass(10 * MINUTE + laterMs);
    system.queueGpuJob();
    await untilAllRan();
    await system.untilDown();
    expectUnharmed(system);
  },
);

test('a busy flag that lies does not stop the VM: the job on record is asked after', async () => {
  system = await aVmSystem({githubLatencies: {busy: [60 * MINUTE, 60 * MINUTE]}});
  const job = system.queueGpuJob(30 * MINUTE);
  await system.pass(60_000);
  // As if nobody had said anything for a long time: the check is due now.
  await system.pass(29 * MINUTE);
  expect(job.status).toBe('in_progress');
  await system.look(101);
  expect(system.log.join('')).toContain('"decision":"busy"');
  expect(system.powerActions()).toEqual(['start']);
  await system.untilDown();
  expect(job.conclusion).toBe('success');
  expectUnharmed(system);
});

test('a stop that is delivered twice finds the VM down', async () => {
  system = await aVmSystem();
  system.queueGpuJob();
  await system.untilDown();
  await system.look(99);
  expect(system.decisions()).toContain('already_stopped');
  expect(system.powerActions()).toEqual(['start', 'stop']);
});

describe('draining', () => {
  const labels = () => system.runner.labels;

  test('the runner has lost every label that fits a pattern of its pool while the VM is down', async () => {
    const provider = {type: 'gce-vm', instance: VM, zone: ZONE};
    const requires = ['self-hosted', 'run-*'];
    system = await aVmSystem({pools: JSON.stringify({pools: [{repo: 'acme/app', requires, provider}]})});
    system.github.runners.relabel(system.runner, ['self-hosted', 'linux', 'run-1', 'run-2']);
    system.queueJob({labels: ['self-hosted', 'run-1']});
    await system.untilDown();
    expect(system.runner.labels).toEqual(['self-hosted', 'linux']);
    system.queueJob({labels: ['self-hosted', 'run-2']});
    await untilAllRan();
    expect([...system.runner.labels].sort()).toEqual(['linux', 'run-1', 'run-2', 'self-hosted']);
    expectUnharmed(system);
  });

  test('the runner has lost the label that its pool requires while the VM is down, and has it again when it starts', async () => {
    system = await aVmSystem();
    system.queueGpuJob();
    let atStop: string[] = [];
    system.whenStopping(() => {
      atStop = [...labels()];
    });
    await system.untilDown();
    expect(atStop).toEqual(['self-hosted', 'linux', 'x64']);
    expect(labels()).toEqual(atStop);
    system.queueGpuJob();
    await untilAllRan();
    expect(labels()).toContain('gpu');
    expect(await system.document()).toMatchObject({drained: []});
  });

  test('a job that GitHub gave to the runner just before keeps the VM, and the label comes back', async () => {
    system = await aVmSystem();
    system.queueGpuJob();
    const {runner} = system;
    system.github.observe((event) => {
      if (event.kind !== 'runner' || event.change !== 'relabelled' || runner.labels.includes('gpu')) return;
      runner.job = system.github.queue.jobs()[0] ?? null;
    });
    await system.pass(15 * MINUTE);
    expect(system.log.join('')).toContain('busy:runner');
    expect(labels()).toContain('gpu');
    expect(system.powerActions()).toEqual(['start']);
    expect(await system.document()).toMatchObject({state: 'running', drained: []});
  });

  test('can be switched off', async () => {
    const [entry] = JSON.parse(FLAT) as [{repo: string; labels: string[]}];
    const provider = {type: 'gce-vm', instance: VM, zone: 'asia-northeast1-a', drain: false};
    system = await aVmSystem({pools: JSON.stringify({pools: [{repo: entry.repo, requires: entry.labels, provider}]})});
    system.queueGpuJob();
    await system.untilDown();
    expect(labels()).toContain('gpu');
  });
});
