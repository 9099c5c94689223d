import {aSystem, expectClean, MINUTE, POOLS, type TestSystem} from '../builders/system';

jest.setTimeout(120_000);

const HOUR = 60 * MINUTE;
const ORG = `
pools:
  - name: arm
    org: acme
    requires: [self-hosted, linux]
    provider: {type: gce, template: runner-arm64, region: us-central1, zones: [us-central1-a, us-central1-b]}
`;

let system: TestSystem;
afterEach(() => system.close());

/** Makes GitHub answer 404 for the runs and jobs of the repository, for this many calls. */
function hideRepository(times: number): void {
  system.github.fault({
    match: {path: /\/repos\/acme\/app\/actions\/(runs|jobs)/},
    times,
    respond: {status: 404, headers: {}, body: {message: 'Not Found'}},
  });
}
const vanished = () => system.log.filter((line) => line.includes('"reason":"vanished_job"'));

describe('a repository that answers 404', () => {
  test.each([
    ['repositories', POOLS],
    ['an organization', ORG],
  ])('keeps the VM of a job that runs there, in a pool of %s', async (_, pools) => {
    system = await aSystem({pools});
    const job = system.queueJob({durationMs: HOUR});
    await system.sweepFor(5 * MINUTE);
    expect(job.status).toBe('in_progress');
    hideRepository(100_000);
    await system.sweepFor(2 * HOUR);
    expect(job.conclusion).toBe('success');
    expect(vanished()).toEqual([]);
    await system.finish();
    expectClean(system);
  });

  test('for some minutes: no waiting job loses its runner', async () => {
    system = await aSystem({pools: POOLS.replace('maxRunners: 5', 'maxRunners: 1')});
    const first = system.queueJob({durationMs: 20 * MINUTE});
    await system.sweepFor(2 * MINUTE);
    const second = system.queueJob();
    await system.sweepFor(2 * MINUTE);
    hideRepository(24);
    await system.sweepFor(40 * MINUTE);
    expect([first.conclusion, second.conclusion]).toEqual(['success', 'success']);
    await system.finish();
    expectClean(system);
  });

  test('for a day: its jobs are completed, and each sweep asks for a few of them', async () => {
    system = await aSystem({pools: POOLS.replace('maxRunners: 5', 'maxRunners: 0')});
    const jobs = Array.from({length: 12}, () => system.queueJob());
    await system.sweepFor(3 * MINUTE);
    hideRepository(1_000_000);
    await system.sweepFor(22 * HOUR, 5 * MINUTE);
    expect(vanished()).toEqual([]);
    const asked = () =>
      system.github.requests.filter(({operationId}) => operationId === 'actions/get-job-for-workflow-run');
    const before = asked().length;
    await system.pass(MINUTE);
    await system.sweep();
    expect(asked().length - before).toBe(5);
    await system.sweepFor(2 * HOUR, 5 * MINUTE);
    for (const {id} of jobs) expect(await system.store.get('jobs', `${id}-1`)).toMatchObject({status: 'completed'});
  });
});
