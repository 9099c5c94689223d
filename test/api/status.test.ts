import {createMemoryStore} from '../../shared/store/memory';
import {type Billed, countedStore} from '../builders/counted-store';
import {aJob, aRunner} from '../builders/lifecycle';
import {aSystem, MINUTE, type TestSystem} from '../builders/system';
import {ApiClient} from './client';

jest.setTimeout(60_000);

let system: TestSystem;
let api: ApiClient;
let billed: Billed;

beforeEach(async () => {
  system = await aSystem({
    makeStore: (clock) => {
      const counted = countedStore(createMemoryStore({clock}));
      billed = counted.billed;
      return counted.store;
    },
  });
  api = new ApiClient(system.urls.api);
});
afterEach(() => system.close());

interface Status {
  readonly active_runners: readonly {name: string; state: string}[];
  readonly active_runners_total: number;
  readonly waiting_jobs: readonly {id: number; position: number | null; verdict: string}[];
  readonly waiting_jobs_total: number;
  readonly pools: readonly {name: string; states: Record<string, number>}[];
}

const status = async () => (await api.get('/status')).json as unknown as Status;

/** Puts jobs and runners on record whose names end in a number; `from`: the first. */
async function onRecord(jobs: number, runners: number): Promise<void> {
  const now = system.scheduler.now();
  const expireAt = now + 60 * MINUTE;
  await system.store.transaction(async (transaction) => {
    for (let n = 0; n < jobs; n++) {
      // The ids fall while the times rise: the order of ids is not the order of the queue.
      const job = aJob({jobId: 9_000 - n, queuedAt: now - (jobs - n) * 1_000, demand: 'open', expireAt});
      transaction.set('jobs', `${job.jobId}-1`, job);
    }
    for (let n = 0; n < runners; n++) {
      const job = aJob({jobId: 20_000 + n, status: 'in_progress', demand: 'none'});
      const state = n % 2 === 0 ? 'busy' : 'booting';
      const runner = aRunner(job, {state, stateAt: now, expireAt});
      transaction.set('runners', runner.name, runner);
    }
  });
}

describe('what it costs to look', () => {
  test('an answer is kept for three seconds for everybody, and read once for all who ask at the same time', async () => {
    system.queueJob({durationMs: 60 * MINUTE});
    await system.pass(5 * MINUTE);
    const before = billed.reads;
    const [first] = await Promise.all([api.get('/status'), api.get('/api/v1/status'), api.get('/status')]);
    const once = billed.reads - before;
    expect(once).toBeGreaterThan(0);
    await system.pass(2_900);
    const again = await api.get('/status');
    expect([again.text, billed.reads - before]).toEqual([first?.text, once]);
    await system.pass(100);
    expect((await api.get('/status')).text).not.toBe(first?.text);
    // The job that runs was read the first time.
    expect(billed.reads - before).toBe(2 * once - 1);
  });

  test('what the client has already is 304 without a body, until something is new', async () => {
    const first = await api.get('/status');
    const etag = first.headers.get('etag') ?? '';
    expect(etag).toMatch(/^"[\w-]{22}"$/);
    expect(first.headers.get('cache-control')).toBe('private, no-cache');
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`]) {
      const {status: code, text} = await api.get('/status', {headers: {'if-none-match': known}});
      expect([code, text]).toEqual([304, '']);
    }
    expect((await api.get('/status', {headers: {'if-none-match': '"other"'}})).status).toBe(200);
    system.queueJob();
    await system.pass(5_000);
    expect((await api.get('/status', {headers: {'if-none-match': etag}})).status).toBe(200);
  });

  test('an answer that failed is not kept', async () => {
    const find = jest.spyOn(system.store, 'find').mockRejectedValueOnce(new Error('the store is away'));
    expect((await api.get('/status')).status).toBe(500);
    find.mockRestore();
    expect((await api.get('/status')).status).toBe(200);
  });

  test('it is 200 jobs and 200 runners as documents at most, however many there are, and all are counted', async () => {
    await onRecord(450, 500);
    const before = billed.reads;
    const shown = await status();
    // Besides, counts, breakers, locks and the slots of the pools.
    expect(billed.reads - before).toBeLessThanOrEqual(400 + 40);
    expect([shown.active_runners.length, shown.active_runners_total]).toEqual([200, 500]);
    expect(shown.active_runners.every(({state}) => state === 'booting')).toBe(true);
    expect(shown.pools[0]?.states).toMatchObject({busy: 250, booting: 250, idle: 0});
    expect([shown.waiting_jobs.length, shown.waiting_jobs_total]).toEqual([200, 450]);
  });
});

describe('of more than 200 runners', () => {
  const states = async () => (await status()).pools[0]?.states;

  /** Ends the jobs of the first of the busy runners, whose own records tell nothing of it, and lets the memory of the answer run out. */
  async function end(jobs: number): Promise<void> {
    const now = system.scheduler.now();
    await system.store.transaction(async (transaction) => {
      for (let n = 0; n < jobs; n++) {
        const job = aJob({jobId: 20_000 + 2 * n, status: 'completed', demand: 'none', updatedAt: now});
        const name = `slipway-arm-${job.jobId}-1`;
        transaction.set('jobs', `${job.jobId}-1`, {...job, runner: name, expireAt: now + 60 * MINUTE});
        const [runs, began] = [`${job.jobId}-1`, `${job.jobId}-1`];
        const runner = aRunner(job, {state: 'busy', covers: null, runs, began, expireAt: now + 60 * MINUTE});
        transaction.set('runners', name, runner);
      }
    });
    await system.pass(3_000);
  }

  test.each([
    [500, 'that run a job none is listed', {busy: 210, draining: 40}],
    [300, 'that run a job some are listed', {busy: 110, draining: 40}],
  ])('of %i, of which %s, those drain whose jobs are over', async (runners, _, expected) => {
    await onRecord(0, runners);
    await end(40);
    expect(await states()).toMatchObject({...expected, booting: runners / 2});
  });

  test('one that is gone is counted no more, and its record is read no more', async () => {
    await onRecord(0, 500);
    await end(10);
    expect(await states()).toMatchObject({busy: 240, draining: 10});
    await system.store.transaction(async (transaction) => {
      for (let n = 0; n < 10; n++) {
        const name = `slipway-arm-${20_000 + 2 * n}-1`;
        const runner = await system.store.get('runners', name);
        if (runner) transaction.set('runners', name, {...runner, state: 'gone'});
      }
    });
    await system.pass(3_000);
    expect(await states()).toMatchObject({busy: 240, draining: 0});
    const get = jest.spyOn(system.store, 'get');
    await system.pass(3_000);
    expect(await states()).toMatchObject({busy: 240, draining: 0});
    expect(get.mock.calls.filter(([collection, id]) => collection === 'runners' && /-200[01]\d-1$/.test(id))).toEqual(
      [],
    );
  });
});

test('of more than 200 queued jobs the oldest are shown, with the same place as /explain tells', async () => {
  await onRecord(450, 0);
  const full = {expireAt: system.scheduler.now() + 60 * MINUTE, pool: 'arm', holder: 'slipway-arm-1-1'};
  await system.store.transaction(async (transaction) => {
    for (let n = 0; n < 5; n++) transaction.set('slots', `arm.${n}`, {...full, n});
  });
  const {waiting_jobs: waiting} = await status();
  expect(waiting.map(({id}) => id)).toEqual(Array.from({length: 200}, (_, n) => 9_000 - n));
  expect(waiting.map(({position}) => position)).toEqual(Array.from({length: 200}, (_, n) => n + 1));
  const because = async (id: number) => (await api.get(`/explain?job=${id}-1`)).json['because'];
  system.github.fault({match: {path: /./}, times: 100, respond: {status: 502, body: {message: 'Bad Gateway'}}});
  expect(await because(8_801)).toContain('the job is the 200th in the queue');
  expect(await because(8_800)).toContain('the job is behind the first 200 in the queue');
});

describe('the last sweep', () => {
  test('that did and saw everything is `ok` and `complete`, with when it began and ended', async () => {
    await system.sweep();
    await system.pass(10_000);
    const swept = (await api.get('/status')).json['last_sweep'] as {at: string; ended_at: string; seconds: number};
    expect(swept).toMatchObject({ok: true, complete: true, because: null, age_seconds: 10});
    expect(Date.parse(swept.ended_at) - Date.parse(swept.at)).toBe(swept.seconds * 1000);
  });

  test('that could not read a list, or did not do what it decided, says so in a sentence', async () => {
    await system.store.transaction(async (transaction) => {
      const lock = await transaction.get('locks', 'sweep');
      const now = system.scheduler.now();
      transaction.set('locks', 'sweep', {
        holder: null,
        leaseUntil: 0,
        cursors: {active: null, quiet: null},
        allowance: {active: 0, quiet: 0, at: 0},
        slotsAt: 0,
        sightings: {},
        preempted: [],
        ...lock,
        expireAt: now + MINUTE,
        last: {
          at: now,
          seconds: 50,
          finished: false,
          seen: {},
          decided: {orphan: 3},
          done: {orphan: 1},
          failed: {orphan: 2},
          incomplete: ['VMs in us-central1-a'],
        },
      });
    });
    const {json} = await api.get('/status');
    expect(json['last_sweep']).toMatchObject({
      ok: false,
      complete: false,
      because:
        'actions failed, and the next sweep tries them again: 2 for orphan; its time, or what GitHub’s limit allows, was not enough, and the next sweep continues; could not be read completely: VMs in us-central1-a',
    });
  });
});

test('a breaker is shown with since when it is open, the words of who refused, and when it is probed', async () => {
  system.compute.failLate({times: 100, error: {code: 'QUOTA_EXCEEDED', message: "Quota 'CPUS' exceeded. Limit: 8.0"}});
  system.queueJob();
  await system.pass(30_000);
  const {json} = await api.get('/status');
  const [breaker] = json['breakers'] as [Record<string, string>];
  expect(breaker).toMatchObject({name: 'quota.us-central1', message: expect.stringContaining("Quota 'CPUS' exceeded")});
  const {since, message, next_probe} = breaker;
  expect(breaker).toMatchObject({opened_at: since, reason: message, next_probe_at: next_probe});
  expect(Date.parse(next_probe ?? '')).toBeGreaterThan(Date.parse(since ?? ''));
});

describe('the jobs of late', () => {
  interface Recent {
    readonly recent_jobs: readonly {id: number; status: string; timeline: readonly {at: string; what: string}[]}[];
  }
  const recent = async () => ((await api.get('/status')).json as unknown as Recent).recent_jobs;
  const way = (job: Recent['recent_jobs'][number] | undefined) => job?.timeline.map(({what}) => what);

  test('a job is shown from its runner to a quarter of an hour after its end, with its way', async () => {
    const {id} = system.queueJob({durationMs: 2 * MINUTE});
    await system.pass(10_000);
    expect((await recent()).map((job) => [job.id, job.status])).toEqual([[id, 'queued']]);
    await system.pass(MINUTE);
    const [running] = await recent();
    expect([running?.status, way(running)]).toEqual([
      'in_progress',
      ['queued', 'assigned', 'registered', 'created', 'running'],
    ]);
    await system.finish();
    await system.pass(10_000);
    const [ended] = await recent();
    expect([ended?.status, way(ended)]).toEqual([
      'completed',
      ['queued', 'assigned', 'registered', 'created', 'running', 'completed', 'deleted'],
    ]);
    const times = ended?.timeline.map(({at}) => Date.parse(at)) ?? [];
    expect(times).toEqual([...times].sort((a, b) => a - b));
    await system.pass(16 * MINUTE);
    expect(await recent()).toEqual([]);
  });

  test('a refresh reads the jobs that ended since the one before, not all of them', async () => {
    for (let n = 0; n < 5; n++) system.queueJob({durationMs: 30_000});
    await system.finish();
    await system.pass(30_000);
    expect(await recent()).toHaveLength(5);
    await system.pass(30_000);
    const refresh = async () => {
      const before = billed.reads;
      const jobs = await recent();
      return {jobs: jobs.length, reads: billed.reads - before};
    };
    const shown = await refresh();
    await system.pass(20 * MINUTE);
    const none = await refresh();
    expect([shown.jobs, none.jobs]).toEqual([5, 0]);
    expect(shown.reads).toBe(none.reads);
  });

  test('of a burst the rest comes with the next refreshes, and none is lost', async () => {
    const now = system.scheduler.now();
    await system.store.transaction(async (transaction) => {
      for (let n = 0; n < 120; n++) {
        const job = aJob({
          jobId: 5_000 + n,
          status: 'completed',
          demand: 'none',
          updatedAt: now - 60_000 + n,
          expireAt: now + 60 * MINUTE,
        });
        transaction.set('jobs', `${job.jobId}-1`, job);
      }
    });
    const seen = new Set<number>();
    for (let n = 0; n < 4; n++) {
      for (const {id} of await recent()) seen.add(id);
      await system.pass(3_100);
    }
    expect(seen.size).toBe(120);
  });
});
