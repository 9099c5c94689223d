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
};
