import {type Cases, job, MINUTE, SETTING} from './case';

/** Persistent VMs. */
export const VMS: Cases = {
  'a persistent VM that got a job of which no webhook told keeps it, though busy is false for two minutes': {
    seed: 2,
    setting: {
      ...SETTING,
      maxRunners: {arm: 2, spot: 1, shared: 2},
      idleMinutes: 1,
      routing: 'oldest',
      busyLieMs: 2 * MINUTE,
      listingMs: 20_000,
      bootMs: 4 * MINUTE,
      webhookDelayMs: 3 * MINUTE,
      foreignResources: true,
      sweepsTwice: true,
      vm: true,
    },
    jobs: [
      job(1_328_400, {kind: 'vm', durationMs: 553_000, cancelAfterMs: 396_385}),
      job(1_800_000, {kind: 'vm', durationMs: 50_000}),
    ],
    faults: [],
  },
  'a persistent VM whose job was cancelled when its start had failed is on record as stopped': {
    seed: 2832,
    setting: {
      ...SETTING,
      maxRunners: {arm: 8, spot: 3, shared: 2},
      idleMinutes: 0.1,
      busyLieMs: 2 * MINUTE,
      removalMs: 30_000,
      bootMs: 90_000,
      webhookDelayMs: 3_000,
      taskDelayMs: 15_000,
      vm: true,
    },
    jobs: [job(60_000, {kind: 'vm', durationMs: 10 * MINUTE, cancelAfterMs: 9_705})],
    faults: [{on: 'late_failure', atMs: 44_000, code: 'INTERNAL_ERROR', times: 3}],
  },
  'a persistent VM is started for its job although GitHub does not tell what its runner can take': {
    seed: 1,
    setting: {...SETTING, vm: true},
    jobs: [job(MINUTE, {kind: 'vm'})],
    faults: [{on: 'github_down', fromMs: 0, forMs: 5 * MINUTE}],
  },
  'a persistent VM that was started for a job that its runner cannot take, which GitHub did not tell, does not stay up for it':
    {
      seed: 1,
      setting: {...SETTING, vm: true},
      jobs: [job(MINUTE, {kind: 'vmHuge', cancelAfterMs: 240 * MINUTE})],
      faults: [{on: 'github_down', fromMs: 0, forMs: 5 * MINUTE}],
    },
  'a dry run of the stop does not record the end of a job of which nobody has told yet': {
    seed: 145,
    setting: {...SETTING, vm: true},
    jobs: [job(MINUTE, {kind: 'vm'})],
    faults: [{on: 'webhook', nth: 3, effect: {lateMs: 10 * MINUTE}}],
    // Before a sweep finds out.
    acts: [{atMs: 3.75 * MINUTE, does: 'stop', dry: true, pick: 0}],
  },
};
