import {jobKeyOf} from '../../shared/model/job';
import {aJob, aRunner} from '../builders/lifecycle';
import {aSystem, MINUTE, type TestSystem} from '../builders/system';

jest.setTimeout(120_000);

let system: TestSystem;
afterEach(() => system.close());

const calls = (operation: RegExp) => system.github.requests.filter(({operationId}) => operation.test(operationId));

/** A VM and a runner in each repository, as on record. */
async function busyRunners({compute, store, scheduler}: TestSystem, repositories: readonly string[]): Promise<void> {
  for (const [n, repository] of repositories.entries()) {
    const [owner = '', repo = ''] = repository.split('/');
    const job = aJob({jobId: 2_000 + n, repository});
    const runner = aRunner(job, {
      state: 'busy',
      covers: null,
      runs: jobKeyOf(job),
      // What is registered now holds the sweep back.
      createdAt: scheduler.now() - 10 * MINUTE,
      installationId: null,
      scope: {kind: 'repository', owner, repo},
    });
    const labels = {'slipway-deployment': 'slipway', 'slipway-pool': 'arm'};
    compute.addInstance({name: runner.name, zone: 'us-central1-a', labels, status: 'RUNNING'});
    await store.transaction(async (transaction) => transaction.set('runners', runner.name, runner));
  }
}

describe('many repositories', () => {
  const many = (count: number) => Array.from({length: count}, (_, n) => `acme/repo-${String(n).padStart(4, '0')}`);

  test('cost fewer than 500 calls in an hour of sweeps, if 1,000 of them are idle', async () => {
    system = await aSystem({repositories: many(1_000)});
    await system.sweepFor(60 * MINUTE);
    expect(system.sweeper.answers).toHaveLength(60);
    expect(system.github.requests.length).toBeGreaterThan(300);
    expect(system.github.requests.length).toBeLessThan(500);
    expect(system.github.violations).toEqual([]);
  });

  test('are all scanned, in turn', async () => {
    system = await aSystem({repositories: many(60), env: {WEBHOOKS: 'off'}});
    system.github.deliveries.faults = () => ({drop: true});
    const job = system.queueJob({repository: 'acme/repo-0059'});
    await system.sweepFor(15 * MINUTE);
    expect(job.status).not.toBe('queued');
    const looked = new Set(calls(/list-workflow-runs/).map(({path}) => path));
    expect(looked.size).toBe(60);
  });

  test('are continued where the time budget ran out', async () => {
    system = await aSystem({repositories: many(10), env: {WEBHOOKS: 'off', SWEEP_BUDGET_SECONDS: '4'}});
    // Each call takes a second.
    const push = system.github.requests.push.bind(system.github.requests);
    system.github.requests.push = (...requests) => {
      system.scheduler.advance(1_000);
      return push(...requests);
    };
    const reports = [];
    for (let sweep = 0; sweep < 12; sweep++) {
      reports.push(await system.sweep());
      system.scheduler.advance(MINUTE);
    }
    expect(reports[0]?.finished).toBe(false);
    expect(new Set(calls(/list-workflow-runs/).map(({path}) => path)).size).toBe(10);
  });

  test('with a runner each: the runners are listed in turn, with half of the saved calls', async () => {
    const repositories = many(100);
    system = await aSystem({repositories});
    await busyRunners(system, repositories);
    const listed: number[] = [];
    for (let sweep = 0; sweep < 3; sweep++) {
      const before = calls(/list-self-hosted-runners/).length;
      const {decided, incomplete} = await system.sweep();
      expect([decided, incomplete]).toEqual([{}, []]);
      listed.push(calls(/list-self-hosted-runners/).length - before);
      system.scheduler.advance(MINUTE);
    }
    expect(Math.max(...listed)).toBeLessThanOrEqual(60);
    expect(new Set(calls(/list-self-hosted-runners/).map(({path}) => path)).size).toBe(100);
  });

  test('are not scanned while less than 30 % of the hourly limit is left', async () => {
    system = await aSystem({repositories: many(50), env: {WEBHOOKS: 'off'}});
    system.github.limits.primary = 30;
    await system.sweepFor(10 * MINUTE);
    const counted = system.github.requests.filter(({operationId}) => operationId.startsWith('actions/'));
    expect(counted.length).toBeLessThan(25);
  });
});
