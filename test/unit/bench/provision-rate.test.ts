import {deployedProvisionRate, FASTEST} from '../../bench/provision-rate';
import {provisionUnderLimit} from '../../bench/rate-limited-world';

/** 900 points a minute, 5 for a JIT config. */
const MOST_A_MINUTE = 180;

const burst = {jobs: 400, withinMs: 5_000, durationMs: 600_000};

test.each([
  ['the deployed rate', deployedProvisionRate(), 0.65],
  ['the fastest one that is advised', FASTEST, 0.95],
])(
  '%s of the provision queue is never refused by GitHub’s secondary limit, and uses its share of it',
  async (_, rate, share) => {
    const {createdAtMs, refusals, vmsPerJob} = await provisionUnderLimit(rate, burst);
    expect(refusals).toBe(0);
    expect(createdAtMs).toHaveLength(400);
    expect([...vmsPerJob.values()]).toEqual(Array.from({length: 400}, () => 1));
    const [first = 0, last = 0] = [createdAtMs[0], createdAtMs.at(-1)];
    expect((399 / (last - first)) * 60_000).toBeGreaterThanOrEqual(share * MOST_A_MINUTE);
  },
  30_000,
);

test('a queue that dispatches faster than GitHub permits is refused, and makes no VM more than there are jobs', async () => {
  const short = {...burst, durationMs: 60_000};
  const {refusals, vmsPerJob} = await provisionUnderLimit({perSecond: 10, concurrent: 100}, short);
  expect(refusals).toBeGreaterThan(0);
  // A runner that GitHub gives another job than the one it was made for: the first one then gets the other's, so the sum counts here.
  expect([...vmsPerJob.values()].reduce((sum, vms) => sum + vms, 0)).toBe(400);
}, 30_000);
