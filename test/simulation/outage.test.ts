import type {Fault, JobPlan, Scenario} from './scenario';
import {simulate} from './simulate';

const MINUTE = 60_000;
const OUTAGE = {fromMs: 5 * MINUTE, forMs: 8 * MINUTE};
const END_MS = OUTAGE.fromMs + OUTAGE.forMs;

/** GitHub's limit: 900 points, 5 for a JIT config. */
const MOST_A_MINUTE = 180;

function planned(jobs: number, repositories: number): JobPlan[] {
  return Array.from({length: jobs}, (_, n) => ({
    atMs: OUTAGE.fromMs + Math.floor((n * (OUTAGE.forMs - 5_000)) / jobs),
    repository: `acme/repo-${Math.floor((n * repositories) / jobs)}`,
    kind: 'arm',
    durationMs: 2 * MINUTE,
    matrix: 1,
    maxParallel: 1,
  }));
}

function scenario(jobs: number, repositories: number, faults: readonly Fault[]): Scenario {
  return {
    seed: 7,
    setting: {
      maxRunners: {arm: jobs + 100, spot: 1, shared: 1},
      idleMinutes: 10,
      hooks: 1,
      routing: 'random',
      busyLieMs: 0,
      listingMs: 0,
      removalMs: 0,
      bootMs: 30_000,
      skewMs: 500,
      webhookDelayMs: 0,
      taskDelayMs: 100,
      moreRepositories: repositories,
    },
    jobs: planned(jobs, repositories),
    faults,
  };
}

test.each<[number, 503 | undefined]>([
  [10, 503],
  [1_000, undefined],
])(
  'after an outage of eight minutes each of 400 jobs in %i repositories has its VM within five minutes (answer: %p)',
  async (repositories, answer) => {
    const down: Fault = {on: 'webhook_down', ...OUTAGE, ...(answer ? {answer} : {})};
    const {violations, madeAtMs, ranOn} = await simulate(scenario(400, repositories, [down]));
    expect(violations).toEqual([]);
    // In a repository with several jobs GitHub gives a VM the oldest: its own is the one that runs it, whichever job it was made for.
    const waitsMs = [...ranOn.values()].map((name) => (madeAtMs.get(name) ?? Number.POSITIVE_INFINITY) - END_MS);
    expect(waitsMs).toHaveLength(400);
    expect(Math.max(...waitsMs)).toBeLessThanOrEqual(5 * MINUTE);
    expect(madeAtMs.size).toBe(400);
  },
  180_000,
);

test('after an outage that leaves more, 1,000 jobs in 1,000 repositories, VMs are made at 95 % of GitHub’s limit', async () => {
  const down: Fault = {on: 'webhook_down', ...OUTAGE, answer: 503};
  const {violations, madeAtMs, ranOn} = await simulate(scenario(1_000, 1_000, [down]));
  expect(violations).toEqual([]);
  expect(ranOn.size).toBe(1_000);
  expect(madeAtMs.size).toBe(1_000);
  const sinceMs = [...madeAtMs.values()].map((atMs) => atMs - END_MS).sort((a, b) => a - b);
  // Whole minutes, from the first sweep that finds the webhook, as long as there is more to do than a minute has room for: at the end the limit is nobody's.
  const minutes = Math.floor((sinceMs.at(-MOST_A_MINUTE) ?? 0) / MINUTE);
  expect(minutes).toBeGreaterThanOrEqual(4);
  const made = sinceMs.filter((ms) => ms >= MINUTE && ms < (minutes + 1) * MINUTE).length;
  // Events of jobs that were found during the outage are delivered as well: each takes a dispatch, and makes nothing.
  const found = sinceMs.filter((ms) => ms < 0).length;
  expect(found).toBeLessThan(MOST_A_MINUTE / 6);
  expect(made).toBeGreaterThanOrEqual(0.95 * MOST_A_MINUTE * minutes - found);
  expect(made).toBeLessThan(MOST_A_MINUTE * minutes);
}, 180_000);
