import {type Cases, HOUR, job, MINUTE, SETTING} from './case';

/** What machines are counted as. */
export const USAGE: Cases = {
  'a runner that lost its job during its creation, and whose machine was refused, does not count as a machine': {
    seed: 77,
    setting: {
      ...SETTING,
      maxRunners: {arm: 1, spot: 1, shared: 3},
      idleMinutes: 0.1,
      hooks: 2,
      routing: 'random',
      busyLieMs: 2 * MINUTE,
      listingMs: 20_000,
      bootMs: 5_000,
      taskDelayMs: 2_000,
      sweepsTwice: true,
      neighbours: true,
      placements: {
        lacking: [
          {zone: 'us-central1-f', type: 'c4a-standard-4', refused: 400},
          {zone: 'us-central1-b', type: 'nvidia-l4', refused: 400},
        ],
        disk: 'hyperdisk-balanced',
        misfits: 'operation',
        gpuSpot: 'never',
      },
      total: 5,
    },
    jobs: [job(22_244_140, {repository: 'acme/tools', kind: 'bare', durationMs: 600_000})],
    faults: [{on: 'zone_down', zone: 'us-central1-b', fromMs: 22_200_000, forMs: 618_929}],
  },
  'a machine whose creation failed while GitHub was down counts until lists miss it, not until GitHub lets go of its runner':
    {
      seed: 14,
      setting: {...SETTING, provider: 'memory-ids'},
      jobs: [job(MINUTE)],
      faults: [
        {on: 'late_failure', atMs: 0, code: 'INTERNAL_ERROR', times: 1},
        {on: 'github_down', fromMs: 2 * MINUTE, forMs: 30 * MINUTE},
      ],
    },
  'a machine whose runner could not be deregistered for ten minutes counts until it is': {
    seed: 24,
    setting: {
      ...SETTING,
      provider: 'ec2',
      idleMinutes: 3,
      apps: 2,
      appAway: {how: 'suspended', fromMs: 0, forMs: HOUR},
    },
    jobs: [job(MINUTE, {cancelAfterMs: 2_000})],
    faults: [{on: 'call', port: 'github', method: 'deleteRunner', nth: 1, effect: 'rate_limit'}],
  },
};
