import {type Cases, job, MINUTE, SETTING} from './case';

/** Runners and their registrations. */
export const RUNNERS: Cases = {
  'the job of a spot machine whose runner ended at the notice is rerun': {
    seed: 1,
    setting: SETTING,
    jobs: [job(MINUTE, {kind: 'spot', durationMs: 20 * MINUTE})],
    faults: [{on: 'preemption', atMs: 5 * MINUTE, pick: 0, isHeeded: true}],
  },
  'the job of a spot machine that is lost without a notice is rerun': {
    seed: 1,
    setting: SETTING,
    jobs: [job(MINUTE, {kind: 'spot', durationMs: 20 * MINUTE})],
    faults: [{on: 'preemption', atMs: 5 * MINUTE, pick: 0}],
  },
  'the job of a spot machine whose host broke is not rerun': {
    seed: 1,
    setting: SETTING,
    jobs: [job(MINUTE, {kind: 'spot', durationMs: 20 * MINUTE})],
    faults: [{on: 'host_error', atMs: 5 * MINUTE, pick: 0}],
  },
  'a stop that dies after it gave the slot away is repeated, and tells the job that got the slot': {
    seed: 1,
    setting: {...SETTING, maxRunners: {arm: 1, spot: 1, shared: 1}},
    jobs: [job(0), job(MINUTE)],
    // The first task that a function makes here is the one that tells the second job of its slot.
    faults: [{on: 'call', port: 'tasks', nth: 1, effect: 'dies_before'}],
  },
  'an end that is repeated when another runner has the slot already frees nothing': {
    seed: 1,
    setting: {...SETTING, maxRunners: {arm: 1, spot: 1, shared: 1}},
    jobs: [job(0), job(MINUTE), job(MINUTE)],
    // The end of the first job: the queue repeats it when the VM of the second one is on its way.
    faults: [{on: 'dispatch', queue: 'stop', nth: 2, effect: 'answer_lost'}],
  },
  'a runner that is still being made, and whose job went back to waiting, is not given to another job': {
    seed: 1,
    setting: SETTING,
    jobs: [job(MINUTE, {sentBack: {afterMs: 20_000, forMs: 4 * MINUTE}}), job(2 * MINUTE)],
    faults: [{on: 'github_down', fromMs: 0, forMs: 7 * MINUTE}],
  },
  'a registration whose answer was lost, and which no list shows yet, is removed later': {
    seed: 1,
    setting: {...SETTING, listingMs: 20_000},
    jobs: [job(MINUTE)],
    faults: [{on: 'call', port: 'github', method: 'createJitConfig', nth: 1, effect: 'lost'}],
  },
  'a registration that no list shows yet is removed when its runner is not wanted any more': {
    seed: 73,
    setting: {
      ...SETTING,
      routing: 'oldest',
      listingMs: 20_000,
      webhookDelayMs: 3_000,
      skewMs: 5_000,
      taskDelayMs: 2_000,
    },
    jobs: Array.from({length: 12}, (_, index) => job(index * MINUTE, {cancelAfterMs: 500 * index})),
    faults: [],
  },
  'a VM that ran its job before it was written down that it was made is not registered a second time': {
    seed: 988,
    setting: {...SETTING, webhookDelayMs: 3 * MINUTE},
    jobs: [job(0, {durationMs: 10_000})],
    // The transaction that writes down that the VM is there; the next attempt comes when the job is over.
    faults: [{on: 'call', port: 'store', method: 'transaction', nth: 3, effect: 'dies_before'}],
  },
  'a runner that became spare is placed although the next event came before the repetition of the first': {
    seed: 4,
    setting: {...SETTING, idleMinutes: 3},
    jobs: [job(0, {sentBack: {afterMs: 19_000, forMs: 2 * MINUTE}, cancelAfterMs: 25_000})],
    // The transaction that takes the runner from the job that went back to waiting; then the job is cancelled.
    faults: [{on: 'call', port: 'store', method: 'transaction', nth: 4, effect: 'dies_after'}],
  },
  'a spare runner that took a job of which nobody heard yet is kept, because GitHub refuses to deregister it': {
    seed: 1,
    setting: {...SETTING, idleMinutes: 0.1, busyLieMs: 2 * MINUTE, bootMs: 5_000},
    jobs: [job(0, {cancelAfterMs: 10_000}), job(125_000, {durationMs: 10 * MINUTE})],
    faults: [
      // Both webhooks of the second job, until it is over; and no sweep hears of it either.
      ...[3, 4].map((nth) => ({on: 'webhook', nth, effect: {lateMs: 11 * MINUTE}}) as const),
      {on: 'github_down', fromMs: 145_000, forMs: 2 * MINUTE},
    ],
  },
  'a runner that comes online while the sweep ends it as one that never boots gets no job, since it is deregistered first':
    {
      // One of a hundred comes at the very moment.
      seed: 220,
      setting: {...SETTING, maxRunners: {arm: 40, spot: 3, shared: 3}, bootMs: 9 * MINUTE},
      jobs: [job(0, {matrix: 100, maxParallel: 100})],
      faults: [],
    },
  'a stop that is forgotten when the end of the job is on record, and nothing else, is continued by the sweep, though the VM goes on running':
    {
      seed: 1,
      setting: SETTING,
      jobs: [job(0)],
      // The task of the end of the job, after that of its start. Its execution asks for the deletion of the VM next.
      faults: [
        {on: 'task', queue: 'stop', nth: 2, diesAt: 2},
        {on: 'power_off', nth: 1},
      ],
    },
  'a stop that is forgotten when the deletion of the VM is accepted is continued by the sweep, and the VM counts until its job was over':
    {
      seed: 1,
      setting: SETTING,
      jobs: [job(0)],
      faults: [{on: 'task', queue: 'stop', nth: 2, diesAt: 3}],
    },
  'a runner whose deletion got lost when it had left GitHub goes all the same': {
    seed: 1,
    setting: {...SETTING, idleMinutes: 1},
    jobs: [job(0, {cancelAfterMs: 10_000})],
    // After the one that tells of the end of the job, and three readings.
    faults: [{on: 'task', queue: 'stop', nth: 5}],
  },
  'a stranger that runs jobs under the name of a runner of ours in its scope is told from it by the id of the registration':
    {
      seed: 433,
      setting: {
        ...SETTING,
        maxRunners: {arm: 2, spot: 2, shared: 3},
        busyLieMs: 2 * MINUTE,
        listingMs: 20_000,
        bootMs: 9 * MINUTE,
        webhookDelayMs: 10 * MINUTE,
        taskDelayMs: 2_000,
        foreignResources: true,
        neighbours: true,
        givesBack: true,
        brokenLists: 'total',
      },
      jobs: [job(2_007_127, {kind: 'bare', durationMs: 36_633})],
      faults: [],
    },
};
