import {lastSweep} from '../../shared/api/read-status';
import {aSystem, expectClean, MINUTE, POOLS, type TestSystem} from '../builders/system';

jest.setTimeout(120_000);

const SPOT = ['self-hosted', 'gpu'];

let system: TestSystem;
afterEach(() => system.close());

const calls = (operation: RegExp) => system.github.requests.filter(({operationId}) => operation.test(operationId));

describe('the caller', () => {
  test.each([
    ['nobody', 401, undefined],
    ['another account', 403, 'evil@evil.example'],
  ])('%s is refused', async (_, status, email) => {
    system = await aSystem();
    const token = email && (await system.oidc.token({audience: system.urls.sweep, email}));
    const headers = token ? {authorization: `Bearer ${token}`} : {};
    const response = await fetch(system.urls.sweep, {method: 'POST', headers});
    expect(response.status).toBe(status);
    expect(system.github.requests).toEqual([]);
  });

  test('that uses GET is refused', async () => {
    system = await aSystem();
    expect((await fetch(system.urls.sweep)).status).toBe(405);
  });
});

describe('without webhooks', () => {
  test('the sweep finds jobs every ten seconds, and they run to their end', async () => {
    system = await aSystem({env: {WEBHOOKS: 'off'}, sweepEverySeconds: 10});
    for (let i = 0; i < 3; i++) system.queueJob();
    system.queueJob({repository: 'acme/web', labels: SPOT});
    await system.finish(20 * MINUTE);
    expect(system.jobs.map(({conclusion}) => conclusion)).toEqual(Array(4).fill('success'));
    expect(system.compute.created).toHaveLength(4);
    expect(calls(/deliveries/)).toEqual([]);
    expectClean(system);
  });

  test('the sweep finds jobs with a personal token in the repositories that the pools name', async () => {
    const pools = POOLS.replaceAll('["acme/*"]', '["acme/app"]');
    system = await aSystem({pools, sweepEverySeconds: 10, env: {WEBHOOKS: 'off'}, asUser: true});
    const job = system.queueJob();
    await system.finish(20 * MINUTE);
    expect(job.conclusion).toBe('success');
    expect(calls(/list-for-authenticated-user/)).toEqual([]);
  });
});

describe('a dry run', () => {
  test.each([
    '?dry-run=TRUE',
    '?dry-run=1',
    '?dry-run=yes',
    '?dry-run',
    '?dry-run=',
    '?dry-run=true&dry-run=true',
    '?dry-run=true&dry-run=false',
    '?dry-run=true&x=1',
    '?dryRun=true',
    '?dry_run=true',
    '?DRY-RUN=true',
    '?dry-run[]=true',
    '?dry%2drun=true%20',
  ])('that is spelt %s is no real one: 400, and nothing is done', async (query) => {
    system = await aSystem();
    const {status} = await system.sweeper.trigger(query);
    expect(status).toBe(400);
    expect(await system.store.find('locks', {where: {}, limit: 1})).toEqual([]);
  });

  test.each(['', '?', '?dry-run=false'])('is not requested by %j', async (query) => {
    system = await aSystem();
    expect(await system.sweep(query)).toMatchObject({status: 'done'});
  });

  test('by request reports what it would do and changes nothing', async () => {
    system = await aSystem();
    system.github.deliveries.faults = () => ({drop: true});
    system.queueJob();
    await system.pass(2 * MINUTE);
    const report = await system.sweep('?dry-run=true');
    expect(report).toMatchObject({status: 'dry_run', decided: {uncovered_job: 1}, done: {}});
    await system.pass(10 * MINUTE);
    expect(system.compute.created).toEqual([]);
    expect(system.tasks.requests).toEqual([]);
    expect(await system.store.get('locks', 'sweep')).toBeUndefined();
  });

  test('by request during an outage of GitHub counts no failure, and the next sweep reads the same', async () => {
    system = await aSystem();
    system.github.deliveries.faults = () => ({drop: true});
    system.queueJob();
    await system.pass(2 * MINUTE);
    const path = /actions\/runs/;
    system.github.fault({match: {path}, times: 10_000, respond: {status: 502, headers: {}, body: {}}});
    for (let i = 0; i < 6; i++) expect((await system.sweep('?dry-run=true')).incomplete).toContain('acme/app');
    expect(await system.store.count('breakers', {})).toBe(0);
    system.github.faults.clear();
    await system.sweep('?dry-run=true');
    expect(await system.sweep()).toMatchObject({status: 'done', decided: {uncovered_job: 1}});
  });

  test('by configuration stores its sightings and changes nothing else', async () => {
    system = await aSystem({env: {DRY_RUN: 'true'}, failsToBoot: () => true});
    const labels = {'slipway-deployment': 'slipway', 'slipway-pool': 'arm'};
    system.compute.addInstance({name: 'slipway-arm-7-1', zone: 'us-central1-a', labels, status: 'RUNNING'});
    await system.sweepFor(20 * MINUTE);
    const last = system.sweeper.answers.at(-1)?.body;
    expect(last).toMatchObject({status: 'dry_run', decided: {orphan: 1}, done: {}});
    expect(system.compute.instances()).toHaveLength(1);
    expect(system.log.filter((line) => line.includes('would delete_vm for orphan'))).not.toEqual([]);
  });
});

describe('two sweeps', () => {
  test('at once: one runs, the other returns', async () => {
    system = await aSystem();
    const answers = await Promise.all([system.sweeper.trigger(), system.sweeper.trigger()]);
    const told = answers.map(({status, body}) => `${status} ${String(body['status'])}`);
    expect(told.sort()).toEqual(['200 done', '202 held']);
  });

  test('one after the other crashed: the second takes over after ten minutes', async () => {
    system = await aSystem();
    await system.sweep();
    const lock = await system.store.get('locks', 'sweep');
    if (!lock) throw new Error('no lock');
    await system.store.transaction(async (transaction) =>
      transaction.set('locks', 'sweep', {...lock, holder: 'dead', leaseUntil: system.scheduler.now() + 10 * MINUTE}),
    );
    await system.pass(9 * MINUTE);
    // Not 200, which the alert counts as a sweep: the next one may die, too.
    expect(await system.sweeper.trigger()).toMatchObject({status: 202, body: {status: 'held'}});
    await system.pass(MINUTE);
    expect(await system.sweeper.trigger()).toMatchObject({status: 200, body: {status: 'done'}});
  });
});

test('the status shows what the last sweep saw and did', async () => {
  system = await aSystem();
  const report = await system.sweep();
  const {status: _, ...summary} = report;
  expect(await lastSweep(system.store)).toEqual(summary);
});
