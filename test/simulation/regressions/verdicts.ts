import {type Cases, job, MINUTE, SETTING} from './case';

/** What jobs are told that wait. */
export const VERDICTS: Cases = {
  'a job with more jobs before it than slots are free is told so': {
    seed: 1,
    // When the pool is not drained any more, nobody tells its jobs until the sweep comes.
    setting: {
      ...SETTING,
      maxRunners: {arm: 2, spot: 1, shared: 1},
      drained: {pool: 'arm', fromMs: 0, forMs: 11 * MINUTE},
      sweepIntervalSeconds: 600,
    },
    jobs: [job(MINUTE, {matrix: 6, maxParallel: 6})],
    faults: [],
  },
};
