import type {Fault, JobPlan, Scenario} from './scenario';
import {simulate} from './simulate';

const MINUTE = 60_000;
const JOBS = 400;
const OUTAGE = {fromMs: 5 * MINUTE, forMs: 8 * MINUTE};
const END_MS = OUTAGE.fromMs + OUTAGE.forMs;

const jobs: JobPlan[] = Array.from({length: JOBS}, (_, n) => ({
  atMs: OUTAGE.fromMs + Math.floor((n * (OUTAGE.forMs - 5_000)) / JOBS),
  repository: `acme/repo-${n * 2}`,
  kind: 'arm',
  durationMs: 2 * MINUTE,
  matrix: 1,
  maxParallel: 1,
}));

function scenario(repositories: number, faults: readonly Fault[]): Scenario {
  return {
    seed: 7,
    setting: {
      maxRunners: {arm: 500, spot: 1, shared: 1},
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
    jobs: jobs.map((job, n) => ({...job, repository: `acme/repo-${Math.floor((n * repositories) / JOBS)}`})),
    faults,
  };
}

test.each<[number, 503 | undefined]>([
  [10, 503],
  [1_000, 503],
  [1_000, undefined],
])(
  'after an outage of eight minutes each of 400 jobs in %i repositories has its VM within five minutes (answer: %p)',
  async (repositories, answer) => {
    const down: Fault = {on: 'webhook_down', ...OUTAGE, ...(answer ? {answer} : {})};
    const {violations, madeAtMs} = await simulate(scenario(repositories, [down]));
    expect(violations).toEqual([]);
    const inTime = [...madeAtMs].filter(([, atMs]) => atMs <= END_MS + 5 * MINUTE);
    const served = inTime.map(([name]) => /^slipway-arm-(\d+)-\d+$/.exec(name)?.[1]);
    expect(new Set(served).size).toBe(JOBS);
  },
  180_000,
);
