import {aSystem, expectClean, MINUTE, type TestSystem} from '../builders/system';

let system: TestSystem;
beforeEach(async () => {
  system = await aSystem();
});
afterEach(() => system.close());

describe('a queued job', () => {
  test('gets a VM of its own, runs on it, and the VM goes', async () => {
    const job = system.queueJob();
    await system.finish();

    const [instance, ...others] = system.compute.created;
    expect(others).toEqual([]);
    expect(instance?.name).toBe(`slipway-arm-${job.id}-1`);
    expect(job).toMatchObject({conclusion: 'success', runner: {name: instance?.name}});
    expectClean(system);
    expect(await system.store.get('runners', `slipway-arm-${job.id}-1`)).toMatchObject({state: 'gone', slot: null});
    expect(await system.store.get('jobs', `${job.id}-1`)).toMatchObject({status: 'completed', demand: 'none'});
  });

  test('runs within a minute, most of which are the VM’s boot', async () => {
    const job = system.queueJob();
    await system.finish();
    expect((job.startedAtMs ?? Number.POSITIVE_INFINITY) - job.createdAtMs).toBeLessThan(MINUTE);
  });

  test('costs one call to GitHub beside the installation’s token', async () => {
    system.queueJob();
    await system.finish();
    const calls = system.github.requests.map(({operationId}) => operationId);
    expect(calls).toEqual(['apps/create-installation-access-token', 'actions/generate-runner-jitconfig-for-repo']);
  });

  test('gets a VM with its own death, its template’s startup script, and labels that say whose it is', async () => {
    const job = system.queueJob();
    await system.finish();
    const [instance] = system.compute.created;
    expect(instance?.metadata.map(({key}) => key).sort()).toEqual(['slipway-jit-config', 'startup-script']);
    expect(instance?.labels).toEqual({
      team: 'platform',
      'slipway-deployment': 'slipway',
      'slipway-pool': 'arm',
      'slipway-job': `${job.id}-1`,
    });
    // 5 minutes to boot, 10 idle, 360 to run, and ten more.
    expect(instance?.scheduling).toMatchObject({instanceTerminationAction: 'DELETE', automaticRestart: false});
    const {seconds} = (instance?.scheduling['maxRunDuration'] ?? {}) as {seconds?: string};
    expect(Number(seconds)).toBe(385 * 60);
  });

  test('is registered with the pool’s and the job’s labels, spelt out', async () => {
    const job = system.queueJob({labels: ['Self-Hosted', 'Linux', 'Extra']});
    await system.pass(MINUTE, () => job.status === 'in_progress');
    const [runner] = system.github.runners.all();
    expect([...(runner?.labels ?? [])].sort()).toEqual(['extra', 'linux', 'self-hosted']);
    await system.finish();
    expectClean(system);
  });

  test('never has its JIT config in a log line, a task or a document', async () => {
    system.queueJob();
    await system.finish();
    const jit = system.compute.created[0]?.metadata.find(({key}) => key === 'slipway-jit-config')?.value ?? 'missing';
    const probe = jit.slice(40, 100);
    const tasks = system.tasks.requests.map(({body}) => JSON.stringify(body));
    const decoded = tasks.map(
      (text) => text + Buffer.from(/"body":"([^"]+)"/.exec(text)?.[1] ?? '', 'base64').toString(),
    );
    expect(probe).toHaveLength(60);
    expect([...system.log, ...decoded].join()).not.toContain(probe);
  });

  test('is told by one log line per decision, which an operator can follow by job', async () => {
    const job = system.queueJob();
    await system.finish();
    const lines = system.log.map((line) => JSON.parse(line) as Record<string, string>);
    const decisions = lines
      .filter((line) => String(line['job']).startsWith(String(job.id)))
      .map(({decision}) => decision);
    expect(decisions).toEqual([
      'enqueued',
      'created',
      'booting',
      'enqueued',
      'started',
      'enqueued',
      'deleted',
      'finished_deleted',
    ]);
  });
});

test('jobs of two pools and two repositories run side by side', async () => {
  for (let i = 0; i < 3; i++) {
    system.queueJob();
    system.queueJob({labels: ['self-hosted', 'gpu'], repository: 'acme/web'});
  }
  await system.finish();
  expect(system.compute.created).toHaveLength(6);
  expect(system.jobs.map(({conclusion}) => conclusion)).toEqual(Array(6).fill('success'));
  const spot = system.compute.created.filter(({scheduling}) => scheduling['provisioningModel'] === 'SPOT');
  expect(spot.map(({name}) => name.startsWith('slipway-spot-'))).toEqual([true, true, true]);
  expectClean(system);
});
