import {type Cases, job, MINUTE, SETTING} from './case';

/** Instances at EC2. */
export const EC2: Cases = {
  'an instance whose answer was lost is found by its token, though its zone is full when it is asked for again': {
    seed: 1,
    setting: {...SETTING, provider: 'ec2'},
    jobs: [job(MINUTE)],
    faults: [
      {on: 'call', port: 'machines', method: 'runInstance', nth: 1, effect: 'lost'},
      // Between the request and its repetition.
      {on: 'stock_out', zone: 'us-central1-b', fromMs: 63_000, forMs: 5 * MINUTE},
    ],
  },
  'an idle spot instance that was taken back is missed at once, though EC2 shows it for an hour': {
    seed: 1,
    setting: {...SETTING, provider: 'ec2'},
    jobs: [job(MINUTE, {kind: 'spot', cancelAfterMs: 5_000})],
    faults: [{on: 'preemption', atMs: 3 * MINUTE, pick: 0}],
  },
  'the job of a spot instance whose runner ended at the notice is rerun, though EC2 says two minutes later why it ended':
    {
      seed: 1,
      setting: {...SETTING, provider: 'ec2'},
      jobs: [job(MINUTE, {kind: 'spot', durationMs: 20 * MINUTE})],
      faults: [{on: 'preemption', atMs: 5 * MINUTE, pick: 0, isHeeded: true}],
    },
};
