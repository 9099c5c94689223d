import {type Cases, HOUR, job, MINUTE, SETTING} from './case';

/** Several GitHub Apps, of which one goes away. */
export const APPS: Cases = {
  'an App that loses its repositories tells nothing of the runners there': {
    seed: 1,
    setting: {...SETTING, apps: 2, queues: 4, appAway: {how: 'left_out', fromMs: 4 * MINUTE, forMs: HOUR}},
    jobs: Array.from({length: 10}, (_, index) => job(index * MINUTE, {durationMs: 6 * MINUTE})),
    faults: [],
  },
  'an App that is removed holds nothing up': {
    seed: 2,
    setting: {...SETTING, apps: 3, queues: 2, appAway: {how: 'uninstalled', fromMs: 3 * MINUTE, forMs: HOUR}},
    jobs: Array.from({length: 10}, (_, index) => job(index * MINUTE)),
    faults: [{on: 'call', port: 'github', method: 'createJitConfig', nth: 3, effect: 'secondary_limit'}],
  },
  'an owner on which only another App is installed is served, and its jobs are found': {
    seed: 3,
    setting: {...SETTING, apps: 2, appAway: {app: 'first', how: 'uninstalled', fromMs: 0, forMs: 24 * HOUR}},
    jobs: Array.from({length: 4}, (_, index) => job((10 + index) * MINUTE)),
    faults: [],
  },
  'the first App loses its repositories while jobs run': {
    seed: 4,
    setting: {...SETTING, apps: 2, appAway: {app: 'first', how: 'left_out', fromMs: 4 * MINUTE, forMs: 2 * HOUR}},
    jobs: Array.from({length: 10}, (_, index) => job(index * MINUTE, {durationMs: 6 * MINUTE})),
    faults: [],
  },
  'the first App lacks the permission for runners': {
    seed: 5,
    setting: {...SETTING, apps: 2, appAway: {app: 'first', how: 'forbidden', fromMs: 0, forMs: 24 * HOUR}},
    jobs: Array.from({length: 4}, (_, index) => job((10 + index) * MINUTE)),
    faults: [],
  },
  'a runner whose job nobody told of is not taken for gone by an App that lost its repositories': {
    seed: 6,
    setting: {
      ...{...SETTING, apps: 2, sweepIntervalSeconds: 600},
      appAway: {app: 'first', how: 'left_out', fromMs: 10.2 * MINUTE, forMs: HOUR},
    },
    jobs: [job(MINUTE, {cancelAfterMs: 10_000}), job(10.5 * MINUTE, {durationMs: 40 * MINUTE})],
    faults: [],
  },
  'a job that the first App is not shown is known to whoever asks why it waits': {
    seed: 1,
    setting: {
      ...{...SETTING, apps: 2, maxRunners: {arm: 1, spot: 1, shared: 1}},
      appAway: {app: 'first', how: 'left_out', fromMs: 3 * MINUTE, forMs: 2 * HOUR},
    },
    jobs: Array.from({length: 5}, (_, index) => job((10.5 + index * 10) * MINUTE, {durationMs: 25 * MINUTE})),
    faults: [],
  },
};
