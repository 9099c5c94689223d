import {type Cases, job, MINUTE, SETTING} from './case';

/** Jobs that another pool serves. */
export const FALLBACKS: Cases = {
  'a runner of a fallback whose job was cancelled takes the next job of the pool': {
    seed: 1,
    setting: {...SETTING, provider: 'gce+ec2'},
    jobs: [job(MINUTE, {kind: 'spot', cancelAfterMs: 10_000}), job(6 * MINUTE, {kind: 'spot'})],
    faults: [{on: 'quota', cpus: 0, refused: 'request', fromMs: 0, forMs: 3 * MINUTE}],
  },
};
