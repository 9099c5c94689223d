import {type WaitingJob, waitingJobs} from '../../shared/diagnosis/waiting-jobs';
import {type Host, newHost} from '../../shared/model/host';
import type {FailedAttempt, JobDocument} from '../../shared/model/job';
import {jobKeyOf, settleFailure} from '../../shared/model/job';
import type {Pool} from '../../shared/model/pool';
import {newSlot, slotId} from '../../shared/model/slot';
import {createMemoryStore} from '../../shared/store/memory';
import type {Store} from '../../shared/store/store';
import {aJob, aPool, NOW} from '../builders/lifecycle';
import {VirtualScheduler} from '../emulators/scheduler';

const MINUTE = 60_000;
const LIMIT = 5;

let clock: VirtualScheduler;
let store: Store;

beforeEach(() => {
  clock = new VirtualScheduler(NOW);
  store = createMemoryStore({clock});
});

/** Jobs of the pool `arm` in the order in which they were queued, with so many slots in use. */
async function verdicts(
  jobs: readonly JobDocument[],
  taken: number,
  {hosts = [], ...pool}: Partial<Pool> & {readonly hosts?: readonly Host[]} = {},
): Promise<WaitingJob[]> {
  await store.transaction(async (transaction) => {
    for (const job of jobs) transaction.set('jobs', jobKeyOf(job), job);
    for (let n = 0; n < LIMIT; n++) {
      transaction.set(
        'slots',
        slotId('arm', n),
        newSlot({pool: 'arm', n}, n < taken ? `slipway-arm-9-${n}` : null, NOW),
      );
    }
  });
  const read = {now: NOW, runners: new Map(), breakers: [], sweepSeconds: 60, webhooks: 'on'} as const;
  return waitingJobs({store, clock, hosts, pools: [aPool({maxRunners: LIMIT, ...pool})]}, jobs, read);
}

function anOpenJob(n: number, overrides: Partial<JobDocument> = {}): JobDocument {
  return aJob({jobId: 1001 + n, queuedAt: NOW - (90 - n) * MINUTE, updatedAt: NOW - 85 * MINUTE, ...overrides});
}

function failedAttempt(agoMs: number, overrides: Partial<FailedAttempt> = {}): FailedAttempt {
  const at = NOW - agoMs;
  return {
    kind: 'unavailable',
    message: 'GitHub answered 502',
    at,
    attempt: 6,
    mostAttempts: 20,
    nextTryAt: at + 300_000,
    ...overrides,
  };
}

const words = (waiting: readonly WaitingJob[]) => waiting.map(({explanation}) => explanation.verdict);

describe('a job without a runner, while slots are free', () => {
  test('is retried while its failure is to be made good, and is told when', async () => {
    const [waiting] = await verdicts([anOpenJob(0, {failedAttempt: failedAttempt(2 * MINUTE)})], 2);
    expect(waiting?.explanation).toMatchObject({
      verdict: 'retrying',
      because: expect.stringContaining('attempt 6 of 20, the next try is due in 3 min'),
    });
  });

  test('is told that the next try is overdue when it has not come', async () => {
    const [waiting] = await verdicts([anOpenJob(0, {failedAttempt: failedAttempt(20 * MINUTE)})], 2);
    expect(waiting?.explanation).toMatchObject({
      verdict: 'retrying',
      because: expect.stringContaining('the next try is overdue by 15 min'),
    });
  });

  test('is not told of a failure after which an attempt went well', async () => {
    const failed = anOpenJob(0, {failedAttempt: failedAttempt(82 * MINUTE)});
    const [waiting] = await verdicts([settleFailure(failed, NOW - 77 * MINUTE)], 4);
    expect(waiting?.explanation).toMatchObject({
      verdict: 'creating',
      because: 'a slot of pool arm is free, and the job is one of the next to get one (queued for 90 min)',
    });
  });

  test('is told that a task is on its way only where nobody has kept it waiting', async () => {
    const [waiting] = await verdicts([anOpenJob(0, {updatedAt: NOW - 20_000})], 4);
    expect(waiting?.explanation).toMatchObject({
      verdict: 'creating',
      because: 'a slot of pool arm is free, and a task that creates the runner is on its way since 20 s',
    });
  });

  test('waits for a slot if more jobs are before it than slots are free', async () => {
    const waiting = await verdicts([anOpenJob(0), anOpenJob(1), anOpenJob(2)], 4);
    expect(words(waiting)).toEqual(['creating', 'waiting_for_slot', 'waiting_for_slot']);
    expect(waiting[2]?.explanation).toMatchObject({
      position: 3,
      because:
        '4 of 5 runners of pool arm are busy or on their way, and the job is the 3rd in the queue: what is free goes to the jobs before it',
      do: 'Wait until the jobs before it have ended, or raise maxRunners of pool arm.',
    });
  });

  test.each([
    [5, 'raise capacity of a host, or add one to the pool'],
    [7, 'or raise maxRunners of pool arm'],
  ])('is told what gives it more room where its hosts have %i places: %s', async (capacity, advice) => {
    const provider = {type: 'docker', hosts: ['builder'], image: 'runner', registration: 'jit', env: {}, volumes: []};
    const pool = {
      provider: provider as unknown as Pool['provider'],
      hosts: [{name: 'builder', capacity, idleMinutes: 10}],
    };
    await store.transaction(async (transaction) => {
      transaction.set('hosts', 'builder', {...newHost('builder', NOW), seenAt: NOW});
    });
    const waiting = await verdicts([anOpenJob(0), anOpenJob(1)], 4, pool);
    expect(waiting[1]?.explanation).toMatchObject({
      verdict: 'waiting_for_slot',
      do: `Wait until the jobs before it have ended, ${advice}.`,
    });
  });
});

test('a failure is history when its job is queued again', async () => {
  const failed = anOpenJob(0, {failedAttempt: failedAttempt(60 * MINUTE), updatedAt: NOW - 5_000});
  expect(words(await verdicts([failed], 0))).toEqual(['creating']);
});

test('an attempt that went well makes a failure history even on a clock that is behind', () => {
  const failed = anOpenJob(0, {failedAttempt: failedAttempt(0)});
  expect(settleFailure(failed, NOW - 5_000).updatedAt).toBeGreaterThan(NOW);
  const never = anOpenJob(0);
  expect(settleFailure(never, NOW)).toBe(never);
});
