import {aSystem, expectClean, MINUTE, POOLS, type TestSystem} from '../builders/system';
import {computeMachines} from '../emulators/compute/machine-world';
import type {Job} from '../emulators/github/job';

jest.setTimeout(120_000);

const SPOT = ['self-hosted', 'gpu'];

let system: TestSystem;
afterEach(() => system.close());

const calls = (operation: RegExp) => system.github.requests.filter(({operationId}) => operation.test(operationId));

describe('the job of a preempted spot VM', () => {
  const lose = async (job: {readonly status: string}) => {
    await system.pass(5 * MINUTE, () => job.status === 'in_progress');
    await system.pass(10_000);
    const [machine] = system.compute.instances();
    if (!machine) throw new Error('no VM');
    system.compute.preempt(machine);
  };
  const rerunning = POOLS.replace('spot: prefer}', 'spot: prefer}\n    rerunOnPreemption: true');

  test('is logged with its URL, and rerun if the pool says so', async () => {
    system = await aSystem({pools: rerunning, sweepEverySeconds: 60});
    const job = system.queueJob({labels: SPOT, durationMs: 10 * MINUTE});
    await lose(job);
    await system.pass(60 * MINUTE);
    expect(job).toMatchObject({conclusion: 'failure', ending: 'lost'});
    expect(system.log.find((line) => line.includes('was preempted under a job'))).toContain(`/job/${job.id}`);
    const again = system.github.queue.jobs().filter(({runId}) => runId === job.runId);
    expect(again.map(({runAttempt, conclusion}) => [runAttempt, conclusion])).toEqual([
      [1, 'failure'],
      [2, 'success'],
    ]);
    expectClean(system);
  });

  test('is not rerun if the pool does not say so', async () => {
    system = await aSystem({sweepEverySeconds: 60});
    const job = system.queueJob({labels: SPOT, durationMs: 10 * MINUTE});
    await lose(job);
    await system.pass(40 * MINUTE);
    expect(calls(/re-run/)).toEqual([]);
    expectClean(system);
  });

  test('is not rerun if it was cancelled', async () => {
    system = await aSystem({pools: rerunning, sweepEverySeconds: 60});
    const job = system.queueJob({labels: SPOT, durationMs: 10 * MINUTE});
    await lose(job);
    system.github.cancelJob(job.id as number);
    await system.pass(40 * MINUTE);
    expect(calls(/re-run/)).toEqual([]);
    expectClean(system);
  });
});

/** One pool of spot machines at each cloud, whose jobs are rerun. */
const CLOUDS = {
  gce: `
pools:
  - name: spot
    repos: ["acme/*"]
    requires: [self-hosted, gpu]
    maxRunners: 1
    rerunOnPreemption: true
    provider: {type: gce, template: runner-gpu, zones: [us-central1-a, us-central1-b], spot: only}
`,
  ec2: `
pools:
  - name: spot
    repos: ["acme/*"]
    requires: [self-hosted, gpu]
    maxRunners: 1
    rerunOnPreemption: true
    provider:
      {type: ec2, region: eu-central-1, launchTemplate: runner, subnets: [subnet-a], instanceTypes: [m7i.large], spot: only}
`,
};

/** So long a runner whose machine may have been preempted drains at most: until the first sweep after three minutes. */
const MOST_DRAINING_MS = 4 * MINUTE + 5_000;

describe.each(['gce', 'ec2'] as const)('the job of a spot VM of %s whose runner ends at the notice', (cloud) => {
  const start = async (pools = CLOUDS[cloud]) => {
    system = await aSystem({pools, sweepEverySeconds: 60, withAws: cloud === 'ec2'});
  };
  const runs = async (job: Readonly<Job>) => {
    await system.pass(5 * MINUTE, () => job.status === 'in_progress');
    await system.pass(20_000);
  };
  const aJobRuns = async () => {
    const job = system.queueJob({labels: SPOT, durationMs: 10 * MINUTE});
    await runs(job);
    return job;
  };
  const machines = () => (cloud === 'ec2' ? (system.aws?.world.machines() ?? []) : system.compute.instances());
  const preempt = () => {
    const world = cloud === 'ec2' ? system.aws?.world : computeMachines(system.compute);
    const [machine] = world?.machines() ?? [];
    if (!machine) throw new Error('no VM');
    world?.preempt(machine, {isHeeded: true});
  };
  const attempts = ({runId}: Readonly<Job>) =>
    system.github.queue
      .jobs()
      .filter((each) => each.runId === runId)
      .map(({runAttempt, conclusion}) => [runAttempt, conclusion]);
  const runnerOf = ({runner}: Readonly<Job>) => system.store.get('runners', runner?.name ?? '');
  const shutDown = (job: Readonly<Job>) =>
    system.github.runners
      .all()
      .find(({name}) => name === job.runner?.name)
      ?.session?.shutDown();
  const isOver = async (job: Readonly<Job>) => (await runnerOf(job))?.state === 'gone';

  test('is rerun once, and its slot goes on to the next job', async () => {
    await start();
    const job = await aJobRuns();
    const next = system.queueJob({labels: SPOT, durationMs: MINUTE});
    preempt();
    expect(job).toMatchObject({conclusion: 'failure', ending: 'shut_down'});
    await system.pass(MOST_DRAINING_MS);
    expect(await runnerOf(job)).toMatchObject({state: 'gone', slot: null, handedTo: `${next.id}-1`});
    expect(system.log.find((line) => line.includes('was preempted under a job'))).toContain(`/job/${job.id}`);
    await system.pass(60 * MINUTE);
    expect(next.conclusion).toBe('success');
    expect(attempts(job)).toEqual([
      [1, 'failure'],
      [2, 'success'],
    ]);
    expect(calls(/re-run/)).toHaveLength(1);
    expectClean(system);
  });

  test('is rerun once, when GitHub tells of its end again and again', async () => {
    await start();
    const job = await aJobRuns();
    preempt();
    for (let n = 0; n < 8; n++) {
      system.github.announceJob(job, 'completed');
      await system.pass(30_000);
    }
    await system.pass(60 * MINUTE);
    expect(attempts(job)).toHaveLength(2);
    expectClean(system);
  });

  test('is rerun when only the sweep learns of its end', async () => {
    await start();
    const job = await aJobRuns();
    system.github.deliveries.faults = ({action}) => ({drop: action === 'completed'});
    preempt();
    system.github.deliveries.faults = () => ({});
    await system.pass(60 * MINUTE);
    expect(attempts(job)).toHaveLength(2);
    expectClean(system);
  });

  test('is rerun when nobody told of its start', async () => {
    await start();
    system.github.deliveries.faults = ({action}) => ({drop: action === 'in_progress'});
    const job = system.queueJob({labels: SPOT, durationMs: 10 * MINUTE});
    await system.pass(5 * MINUTE, () => job.status === 'in_progress');
    preempt();
    system.github.deliveries.faults = () => ({});
    await system.pass(5_000);
    expect(await runnerOf(job)).toMatchObject({state: 'draining', mayBePreempted: true});
    await system.pass(60 * MINUTE);
    expect(attempts(job)).toHaveLength(2);
    expectClean(system);
  });

  test('is not rerun where nobody preempted the VM, which is deleted within minutes', async () => {
    await start();
    const job = await aJobRuns();
    shutDown(job);
    expect(job).toMatchObject({conclusion: 'failure', ending: 'shut_down'});
    await system.pass(MOST_DRAINING_MS);
    expect(await runnerOf(job)).toMatchObject({state: 'gone', slot: null});
    expect(system.log.filter((line) => /preempted under|vanished under/.test(line))).toEqual([]);
    await system.pass(60 * MINUTE);
    expect(calls(/re-run/)).toEqual([]);
    expectClean(system);
  });

  test('is not rerun if a step failed, and the VM is deleted at once', async () => {
    await start();
    const labels = SPOT;
    const job = system.github.queueJob({repository: 'acme/app', labels, durationMs: MINUTE, conclusion: 'failure'});
    await runs(job);
    await system.pass(2 * MINUTE, () => job.status === 'completed');
    await system.pass(15_000);
    expect(await isOver(job)).toBe(true);
    expect(machines()).toEqual([]);
    await system.pass(30 * MINUTE);
    expect(calls(/re-run/)).toEqual([]);
    expectClean(system);
  });

  test('is not rerun if the pool does not say so, and the VM is deleted at once', async () => {
    await start(CLOUDS[cloud].replace('rerunOnPreemption: true', 'rerunOnPreemption: false'));
    const job = await aJobRuns();
    preempt();
    await system.pass(15_000);
    expect(await isOver(job)).toBe(true);
    await system.pass(30 * MINUTE);
    expect(calls(/re-run/)).toEqual([]);
    expectClean(system);
  });
});

test('a runner whose VM the sweep may not ask about is ended all the same', async () => {
  system = await aSystem({pools: CLOUDS.gce, sweepEverySeconds: 60});
  const job = system.queueJob({labels: SPOT, durationMs: 10 * MINUTE});
  await system.pass(5 * MINUTE, () => job.status === 'in_progress');
  await system.pass(20_000);
  const respond = {status: 403, reason: 'forbidden', message: 'Required compute.zoneOperations.list permission'};
  system.computeServer.fault({
    match: ({method, path}) => method === 'GET' && /operations$/.test(path),
    times: 99,
    respond,
  });
  const [machine] = system.compute.instances();
  if (machine) system.compute.preempt(machine, {isHeeded: true});
  await system.pass(MOST_DRAINING_MS);
  expect(await system.store.get('runners', job.runner?.name ?? '')).toMatchObject({state: 'gone', slot: null});
  expect(system.log.some((line) => line.includes('preemption_unknown'))).toBe(true);
  expectClean(system);
});
