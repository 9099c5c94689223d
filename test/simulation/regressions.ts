import type {JobPlan, Scenario, Setting} from './scenario';
import {STANDBY_CASES} from './standby-cases';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const SETTING: Setting = {
  maxRunners: {arm: 5, spot: 3, shared: 3},
  idleMinutes: 10,
  hooks: 1,
  routing: 'random',
  busyLieMs: 0,
  listingMs: 0,
  removalMs: 0,
  bootMs: 30_000,
  skewMs: 0,
  webhookDelayMs: 0,
  taskDelayMs: 0,
};

function job(atMs: number, more: Partial<JobPlan> = {}): JobPlan {
  return {atMs, repository: 'acme/app', kind: 'arm', durationMs: 2 * MINUTE, matrix: 1, maxParallel: 1, ...more};
}

/** Cases that the simulation found, cut down, by what is promised since; and some that chance comes upon seldom. */
export const REGRESSIONS: Readonly<Record<string, Scenario>> = {
  'a stop that dies after it gave the slot away is repeated, and tells the job that got the slot': {
    seed: 1,
    setting: {...SETTING, maxRunners: {arm: 1, spot: 1, shared: 1}},
    jobs: [job(0), job(MINUTE)],
    // The first task that a function makes here is the one that tells the second job of its slot.
    faults: [{on: 'call', port: 'tasks', nth: 1, effect: 'dies_before'}],
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
  'an event is delivered again no more than so many times, also when the answer to asking for it got lost and an old attempt is out of sight':
    {
      seed: 66,
      setting: {...SETTING, maxRunners: {arm: 1, spot: 3, shared: 2}, routing: 'oldest', bootMs: 90_000, skewMs: 500},
      jobs: [
        job(176_731, {repository: 'acme/tools', durationMs: 18_612, approvedAfterMs: 50_835}),
        job(198_622, {kind: 'shared', durationMs: 592_719, sentBack: {afterMs: 17_143, forMs: 147_633}}),
        job(667_676, {kind: 'shared', durationMs: 315_002}),
      ],
      faults: [
        {on: 'webhook_down', fromMs: 235_215, forMs: 1_288_103},
        // The sweep that lists the runners dies, so that for ten minutes there is none.
        {on: 'call', port: 'github', method: 'runners', nth: 27, effect: 'dies_before'},
        {on: 'call', port: 'github', method: 'redeliver', nth: 15, effect: 'lost'},
      ],
    },
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
  'a job that is queued beside one that waits for an approval is found, though its run is neither queued nor in progress':
    {
      seed: 1,
      setting: {...SETTING, webhooksOff: true},
      jobs: [
        ...Array.from({length: 4}, (_, index) => job(index * MINUTE)),
        job(0, {durationMs: 60 * MINUTE}),
        job(20 * MINUTE, {heldBesideMs: 26 * HOUR}),
      ],
      faults: [],
    },
  'a job that is approved three days after its run began is found': {
    seed: 1,
    setting: {...SETTING, webhooksOff: true},
    jobs: [job(0, {approvedAfterMs: 72 * HOUR})],
    faults: [],
  },
  'a job is found in lists whose total is always one too high': {
    seed: 1,
    setting: {...SETTING, webhooksOff: true, brokenLists: 'total'},
    jobs: [job(0)],
    faults: [],
  },
  'a job is found in lists of which large pages always answer 502': {
    seed: 1,
    setting: {...SETTING, webhooksOff: true, brokenLists: 'large'},
    jobs: [job(0)],
    faults: [],
  },
  'a job is found beside a run whose jobs cannot be read': {
    seed: 1,
    setting: {...SETTING, webhooksOff: true, brokenLists: 'nobodys'},
    jobs: [job(0)],
    faults: [],
  },
  'a VM that nobody knows goes, although a configured repository is not there': {
    seed: 1,
    setting: {...SETTING, leftovers: true},
    jobs: [job(0)],
    // The first VM that boots is the one that nobody knows: else it would power itself off.
    faults: [{on: 'boot', nth: 1}],
  },
  'a job that is given back to the queue when its VM is lost runs on another one': {
    seed: 1,
    setting: {...SETTING, webhooksOff: true, givesBack: true},
    jobs: [job(0, {durationMs: 30 * MINUTE})],
    faults: [{on: 'host_error', atMs: 10 * MINUTE, pick: 0}],
  },
  'a job that is queued when its run is under way already, and of which no webhook tells, is found in the run': {
    seed: 1,
    setting: SETTING,
    jobs: [job(0, {matrix: 3, maxParallel: 1})],
    faults: Array.from({length: 12}, (_, index) => ({on: 'webhook', nth: index + 1, effect: 'dropped'}) as const),
  },
  'a runner that comes online while the sweep ends it as one that never boots gets no job, since it is deregistered first':
    {
      // One of a hundred comes at the very moment.
      seed: 220,
      setting: {...SETTING, maxRunners: {arm: 40, spot: 3, shared: 3}, bootMs: 9 * MINUTE},
      jobs: [job(0, {matrix: 100, maxParallel: 100})],
      faults: [],
    },
  'a runner whose deletion got lost when it had left GitHub goes all the same': {
    seed: 1,
    setting: {...SETTING, idleMinutes: 1},
    jobs: [job(0, {cancelAfterMs: 10_000})],
    // After the one that tells of the end of the job, and three readings.
    faults: [{on: 'task', queue: 'stop', nth: 5}],
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
  'an event that fails through an outage of five hours arrives at its end, since probes are no tries': {
    seed: 1,
    setting: SETTING,
    jobs: [job(0), job(10 * MINUTE, {cancelAfterMs: MINUTE})],
    faults: [{on: 'webhook_down', fromMs: 9 * MINUTE, forMs: 300 * MINUTE, answer: 503}],
  },
  'thousands of events that failed are delivered again in pages, documents and minutes that all have their bounds': {
    seed: 1,
    setting: {...SETTING, deliveriesAPage: 30},
    jobs: [job(0), job(10 * MINUTE)],
    faults: [
      {on: 'webhook_down', fromMs: 9 * MINUTE, forMs: 10 * MINUTE},
      {on: 'flood', atMs: 12 * MINUTE, count: 2_500},
    ],
  },
  'an event that never arrives is given up after five tries, while others arrive': {
    seed: 1,
    setting: SETTING,
    jobs: Array.from({length: 20}, (_, index) => job(index * 15 * MINUTE)),
    faults: [
      {on: 'webhook', nth: 3, effect: 'never_arrives'},
      {on: 'webhook_down', fromMs: 600 * MINUTE, forMs: MINUTE},
    ],
  },
  'runs of one repository that GitHub never lists do not hold back the jobs of all the others': {
    seed: 487,
    setting: {
      maxRunners: {arm: 3, spot: 3, shared: 2},
      idleMinutes: 3,
      hooks: 1,
      routing: 'random',
      busyLieMs: 60000,
      listingMs: 0,
      removalMs: 0,
      bootMs: 90000,
      skewMs: 500,
      webhookDelayMs: 0,
      taskDelayMs: 100,
      foreignResources: true,
      sweepsTwice: false,
      vm: false,
      leftovers: false,
      neighbours: false,
      placements: {
        lacking: [
          {zone: 'us-central1-a', type: 't2a-standard-4', refused: 400},
          {zone: 'us-central1-b', type: 'g2-standard-4', refused: 400},
        ],
        disk: 'pd-balanced',
        misfits: 'request',
        gpuSpot: 'prefer',
      },
      total: 2,
      givesBack: false,
      badPages: 0,
      webhooksOff: false,
      brokenLists: 'nobodys',
    },
    jobs: [
      {atMs: 12341782, repository: 'acme/tools', kind: 'arm', durationMs: 1798224, matrix: 1, maxParallel: 1},
      {atMs: 12452725, repository: 'acme/tools', kind: 'spot', durationMs: 554500, matrix: 1, maxParallel: 1},
      {atMs: 12453860, repository: 'acme/web', kind: 'bare', durationMs: 207244, matrix: 1, maxParallel: 1},
      {atMs: 12492888, repository: 'acme/app', kind: 'arm', durationMs: 63828, matrix: 1, maxParallel: 1},
      {atMs: 12631816, repository: 'acme/tools', kind: 'spot', durationMs: 594953, matrix: 1, maxParallel: 1},
      {atMs: 12742185, repository: 'acme/web', kind: 'arm', durationMs: 183632, matrix: 1, maxParallel: 1},
      {atMs: 13066164, repository: 'acme/app', kind: 'run', durationMs: 201424, matrix: 1, maxParallel: 1},
      {
        atMs: 13398561,
        repository: 'acme/web',
        kind: 'bare',
        durationMs: 342814,
        matrix: 1,
        maxParallel: 1,
        cancelAfterMs: 6515,
      },
      {atMs: 13540188, repository: 'acme/app', kind: 'bare', durationMs: 56054, matrix: 1, maxParallel: 1},
      {atMs: 20894044, repository: 'acme/tools', kind: 'large', durationMs: 112381, matrix: 1, maxParallel: 1},
    ],
    faults: [],
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
  'a clean-up takes no machine that may still boot': {
    seed: 1,
    setting: {...SETTING, foreignResources: true, bootMs: 4 * MINUTE},
    jobs: [job(0), job(MINUTE), job(2 * MINUTE)],
    faults: [],
    acts: Array.from({length: 12}, (_, index) => ({
      atMs: 20_000 * (index + 1),
      does: 'cleanup' as const,
      what: index % 4 === 3 ? ('all' as const) : ('machines' as const),
      dry: false,
      pick: 0,
    })),
  },
  ...STANDBY_CASES,
};
