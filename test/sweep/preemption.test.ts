import {aSystem, expectClean, MINUTE, POOLS, type TestSystem} from '../builders/system';

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
