import {ApiClient} from '../api/client';
import {aSystem, expectClean, MINUTE, type TestSystem} from '../builders/system';
import {signTask} from '../builders/tasks';
import {QUEUES} from '../emulators/system';

const STOCK_OUT = {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'The zone does not have enough resources available.'};
const QUOTA = {code: 'QUOTA_EXCEEDED', message: "Quota 'CPUS' exceeded. Limit: 24.0 in region us-central1."};
const JIT = /generate-jitconfig$/;

let system: TestSystem;
afterEach(() => system.close());

const created = () => system.compute.created.map(({name, zone}) => `${name} ${zone}`);
const inserts = () =>
  system.computeServer.requests.filter(({method, path}) => method === 'POST' && path.endsWith('/instances'));
const jitCalls = () => system.github.requests.filter(({path}) => JIT.test(path));

async function running(options: Parameters<typeof aSystem>[0] = {}): Promise<void> {
  system = await aSystem(options);
}

test.each([1, 3])(
  'GitHub answers 404 to %d requests for a token: the job runs, and nothing is given up',
  async (times) => {
    await running();
    const respond = {status: 404, headers: {}, body: {message: 'Not Found'}};
    system.github.fault({match: {method: 'POST', path: /access_tokens$/}, times, respond});
    const job = system.queueJob();
    await system.finish();
    expect(job.conclusion).toBe('success');
    expect(await system.store.count('deadletters', {})).toBe(0);
    expectClean(system);
  },
);

describe('Compute Engine', () => {
  test('runs out of capacity after it accepted the insert: the next zone, same name, another request id', async () => {
    await running();
    system.compute.failLate({times: 1, error: STOCK_OUT});
    const job = system.queueJob();
    await system.finish();
    expect(job.conclusion).toBe('success');
    const [first, second] = system.compute.created;
    expect(second?.name).toBe(first?.name);
    expect(second?.zone).not.toBe(first?.zone);
    const ids = inserts().map(({query}) => query.get('requestId'));
    expect(new Set(ids).size).toBe(2);
    expectClean(system);
  });

  test('has a zone without capacity: the other instances of provision are told', async () => {
    await running();
    system.compute.failLate({times: 1, error: STOCK_OUT});
    system.queueJob();
    await system.pass(MINUTE);
    const [full] = system.compute.created;
    const placements = [{placement: {place: full?.zone, spot: false}, until: expect.any(Number)}];
    expect(await system.store.get('breakers', 'full.arm')).toMatchObject({full: placements});
    expect((await new ApiClient(system.urls.api).get('/status')).json).toMatchObject({breakers: []});
    await system.finish();
  });

  test('has a zone without capacity, as another instance of provision found: it is not tried for three minutes', async () => {
    await running();
    const now = system.scheduler.now();
    const until = now + 3 * MINUTE;
    const times = {failedAt: now, openedAt: now, nextProbeAt: now, expireAt: until};
    const full = [{placement: {place: 'us-central1-a', spot: false}, until}];
    await system.store.transaction(async (transaction) =>
      transaction.set('breakers', 'full.arm', {
        name: 'full.arm',
        reason: 'full',
        open: true,
        failures: 1,
        ...times,
        full,
      }),
    );
    const zonesOfBurst = async () => {
      const before = system.compute.created.length;
      for (let i = 0; i < 5; i++) system.queueJob();
      await system.finish();
      return [...new Set(system.compute.created.slice(before).map(({zone}) => zone))].sort();
    };
    expect(await zonesOfBurst()).toEqual(['us-central1-b', 'us-central1-f']);
    await system.pass(3 * MINUTE);
    expect(await zonesOfBurst()).toContain('us-central1-a');
    expectClean(system);
  });

  test('has no capacity anywhere for ten minutes: the registration goes each time, and the job runs in the end', async () => {
    await running();
    system.compute.failLate({error: STOCK_OUT});
    const job = system.queueJob();
    await system.pass(10 * MINUTE);
    expect(system.github.runners.all()).toEqual([]);
    expect(system.compute.instances()).toEqual([]);
    system.compute.recover();
    await system.finish();
    expect(job.conclusion).toBe('success');
    expect(jitCalls().length).toBeGreaterThan(1);
    expectClean(system);
  });

  test('has no spot capacity: a standard VM is made', async () => {
    await running();
    system.compute.failLate({spot: true, error: STOCK_OUT});
    const job = system.queueJob({labels: ['self-hosted', 'gpu']});
    await system.finish();
    expect(job.conclusion).toBe('success');
    expect(system.compute.created.map(({scheduling}) => scheduling['provisioningModel'])).toEqual([
      'SPOT',
      'SPOT',
      'STANDARD',
    ]);
    expectClean(system);
  });

  test('has no quota left: no other zone is tried, and one probe a minute for all that wait', async () => {
    await running();
    system.compute.failLate({error: QUOTA});
    for (let i = 0; i < 5; i++) system.queueJob();
    await system.pass(10 * MINUTE);
    // Each of the five may have passed before the breaker opened; then one a minute.
    expect(inserts().length).toBeLessThanOrEqual(15);
    expect(await system.store.get('breakers', 'quota.us-central1')).toMatchObject({
      reason: expect.stringContaining('CPUS'),
    });
    system.compute.recover();
    await system.finish(3 * 60 * MINUTE);
    expect(await system.store.get('breakers', 'quota.us-central1')).toBeUndefined();
    expectClean(system);
  });

  test.each(['lost', 'reset'] as const)('does not answer the insert (%s): one VM all the same', async (respond) => {
    await running();
    system.computeServer.fault({match: ({method}) => method === 'POST', respond});
    const job = system.queueJob();
    await system.finish();
    expect(job.conclusion).toBe('success');
    expect(created()).toHaveLength(1);
    expectClean(system);
  });

  test('answers 503 to the deletion: it is tried again', async () => {
    await running();
    system.computeServer.fault({
      match: ({method}) => method === 'DELETE',
      respond: {status: 503, reason: 'backendError', message: 'try again'},
    });
    system.queueJob();
    await system.finish();
    expectClean(system);
  });

  test('refuses for good: the job is a dead letter with its URL, and nothing is left over', async () => {
    await running({
      pools:
        'pools: [{name: arm, repo: acme/app, requires: [linux], provider: {type: gce, template: nowhere, zones: [us-central1-a]}}]',
    });
    const job = system.queueJob();
    await system.pass(5 * MINUTE);
    const [letter] = await system.store.find('deadletters', {where: {queue: 'provision'}, limit: 5});
    expect(letter?.data).toMatchObject({
      job: `${job.id}-1`,
      jobUrl: expect.stringMatching(/^http:.*\/actions\/runs\/\d+\/job\/\d+$/),
      error: expect.stringContaining('nowhere'),
      attempts: 1,
    });
    expect(await system.store.get('jobs', `${job.id}-1`)).toMatchObject({demand: 'dead'});
    expect(system.log.filter((line) => line.includes('"dead_letter"') && line.includes('ERROR'))).toHaveLength(1);
    expectClean(system);
    // Under its first name: nothing is tried again under another one.
    const runners = await system.store.find('runners', {where: {}, limit: 9});
    expect(runners.map(({id, data}) => [id, data.state])).toEqual([[`slipway-arm-${job.id}-1`, 'failed']]);
    expect(await system.store.get('jobs', `${job.id}-1`)).toMatchObject({creations: 1});
  });
});

describe('GitHub', () => {
  test('loses its answer to the registration: the left-over is removed and the next name is used', async () => {
    await running();
    system.github.fault({match: {method: 'POST', path: JIT}, times: 1, respond: 'lose-response'});
    const job = system.queueJob();
    await system.finish();
    expect(created()).toEqual([expect.stringContaining(`slipway-arm-${job.id}-2 `)]);
    expect(jitCalls()).toHaveLength(2);
    expectClean(system);
  });

  test('has a runner of that name already (409): the next name is used', async () => {
    await running();
    system.github.fault({
      match: {method: 'POST', path: JIT},
      times: 1,
      respond: {status: 409, headers: {}, body: {message: 'Already exists - A runner with the name already exists.'}},
    });
    const job = system.queueJob();
    await system.finish();
    expect(created()).toEqual([expect.stringContaining(`slipway-arm-${job.id}-2 `)]);
    expectClean(system);
  });

  test('is down for a while: no VM is made without a registration, and the job runs when it is back', async () => {
    await running();
    system.github.fault({match: {method: 'POST', path: /.*/}, times: 8, respond: {status: 502, headers: {}, body: {}}});
    const job = system.queueJob();
    await system.finish(3 * 60 * MINUTE);
    expect(job.conclusion).toBe('success');
    expect(created()).toHaveLength(1);
    expectClean(system);
  });

  test('limits the rate: the queue slows down until it may go on', async () => {
    await running();
    system.github.fault({
      match: {method: 'POST', path: JIT},
      times: 1,
      respond: {
        status: 403,
        headers: {'retry-after': '120'},
        body: {message: 'You have exceeded a secondary rate limit.'},
      },
    });
    const job = system.queueJob();
    await system.pass(100_000);
    system.queueJob();
    await system.pass(10_000);
    // The refused one, and none since.
    expect(jitCalls()).toHaveLength(1);
    await system.finish();
    expect(job.conclusion).toBe('success');
    expectClean(system);
  });

  test('refuses for good (403): a dead letter that says what to change, and no VM', async () => {
    await running();
    system.github.fault({
      match: {method: 'POST', path: JIT},
      times: 3,
      respond: {status: 403, headers: {}, body: {message: 'Resource not accessible by integration'}},
    });
    system.queueJob();
    await system.pass(5 * MINUTE);
    const [letter] = await system.store.find('deadletters', {where: {queue: 'provision'}, limit: 5});
    expect(letter?.data.error).toContain('Administration');
    expect(created()).toEqual([]);
  });
});

describe('a task that does not succeed', () => {
  test('on its last attempt becomes a dead letter and ends; its slot serves another', async () => {
    await running({queueLimits: {maxAttempts: 3}, env: {TASK_MAX_ATTEMPTS: '3'}});
    system.compute.failLate({error: STOCK_OUT});
    const job = system.queueJob();
    await system.pass(30 * MINUTE);
    expect(await system.store.get('jobs', `${job.id}-1`)).toMatchObject({demand: 'dead', runner: null});
    expect(await system.store.find('deadletters', {where: {queue: 'provision'}, limit: 5})).toHaveLength(1);
    expect(system.tasks.queue(QUEUES.provision).pending()).toEqual([]);
    expect((await system.store.find('slots', {where: {pool: 'arm'}, limit: 9})).map(({data}) => data.holder)).toEqual([
      null,
    ]);
    expect(system.github.runners.all()).toEqual([]);
  });

  test('because it is none of ours is logged once, kept as a dead letter, and answered 200', async () => {
    await running();
    const authorization = `Bearer ${await system.oidc.token({audience: system.urls.provision, email: system.env['TASKS_SERVICE_ACCOUNT'] ?? ''})}`;
    const body = '{"kind":"nonsense"}';
    const headers = {
      authorization,
      'content-type': 'application/json',
      'x-cloudtasks-taskname': 'odd',
      'x-slipway-signature': signTask('odd', body, system.env['TASK_SIGNING_KEY'] ?? ''),
    };
    const response = await fetch(system.urls.provision, {method: 'POST', headers, body});
    expect(response.status).toBe(200);
    expect(system.log.filter((line) => line.includes('dead_letter'))).toHaveLength(1);
    expect(await system.store.get('deadletters', 'odd')).toMatchObject({
      error: expect.stringContaining('not one of ours'),
    });
  });
});

describe.each(['provision', 'stop'] as const)('a forged call of %s', (name) => {
  test.each([
    ['without a token', 401, async () => undefined],
    [
      'with a token of another audience',
      401,
      () => system.oidc.token({audience: 'https://else.example', email: system.env['TASKS_SERVICE_ACCOUNT'] ?? ''}),
    ],
    [
      'with a token of another account',
      403,
      () => system.oidc.token({audience: system.urls[name], email: 'evil@evil.example'}),
    ],
  ])('%s is refused and has no effect', async (_, status, token) => {
    await running();
    const job = system.queueJob();
    await system.pass(MINUTE, () => job.status === 'in_progress');
    const body = JSON.stringify({kind: 'delete', runner: `slipway-arm-${job.id}-1`});
    const jwt = await token();
    const headers = {'content-type': 'application/json', ...(jwt ? {authorization: `Bearer ${jwt}`} : {})};
    const response = await fetch(system.urls[name], {method: 'POST', headers, body});
    expect(response.status).toBe(status);
    expect(system.compute.instances()).toHaveLength(1);
    await system.finish();
    expectClean(system);
  });

  test('by GET is refused with 405', async () => {
    await running();
    expect((await fetch(system.urls[name])).status).toBe(405);
  });
});
