import {announceOn, registerStranger, repositoryScope, runAsStranger} from '../builders/strangers';
import {aSystem, MINUTE, POOLS, type TestSystem} from '../builders/system';
import {aVmSystem, expectUnharmed, FLAT, VM, type VmSystem} from '../builders/vm-system';

jest.setTimeout(60_000);

let system: TestSystem;
afterEach(() => system.close());

const ORG_POOLS = `
pools:
  - name: arm
    org: acme
    requires: [self-hosted, linux]
    maxRunners: 5
    provider: {type: gce, template: runner-arm64, region: us-central1, zones: [us-central1-a]}
`;
const repositories = ['acme/app', 'acme/web', 'acme/legacy', 'other/thing'];
const excluding = POOLS.replace('repos: ["acme/*"]', 'repos: ["acme/*", "!acme/legacy"]');

const vms = () => system.compute.instances().map(({name}) => name);
const decisions = () => system.log.map((line) => (JSON.parse(line) as {decision?: string}).decision);
const ours = () => system.github.runners.all().filter(({labels}) => !labels.includes('theirs'));

describe('a stranger’s runner under the name of ours', () => {
  test.each([
    ['a repository that no pool serves', excluding, 'other/thing'],
    ['an excluded repository', excluding, 'acme/legacy'],
    ['another repository of the pool', excluding, 'acme/web'],
    ['a repository of the organization in which ours is registered', ORG_POOLS, 'acme/web'],
  ])('in %s ends neither a VM that boots nor one that works', async (_, pools, repository) => {
    system = await aSystem({pools, repositories, bootMs: 3 * MINUTE, sweepEverySeconds: 60});
    const job = system.queueJob({durationMs: 20 * MINUTE});
    await system.pass(MINUTE);
    const [name = ''] = vms();
    const first = runAsStranger(system.github, repository, name);
    await system.pass(MINUTE);
    expect(first.job.conclusion).toBe('success');
    await system.pass(8 * MINUTE);
    expect(job.runner?.name).toBe(name);
    system.github.runners.remove(first.runner);
    const second = runAsStranger(system.github, repository, name);
    await system.pass(MINUTE);
    expect(second.job.conclusion).toBe('success');
    expect(vms()).toEqual([name]);
    expect(decisions()).toContain('foreign');
    expect(await system.store.get('runners', name)).toMatchObject({state: 'busy', runs: `${job.id}-1`});

    await system.finish();
    expect(job.conclusion).toBe('success');
    expect(system.compute.created).toHaveLength(1);
    expect(system.killed).toEqual([]);
    // Theirs stays.
    expect(system.github.runners.all()).toEqual([second.runner]);
  });

  test('leaves no record of a job that is none of ours', async () => {
    system = await aSystem({repositories});
    const {job} = runAsStranger(system.github, 'other/thing', 'slipway-arm-77-1');
    await system.pass(MINUTE);
    expect(job.conclusion).toBe('success');
    expect(await system.store.find('jobs', {where: {}, limit: 10})).toEqual([]);
  });

  test('that takes a job of ours leaves our runner to the next job', async () => {
    system = await aSystem({pools: ORG_POOLS, repositories, bootMs: 3 * MINUTE});
    const job = system.queueJob();
    await system.pass(MINUTE);
    const [name = ''] = vms();
    const runner = system.github.runners.registerPersistent(repositoryScope('acme/app'), {
      name,
      labels: ['self-hosted', 'linux', 'theirs'],
      runnerGroupId: 1,
    });
    system.github.runners.start(runner);
    await system.pass(MINUTE);
    expect(job.status).toBe('in_progress');
    await system.pass(2 * MINUTE);
    system.github.runners.remove(runner);
    const next = system.queueJob();
    await system.finish(90 * MINUTE);
    expect(next).toMatchObject({conclusion: 'success', runner: {name}});
    expect(system.compute.created).toHaveLength(1);
  });

  test('keeps no VM of ours from being ended that did not boot', async () => {
    system = await aSystem({repositories, sweepEverySeconds: 60, failsToBoot: ({name}) => name.endsWith('-1')});
    const job = system.queueJob();
    await system.pass(MINUTE);
    const [name = ''] = vms();
    runAsStranger(system.github, 'acme/web', name, 60 * MINUTE);
    await system.pass(15 * MINUTE);
    expect(job.conclusion).toBe('success');
  });
});

describe('another deployment of our name', () => {
  test('has registrations that are offline: nobody removes them', async () => {
    system = await aSystem({pools: ORG_POOLS, repositories, sweepEverySeconds: 60});
    const theirs = ['slipway-arm-77-1', 'slipway-eu-arm-77-1', 'slipway-arm-78-1'].map((name) =>
      registerStranger(system.github, {kind: 'organization', org: 'acme'}, name),
    );
    await system.pass(60 * MINUTE);
    expect(system.github.runners.all()).toEqual(theirs);
  });

  test.each(['offline', 'online'])(
    'was faster with the name of a runner, which is %s: the next one is taken',
    async (status) => {
      system = await aSystem({pools: ORG_POOLS, repositories, sweepEverySeconds: 60});
      const theirs: unknown[] = [];
      system.github.observe((event) => {
        if (event.kind !== 'job' || event.action !== 'queued') return;
        const scope = {kind: 'organization', org: 'acme'} as const;
        const runner = registerStranger(system.github, scope, `slipway-arm-${event.job.id}-1`);
        if (status === 'online') system.github.runners.start(runner);
        theirs.push(runner);
      });
      const job = system.queueJob();
      await system.finish();
      await system.pass(30 * MINUTE);
      expect(job).toMatchObject({conclusion: 'success', runner: {name: `slipway-arm-${job.id}-2`}});
      expect(theirs).toHaveLength(1);
      expect(system.github.runners.all()).toEqual(theirs);
    },
  );

  test('has taken every name that is tried at first: the job runs under a later one', async () => {
    system = await aSystem({pools: ORG_POOLS, repositories});
    system.github.observe((event) => {
      if (event.kind !== 'job' || event.action !== 'queued') return;
      for (const n of [1, 2, 3, 4]) {
        registerStranger(system.github, {kind: 'organization', org: 'acme'}, `slipway-arm-${event.job.id}-${n}`);
      }
    });
    const job = system.queueJob();
    await system.finish();
    expect(job.runner?.name).toBe(`slipway-arm-${job.id}-5`);
    expect(system.github.runners.all()).toHaveLength(4);
  });

  test('ends jobs on runners that are on none of our records: no VM of that name goes', async () => {
    system = await aSystem({repositories, failsToBoot: ({name}) => name === 'slipway-arm-77-1'});
    const labels = {'slipway-deployment': 'slipway', 'slipway-pool': 'arm'};
    system.compute.addInstance({name: 'slipway-arm-77-1', zone: 'us-central1-a', labels, status: 'RUNNING'});
    runAsStranger(system.github, 'acme/app', 'slipway-arm-77-1');
    await system.pass(5 * MINUTE);
    expect(vms()).toEqual(['slipway-arm-77-1']);
  });
});

describe('a `completed` that names the wrong runner of ours', () => {
  const oneRunner = POOLS.replace('maxRunners: 5', 'maxRunners: 1');

  test.each([
    ['which is on record as running another job', []],
    ['of whose job no `in_progress` was heard', ['in_progress']],
  ])('%s, takes no VM away', async (_, dropped) => {
    system = await aSystem({pools: oneRunner, repositories});
    system.github.deliveries.faults = ({action}) => ({drop: dropped.includes(action ?? '')});
    const running = system.queueJob({durationMs: 20 * MINUTE});
    await system.pass(MINUTE);
    expect(running.status).toBe('in_progress');
    const waiting = system.queueJob();
    await system.pass(10_000);
    const [runner] = ours();
    if (!runner) throw new Error('found no runner');
    announceOn(system.github, waiting, 'completed', runner);
    await system.pass(MINUTE);
    expect(await system.store.get('jobs', `${waiting.id}-1`)).toMatchObject({status: 'completed'});
    expect(vms()).toEqual([runner.name]);
    system.github.cancelJob(waiting.id);
    await system.finish();
    expect(running.conclusion).toBe('success');
    expect(system.killed).toEqual([]);
  });

  test('nor does an `in_progress` that names it', async () => {
    system = await aSystem({pools: oneRunner, repositories});
    const running = system.queueJob({durationMs: 20 * MINUTE});
    await system.pass(MINUTE);
    const waiting = system.queueJob();
    await system.pass(10_000);
    const [runner] = ours();
    if (!runner) throw new Error('found no runner');
    announceOn(system.github, waiting, 'in_progress', runner);
    await system.pass(10_000);
    system.github.cancelJob(waiting.id);
    announceOn(system.github, waiting, 'completed', runner);
    await system.pass(MINUTE);
    expect(vms()).toEqual([runner.name]);
    await system.finish();
    expect(running.conclusion).toBe('success');
    expect(decisions()).toContain('runs_another');
  });
});

test('a runner that an older version wrote down without its id is known by the first id in its scope', async () => {
  system = await aSystem({repositories});
  const job = system.queueJob({durationMs: 20 * MINUTE});
  system.github.deliveries.faults = ({action}) => (action === 'in_progress' ? {delayMs: 2 * MINUTE} : {});
  await system.pass(MINUTE);
  const [name = ''] = vms();
  await system.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    if (!runner) throw new Error('found no record');
    const {registrationTriedAt: _, ...older} = runner;
    transaction.set('runners', name, {...older, githubId: null});
  });
  runAsStranger(system.github, 'acme/web', name);
  await system.pass(30_000);
  expect(await system.store.get('runners', name)).toMatchObject({githubId: null, runs: null});
  await system.pass(5 * MINUTE);
  const [registration] = ours();
  expect(await system.store.get('runners', name)).toMatchObject({githubId: registration?.id, runs: `${job.id}-1`});
  await system.finish();
  expect(job.conclusion).toBe('success');
});

describe('a stranger’s runner under the name of a persistent VM’s', () => {
  const ORG_VM = JSON.stringify({
    pools: [
      {
        org: 'acme',
        requires: ['self-hosted', 'gpu'],
        provider: {type: 'gce-vm', instance: VM, zone: 'asia-northeast1-a'},
      },
    ],
  });
  const PATTERN_VM = JSON.stringify({
    pools: [
      {
        repos: ['acme/*'],
        requires: ['self-hosted', 'gpu'],
        provider: {type: 'gce-vm', instance: VM, zone: 'asia-northeast1-a'},
      },
    ],
  });

  test.each([
    ['in a repository that no pool serves', FLAT, 'other/thing'],
    ['in another repository of the account', FLAT, 'acme/web'],
    ['in a repository of the organization in which the VM’s is registered', ORG_VM, 'acme/web'],
  ])('%s does not keep the VM up', async (_, pools, repository) => {
    const vmSystem: VmSystem = await aVmSystem({pools, repositories});
    system = vmSystem;
    if (pools === ORG_VM) {
      system.github.runners.remove(vmSystem.runner);
      const request = {name: VM, labels: ['self-hosted', 'gpu'], runnerGroupId: 1};
      system.github.runners.registerPersistent({kind: 'organization', org: 'acme'}, request);
    }
    vmSystem.queueGpuJob();
    await vmSystem.pass(MINUTE);
    const {runner} = runAsStranger(system.github, repository, VM);
    // Every two minutes another job of theirs.
    for (let minute = 0; minute < 20; minute += 2) {
      system.github.queueJob({repository, labels: ['theirs'], durationMs: 1_000});
      await vmSystem.pass(2 * MINUTE);
    }
    expect(vmSystem.vm.status).toBe('TERMINATED');
    expect(await vmSystem.document()).toMatchObject({runs: []});
    expect(runner.removed).toBe(false);
    expectUnharmed(vmSystem);
  });

  test('the VM’s own, which takes a job of another pool, keeps it up', async () => {
    const vmSystem: VmSystem = await aVmSystem({pools: PATTERN_VM, repositories});
    system = vmSystem;
    vmSystem.queueGpuJob();
    await vmSystem.pass(5 * MINUTE);
    system.queueJob({labels: ['linux', 'x64'], durationMs: 40 * MINUTE});
    await vmSystem.pass(30 * MINUTE);
    expect(vmSystem.vm.status).toBe('RUNNING');
    await vmSystem.untilDown(90 * MINUTE);
    expectUnharmed(vmSystem);
  });
});
