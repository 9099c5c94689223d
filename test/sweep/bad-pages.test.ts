import {aSystem, expectClean, MINUTE, POOLS, type TestSystem} from '../builders/system';

jest.setTimeout(120_000);

const BAD_GATEWAY = {status: 502, body: {message: 'Server Error'}};
const OFTEN = 100_000;

let system: TestSystem;
afterEach(() => system.close());

const fail = (path: RegExp, query?: RegExp) =>
  system.github.fault({
    match: {method: 'GET', path, ...(query ? {query} : {})},
    times: OFTEN,
    respond: BAD_GATEWAY,
  });

beforeEach(async () => {
  system = await aSystem({repositories: ['acme/app', 'acme/web', 'acme/zoo']});
  system.github.deliveries.faults = () => ({drop: true});
});

test('a list of jobs is read in pages of 30 when a page of 100 answers 502', async () => {
  const job = system.queueJob();
  fail(/\/jobs$/, /per_page=100/);
  await system.sweepFor(5 * MINUTE);
  expect(job.conclusion).toBe('success');
});

describe('a run whose jobs always answer 502', () => {
  test('hides no other run of its repository, and no other repository of its owner, before it or after it', async () => {
    const bad = system.queueJob({repository: 'acme/web', labels: ['macos']});
    fail(new RegExp(`/runs/${bad.runId}/jobs$`));
    const others = ['acme/web', 'acme/app', 'acme/zoo'].map((repository) => system.queueJob({repository}));
    await system.sweepFor(6 * MINUTE);
    expect(others.map(({conclusion}) => conclusion)).toEqual(Array(3).fill('success'));
    expect(system.log.some((line) => line.includes(`the jobs of run ${bad.runId} of acme/web could not be seen`))).toBe(
      true,
    );
  });

  test('hides no other run when there are many such runs, all newer', async () => {
    const job = system.queueJob();
    const bad = Array.from({length: 8}, () => system.queueJob({labels: ['macos']}));
    fail(new RegExp(`/runs/(${bad.map(({runId}) => runId).join('|')})/jobs$`));
    await system.sweepFor(9 * MINUTE);
    expect(job.conclusion).toBe('success');
  });

  test('opens no breaker, however long it lasts', async () => {
    const bad = system.queueJob({labels: ['macos']});
    fail(new RegExp(`/runs/${bad.runId}/jobs$`));
    await system.sweepFor(30 * MINUTE);
    expect(await system.store.get('breakers', 'github-5xx')).toBeUndefined();
    system.github.deliveries.faults = () => ({});
    const job = system.queueJob();
    await system.pass(3 * MINUTE);
    expect(job.conclusion).not.toBeNull();
  });

  test('does not hide the end of a job of another run, whose webhook is lost', async () => {
    system.github.deliveries.faults = ({action}) => (action === 'completed' ? {drop: true} : {});
    const bad = system.queueJob({labels: ['macos']});
    fail(new RegExp(`/runs/${bad.runId}/jobs$`));
    const job = system.queueJob();
    await system.pass(5 * MINUTE, () => job.status === 'completed');
    await system.sweepFor(6 * MINUTE);
    expect(await system.store.get('jobs', `${job.id}-1`)).toMatchObject({status: 'completed'});
    expect(system.compute.instances()).toEqual([]);
  });
});

test.each(['acme/app', 'acme/zoo'])(
  'repository %s, whose runs cannot be listed, hides no other repository',
  async (bad) => {
    fail(new RegExp(`${bad}/actions/runs$`));
    const jobs = ['acme/app', 'acme/web', 'acme/zoo'].map((repository) => system.queueJob({repository}));
    await system.sweepFor(6 * MINUTE);
    expect(jobs.filter(({conclusion}) => conclusion === 'success')).toHaveLength(2);
  },
);

test('runs of one status that cannot be listed do not hide runs of other statuses', async () => {
  fail(/acme\/app\/actions\/runs$/, /status=in_progress/);
  const job = system.queueJob();
  await system.sweepFor(5 * MINUTE);
  expect(job.conclusion).toBe('success');
});

describe.each([1, -1])('a total_count that is wrong by %i', (total) => {
  test('of runs and jobs does not hide the missed job', async () => {
    const job = system.queueJob();
    system.github.fault({match: {path: /\/(runs|jobs)$/}, times: OFTEN, respond: {total}});
    await system.sweepFor(5 * MINUTE);
    expect(job.conclusion).toBe('success');
  });

  test('of runners stops every deletion', async () => {
    await system.close();
    system = await aSystem({failsToBoot: () => true});
    system.github.fault({match: {path: /\/actions\/runners$/}, times: OFTEN, respond: {total}});
    orphan();
    await system.sweepFor(20 * MINUTE);
    expect(system.compute.instances()).toHaveLength(1);
  });
});

describe('an orphan', () => {
  const spelt = POOLS.replace('repos: ["acme/*"]', 'repos: ["acme/*", "acme/gone"]');

  test('is deleted although another configured repository answers 404', async () => {
    await system.close();
    system = await aSystem({pools: spelt, failsToBoot: () => true});
    orphan();
    await system.sweepFor(12 * MINUTE);
    expectClean(system);
  });

  test('is kept while a configured repository answers 502', async () => {
    await system.close();
    system = await aSystem({pools: spelt, failsToBoot: () => true});
    fail(/acme\/gone/);
    orphan();
    await system.sweepFor(12 * MINUTE);
    expect(system.compute.instances()).toHaveLength(1);
  });
});

function orphan(): void {
  const labels = {'slipway-deployment': 'slipway', 'slipway-pool': 'arm', 'slipway-job': '7-1'};
  system.compute.addInstance({name: 'slipway-arm-7-1', zone: 'us-central1-a', labels, status: 'RUNNING'});
}
