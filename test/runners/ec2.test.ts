import {ApiClient} from '../api/client';
import {aSystem, expectClean, MINUTE, type TestSystem} from '../builders/system';

const POOLS = `
pools:
  - name: aws
    repos: ["acme/*"]
    requires: [self-hosted, linux, aws]
    maxRunners: 3
    idleMinutes: 10
    provider:
      type: ec2
      region: eu-central-1
      launchTemplate: runner
      subnets: [subnet-a, subnet-b]
      instanceTypes: [m7i.large, m7a.large]
      spot: prefer
`;
const LABELS = ['self-hosted', 'linux', 'aws'];

let system: TestSystem;
const aws = () => {
  if (!system.aws) throw new RangeError('the system was started without AWS');
  return system.aws;
};
const start = async (options: Parameters<typeof aSystem>[0] = {}) => {
  system = await aSystem({pools: POOLS, withAws: true, ...options});
};
afterEach(() => system.close());

const asked = (action: string) => aws().server.requests.filter((request) => request.action === action);

describe('a job for EC2', () => {
  test('gets an instance of its own, runs on it, and the instance is terminated', async () => {
    await start();
    const job = system.queueJob({labels: LABELS});
    await system.finish();
    const name = `slipway-aws-${job.id}-1`;
    expect(job).toMatchObject({conclusion: 'success', runner: {name}});
    const [instance, ...others] = aws().world.instances();
    expect(others).toEqual([]);
    expect(instance).toMatchObject({name, state: 'terminated', instanceType: 'm7i.large', isSpot: true});
    expect(instance?.tags).toMatchObject({'slipway-deployment': 'slipway', 'slipway-job': `${job.id}-1`});
    expect(await system.store.get('runners', name)).toMatchObject({
      ...{state: 'gone', slot: null, provider: 'ec2', machineId: instance?.id},
      placement: {place: instance?.place, machineType: 'm7i.large', spot: true},
    });
    expectClean(system);
  });

  test('needs no key of AWS: each function assumes the role with its own identity, and does so once', async () => {
    await start();
    for (let n = 0; n < 3; n++) system.queueJob({labels: LABELS});
    await system.finish();
    expect(aws().server.sts.credentials.length).toBeLessThanOrEqual(3);
    expect(new Set(aws().server.tokens)).toEqual(new Set(['slipway-slipway']));
    expectClean(system);
  });

  test('whose answers get lost gets one instance all the same', async () => {
    await start();
    aws().server.fault({match: ({action}) => action === 'RunInstances', times: 2, respond: 'lost'});
    aws().server.fault({match: ({action}) => action === 'TerminateInstances', times: 1, respond: 'lost'});
    const job = system.queueJob({labels: LABELS});
    await system.finish();
    expect(job.conclusion).toBe('success');
    expect(aws().world.created()).toBe(1);
    expectClean(system);
  });

  test('is served by the next rung when there is no capacity, and waits when there is none anywhere', async () => {
    await start();
    const {world} = aws();
    for (const zone of ['a', 'b']) world.faults.stockOut(`us-central1-${zone}`);
    const job = system.queueJob({labels: LABELS});
    await system.pass(2 * MINUTE);
    expect(job.status).toBe('queued');
    expect(system.github.runners.all()).toEqual([]);
    const {json} = await new ApiClient(system.urls.api).get(`/explain?job=${job.id}`);
    expect(json).toMatchObject({
      verdict: 'no_capacity',
      because: expect.stringContaining('eu-central-1/subnet-a m7i.large spot'),
    });
    world.faults.recover();
    await system.finish(120 * MINUTE);
    expect(job.conclusion).toBe('success');
    expectClean(system);
  });

  test('that is interrupted on a spot instance leaves nothing behind', async () => {
    await start();
    const job = system.queueJob({labels: LABELS, durationMs: 10 * MINUTE});
    await system.pass(5 * MINUTE, () => job.status === 'in_progress');
    const [instance] = aws().world.machines();
    if (instance) aws().world.preempt(instance);
    await system.sweepFor(30 * MINUTE);
    expect(aws().world.machines()).toEqual([]);
    expect(system.github.runners.all()).toEqual([]);
    expect(await system.store.get('runners', `slipway-aws-${job.id}-1`)).toMatchObject({state: 'gone'});
  });
});

describe('the sweep', () => {
  test('terminates an instance of ours that no runner belongs to, and no other one', async () => {
    await start();
    const {world} = aws();
    const orphan = world.add({name: 'slipway-aws-99-1', deployment: 'slipway', pool: 'aws', isRunning: true});
    const kept = world.add({name: 'slipway-aws-98-1', deployment: 'slipway', pool: 'aws', kept: '', isRunning: true});
    const theirs = world.add({name: 'slipway-aws-97-1', deployment: 'another', isRunning: true});
    await system.sweepFor(30 * MINUTE);
    expect([orphan, kept, theirs].map(({state}) => state)).toEqual(['terminated', 'stopped', 'stopped']);
  });
});

describe('the API', () => {
  test('creates a runner and deletes it with its instance', async () => {
    await start();
    const api = new ApiClient(system.urls.api);
    const made = await api.post('/runners', {pool: 'aws', repo: 'acme/app'});
    expect(made.status).toBe(201);
    await system.pass(2 * MINUTE);
    const [instance] = aws().world.machines();
    expect(instance?.state).toBe('running');
    const shown = await api.get(`/runners/${instance?.name}`);
    expect(shown.json).toMatchObject({pool: 'aws'});
    const deleted = await api.delete(`/runners/${instance?.name}`);
    expect(deleted.status).toBeLessThan(300);
    await system.pass(MINUTE);
    expectClean(system);
  });

  test('finds by the doctor what the role may not do', async () => {
    await start();
    aws().world.denied.add('ec2:RunInstances');
    const {json} = await new ApiClient(system.urls.api).get('/doctor');
    const findings = json['findings'] as readonly {check: string; status: string; because: string}[];
    const [finding] = findings.filter(({check, status}) => check === 'pool.aws.provider' && status === 'error');
    expect(finding?.because).toContain('may not run instances');
  });
});

test('DRY_RUN asks AWS for nothing that changes it', async () => {
  await start({env: {DRY_RUN: 'true'}});
  const job = system.queueJob({labels: LABELS});
  await system.pass(5 * MINUTE);
  expect(system.log.join('')).toContain(`would make a VM for runner slipway-aws-${job.id}-1`);
  expect(asked('RunInstances')).toEqual([]);
  expect(aws().world.created()).toBe(0);
});

test('a launch template that is missing is a dead letter that says so', async () => {
  await start();
  aws().world.templates.splice(0);
  const job = system.queueJob({labels: LABELS});
  await system.pass(10 * MINUTE);
  const [letter] = await system.store.find('deadletters', {where: {queue: 'provision'}, limit: 5});
  expect(JSON.stringify(letter)).toContain('InvalidLaunchTemplateName.NotFoundException');
  expect(JSON.stringify(letter)).toContain(String(job.id));
  expect(system.github.runners.all()).toEqual([]);
});
