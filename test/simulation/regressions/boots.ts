import {type Cases, job, SETTING} from './case';

/** Machines that end during their boot, and others that look like them. */
export const BOOTS: Cases = {
  'machines that power themselves off during their boot count as failed boots': {
    seed: 1,
    setting: SETTING,
    jobs: [job(0)],
    faults: [1, 2, 3, 4].map((nth) => ({on: 'boot', nth, by: 'powers off'}) as const),
  },
  'spot VMs that are preempted during their boot are no failed boots': {
    seed: 1,
    setting: {...SETTING, bootMs: 90_000},
    jobs: [job(0, {kind: 'spot'})],
    faults: [{on: 'preemption', atMs: 12_000, pick: 0}],
  },
  'a runner whose job is over, of which nobody tells the sweep, has not failed to boot': {
    seed: 1,
    setting: SETTING,
    jobs: [job(0, {durationMs: 5_000})],
    faults: [
      ...[2, 3, 4, 5].map((nth) => ({on: 'webhook', nth, effect: 'dropped'}) as const),
      ...['deliveries', 'openRuns', 'job'].flatMap((method) =>
        Array.from(
          {length: 8},
          (_, n) => ({on: 'call', port: 'github', method, nth: n + 1, effect: 'unavailable'}) as const,
        ),
      ),
    ],
  },
};
