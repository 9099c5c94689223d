import {keyId} from '../../shared/model/lease';
import {aSystem, expectClean, MINUTE, type TestSystem} from '../builders/system';
import {QUEUES} from '../emulators/system';
import {ApiClient, problemOf} from './client';

jest.setTimeout(60_000);

let system: TestSystem;
let api: ApiClient;

const start = async (env = {}) => {
  system = await aSystem({queueLimits: {maxAttempts: 2, minBackoffMs: 1_000}, env: {TASK_MAX_ATTEMPTS: '2', ...env}});
  api = new ApiClient(system.urls.api);
};
afterEach(() => system.close());

/** A job whose every attempt failed. */
async function givenUp(): Promise<{job: ReturnType<TestSystem['queueJob']>; id: string}> {
  // Three zones, which are still recorded as full at the second attempt.
  system.compute.failLate({
    times: 3,
    error: {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'The zone does not have enough resources available.'},
  });
  const job = system.queueJob();
  await system.pass(30 * MINUTE);
  const {json} = await api.get('/deadletters');
  const [letter] = json['deadletters'] as [{id: string}];
  return {job, id: letter.id};
}

test('a dead letter is listed with its error and its job’s URL; after its retry the job runs', async () => {
  await start();
  const {job, id} = await givenUp();
  const {json} = await api.get('/deadletters');
  expect(json['deadletters']).toMatchObject([
    {id, queue: 'provision', kind: 'event', reason: 'no_capacity', job: `${job.id}-1`, attempts: 2, count: 1},
  ]);
  expect(job.status).toBe('queued');

  const dry = await api.post(`/api/v1/deadletters/${id}/retry?dry-run=true`);
  expect(system.tasks.queue(QUEUES.provision).pending()).toEqual([]);
  const answer = await api.post(`/api/v1/deadletters/${id}/retry`);
  expect(answer.status).toBe(200);
  expect(answer.json).toEqual({status: 'enqueued', task: expect.stringContaining('retry')});
  expect({...answer.json, dry_run: true}).toEqual(dry.json);
  expect((await api.get('/deadletters')).json['deadletters']).toEqual([]);
  await system.finish();
  expectClean(system);
});

test('a job that is given up again has one dead letter, whose count increases', async () => {
  await start();
  const {job, id} = await givenUp();
  const first = (await api.get('/deadletters')).json['deadletters'] as [{at: string}];
  system.compute.failLate({
    times: 100,
    error: {code: 'ZONE_RESOURCE_POOL_EXHAUSTED', message: 'The zone does not have enough resources available.'},
  });
  await system.pass(30 * MINUTE);
  // The event is redelivered.
  system.github.announceJob(job, 'queued');
  await system.pass(30 * MINUTE);
  const {json} = await api.get('/deadletters');
  expect(json['deadletters']).toMatchObject([{id, job: `${job.id}-1`, attempts: 2, count: 2}]);
  const second = json['deadletters'] as [{at: string}];
  expect(second[0].at > first[0].at).toBe(true);
});

test('a dead letter that an older version wrote under its task’s name is listed and can be retried', async () => {
  await start();
  const {job, id} = await givenUp();
  await system.store.transaction(async (transaction) => {
    const letter = await transaction.get('deadletters', id);
    if (!letter) throw new Error('found no letter');
    const {count: _, ...older} = letter;
    transaction.set('deadletters', 'older', older);
    transaction.delete('deadletters', id);
  });
  const {json} = await api.get('/deadletters');
  expect(json['deadletters']).toMatchObject([{id: 'older', count: 1}]);
  expect((await api.post('/api/v1/deadletters/older/retry')).status).toBe(200);
  await system.finish();
  expect(job.conclusion).toBe('success');
});

test('an `in_progress` event that was given up goes to `provision` again, through the queue `stop`', async () => {
  await start();
  const {id} = await givenUp();
  await system.store.transaction(async (transaction) => {
    const letter = await transaction.get('deadletters', id);
    if (!letter) throw new Error('found no letter');
    const {event} = letter.body as {event: object};
    const began = {...event, status: 'in_progress', runnerName: 'somebody-elses'};
    transaction.set('deadletters', id, {...letter, body: {kind: 'event', event: began}});
  });
  expect((await api.post(`/api/v1/deadletters/${id}/retry`)).status).toBe(200);
  expect(system.tasks.queue(QUEUES.provision).pending()).toEqual([]);
  const [task] = system.tasks.queue(QUEUES.stop).pending();
  expect(task?.payload.url).toBe(system.urls.provision);
  await system.pass(MINUTE);
  expect(system.tasks.queue(QUEUES.stop).pending()).toEqual([]);
  expect((await api.get('/deadletters')).json['deadletters']).toEqual([]);
});

test('two concurrent retries create one task', async () => {
  await start();
  const {id} = await givenUp();
  const answers = await Promise.all([1, 2].map(() => api.post(`/api/v1/deadletters/${id}/retry`)));
  expect(answers.map(({status}) => status).filter((status) => status === 200).length).toBeGreaterThan(0);
  expect(system.tasks.queue(QUEUES.provision).pending()).toHaveLength(1);
});

test('a job that was given up is demand again after the retry', async () => {
  await start();
  const {job, id} = await givenUp();
  // Demand for the same job, as the swap rule creates it.
  await system.store.transaction(async (transaction) => {
    const letter = await transaction.get('deadletters', id);
    if (letter) transaction.set('deadletters', id, {...letter, body: {kind: 'demand', job: `${job.id}-1`}});
  });
  expect((await system.store.get('jobs', `${job.id}-1`))?.demand).toBe('dead');
  await api.post(`/api/v1/deadletters/${id}/retry`);
  await system.finish();
  expectClean(system);
});

test.each([
  ['body that is no task', {queue: 'provision', body: {bytes: 7}}],
  ['unknown queue', {queue: 'unknown', body: {kind: 'demand', job: '1-1'}}],
])('a letter with a %s is refused, and stays', async (_, content) => {
  await start();
  const now = system.scheduler.now();
  const rest = {task: 'x', error: 'e', job: null, jobUrl: null, attempts: 1, at: now, expireAt: now + MINUTE};
  await system.store.transaction(async (transaction) => transaction.set('deadletters', 'x', {...content, ...rest}));
  const answer = await api.post('/api/v1/deadletters/x/retry');
  expect([answer.status, problemOf(answer)]).toEqual([409, 'not-a-task']);
  expect(await system.store.get('deadletters', 'x')).toBeDefined();
});

test('an unknown dead letter is 404', async () => {
  await start();
  const answer = await api.post('/deadletters/nothing/retry');
  expect([answer.status, problemOf(answer)]).toEqual([404, 'unknown-dead-letter']);
});

describe('an Idempotency-Key', () => {
  const retry = (id: string, key: string, query = '') =>
    api.post(`/api/v1/deadletters/${id}/retry${query}`, undefined, {headers: {'idempotency-key': key}});

  test('repeats the first answer, and the work is done once', async () => {
    await start();
    const {id} = await givenUp();
    const first = await retry(id, 'key-1');
    expect(first.status).toBe(200);
    expect(first.headers.get('idempotent-replayed')).toBeNull();
    const second = await retry(id, '"key-1"');
    expect(second.json).toEqual(first.json);
    expect(second.headers.get('idempotent-replayed')).toBe('true');
    // The dead letter was deleted: a request with another key gets 404.
    expect((await retry(id, 'key-2')).status).toBe(404);
    expect(system.tasks.queue(QUEUES.provision).pending()).toHaveLength(1);
  });

  test('of another request is refused with 422', async () => {
    await start();
    const {id} = await givenUp();
    await retry(id, 'key-1');
    const other = await retry('another', 'key-1');
    expect([other.status, problemOf(other)]).toEqual([422, 'idempotency-key-reused']);
  });

  test('can be used again if the first request failed', async () => {
    await start();
    const {id} = await givenUp();
    system.tasks.fault({times: 2, respond: {status: 'UNAVAILABLE'}});
    expect((await retry(id, 'key-1')).status).toBe(503);
    expect((await retry(id, 'key-1')).status).toBe(200);
  });

  test('of a request in progress is answered 409, and that of a crashed request is taken over after its lease', async () => {
    await start();
    const {id} = await givenUp();
    await retry(id, 'key-1');
    const key = keyId('api/key-1');
    const leaseUntil = system.scheduler.now() + MINUTE;
    await system.store.transaction(async (transaction) => {
      const done = await transaction.get('keys', key);
      if (done) transaction.set('keys', key, {...done, state: 'claimed', leaseUntil});
    });
    const early = await retry(id, 'key-1');
    expect([early.status, problemOf(early)]).toEqual([409, 'in-progress']);
    expect(Number(early.headers.get('retry-after'))).toBeGreaterThan(0);
    await system.pass(MINUTE);
    // The request that takes over finds no dead letter.
    expect((await retry(id, 'key-1')).status).toBe(404);
  });

  test('of a request that was refused is free for the corrected one', async () => {
    await start();
    const {id} = await givenUp();
    expect((await retry('misspelt', 'key-1')).status).toBe(404);
    expect((await retry(id, 'key-1', '?dryrun=true')).status).toBe(400);
    expect((await retry(id, 'key-1')).status).toBe(200);
  });

  test('is ignored in a dry run', async () => {
    await start();
    const {id} = await givenUp();
    await retry(id, 'key-1', '?dry-run=true');
    const real = await retry(id, 'key-1');
    expect(real.status).toBe(200);
    expect(real.headers.get('idempotent-replayed')).toBeNull();
  });

  test.each([['x'.repeat(256)], ['tab\there']])('%j is no key', async (key) => {
    await start();
    const answer = await retry('x', key);
    expect([answer.status, problemOf(answer)]).toEqual([400, 'invalid-request']);
  });
});

test('the dead letter is kept if the task cannot be created', async () => {
  await start();
  const {id} = await givenUp();
  system.tasks.fault({times: 2, respond: {status: 'UNAVAILABLE'}});
  const answer = await api.post(`/api/v1/deadletters/${id}/retry`);
  expect([answer.status, problemOf(answer)]).toEqual([503, 'unavailable']);
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
  expect((await api.post(`/api/v1/deadletters/${id}/retry`)).status).toBe(200);
});

test('dead letters are found by their job and by when it was given up', async () => {
  await start();
  const now = system.scheduler.now();
  const jobs = ['71-1', '71-2', '7-1', null];
  await system.store.transaction(async (transaction) => {
    for (const [n, job] of jobs.entries()) {
      const at = now + n * MINUTE;
      const rest = {queue: 'provision', body: {}, error: 'e', jobUrl: null, attempts: 1, expireAt: now + 60 * MINUTE};
      transaction.set('deadletters', `letter-${n}`, {...rest, task: `t${n}`, job, at});
    }
  });
  const time = (n: number) => new Date(now + n * MINUTE).toISOString();
  const found = async (query: string) =>
    ((await api.get(`/deadletters?${query}`)).json['deadletters'] as {id: string}[]).map(({id}) => Number(id.slice(7)));
  expect(await found('job=71')).toEqual([0, 1]);
  expect(await found('job=71-2')).toEqual([1]);
  expect(await found(`since=${time(1)}`)).toEqual([1, 2, 3]);
  expect(await found(`since=${time(1)}&until=${time(3)}`)).toEqual([1, 2]);
  expect(await found(`job=71&since=${time(1)}`)).toEqual([1]);
  for (const wrong of ['job=abc', 'job=71-', 'since=yesterday']) {
    const answer = await api.get(`/deadletters?${wrong}`);
    expect([answer.status, problemOf(answer)]).toEqual([400, 'invalid-request']);
  }
});
