import type {SeededRandom} from '../emulators/seeded-random';
import {backlogMs} from './backlog';
import {drawActs} from './draw-acts';
import {drawBoots, drawFaults, drawForeignAnswers, drawSweepFaults, drawVmFaults} from './draw-faults';
import {drawPolicy, drawStandby, drawStandbyFaults} from './draw-standby';
import {drawOutages} from './outages';
import {drawPlacements} from './placements';
import {REPOSITORIES, VM} from './pools';
import {randomOf} from './random-of';
import type {JobKind, JobPlan, Scenario, Setting} from './scenario';

export interface DrawOptions {
  /** How long jobs go on coming. */
  readonly days: number;
}

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const LONGEST_BACKLOG_MS = 15 * HOUR;

/** The scenario of a seed. */
export function drawScenario(seed: number, {days}: DrawOptions): Scenario {
  const random = randomOf(seed, 'scenario');
  const rare = randomOf(seed, 'rare');
  // A random stream is named by its salt: with another one the kept seeds would play other worlds.
  const leftovers = chance(randomOf(seed, 'debris'), 0.25);
  const neighbours = chance(randomOf(seed, 'neighbours'), 0.35);
  const limits = randomOf(seed, 'limits');
  const placements = drawPlacements(randomOf(seed, 'placements'));
  const standby = drawStandby(randomOf(seed, 'standby'), {placements});
  const rest = {
    standby,
    leftovers,
    neighbours,
    placements,
    ...drawLimits(limits, days),
    ...drawListSetting(randomOf(seed, 'lists')),
    ...drawInterval(randomOf(seed, 'interval')),
    ...drawPlacedApps(randomOf(seed, 'placed apps'), drawApps(randomOf(seed, 'apps'), days)),
  };
  const drawn = {...drawSetting(random), ...drawRareSetting(rare), ...rest};
  const jobs = [...drawOldRuns(randomOf(seed, 'old runs'), drawJobs(random, days))];
  const vmJobs = drawn.vm ? drawVmJobs(rare, jobs) : [];
  const hugeJobs = drawn.vm ? drawHugeJobs(randomOf(seed, 'vm huge'), vmJobs) : [];
  jobs.push(...vmJobs, ...hugeJobs, ...drawOddJobs(limits, jobs));
  jobs.sort((a, b) => a.atMs - b.atMs);
  // GitHub cancels what waits for a day: that is to happen for no other reason than a lost job.
  const isTooSlow = backlogMs({jobs, setting: drawn}) > LONGEST_BACKLOG_MS;
  const setting = isTooSlow
    ? {...drawn, webhookDelayMs: 0, maxRunners: {arm: 8, spot: 8, shared: 8}, ...(drawn.total ? {total: 8} : {})}
    : drawn;
  const acting = drawActs(randomOf(seed, 'people'), jobs);
  const acts = acting.length > 0 ? {acts: acting} : {};
  const outages = drawOutages(randomOf(seed, 'outages'), jobs);
  if (outages) return {seed, setting: {...setting, ...outages.setting}, jobs, faults: outages.faults};
  const drawnFaults = [...drawFaults(random, jobs, days * DAY), ...drawSweepFaults(rare, jobs, days * DAY)];
  const faults = drawBoots(randomOf(seed, 'boots'), drawnFaults, jobs);
  faults.push(...drawForeignAnswers(randomOf(seed, 'foreign answers'), jobs, days * DAY));
  if (standby) faults.push(...drawStandbyFaults(randomOf(seed, 'standby faults')));
  if (standby) faults.push(...drawPolicy(randomOf(seed, 'policy'), days * DAY));
  if (!drawn.vm) return {seed, setting, jobs, faults, ...acts};
  const ofVm = randomOf(seed, 'vm down');
  const vmFaults = drawVmFaults(ofVm, vmJobs, days * DAY);
  // Where nothing else goes wrong, it can be told how soon the VM has to be up.
  if (chance(ofVm, 0.4)) return {seed, setting: {...setting, webhookDelayMs: 0}, jobs, faults: vmFaults};
  return {seed, setting, jobs, faults: [...faults, ...vmFaults], ...acts};
}

export function pick<T>(random: SeededRandom, items: readonly T[]): T {
  return items[random.below(items.length)] as T;
}

export function chance(random: SeededRandom, share: number): boolean {
  return random.next() < share;
}

function drawSetting(random: SeededRandom): Setting {
  return {
    maxRunners: {arm: 1 + random.below(8), spot: 1 + random.below(4), shared: 1 + random.below(4)},
    idleMinutes: pick(random, [0.1, 1, 3, 10]),
    hooks: chance(random, 0.15) ? 2 : 1,
    routing: chance(random, 0.7) ? 'random' : 'oldest',
    busyLieMs: pick(random, [0, 60_000, 120_000]),
    listingMs: pick(random, [0, 0, 20_000]),
    removalMs: pick(random, [0, 0, 30_000]),
    bootMs: pick(random, [5_000, 30_000, 90_000]),
    skewMs: pick(random, [0, 500, 5_000]),
    webhookDelayMs: pick(random, [0, 0, 3_000, 3 * MINUTE, 10 * MINUTE]),
    taskDelayMs: pick(random, [0, 100, 2_000, 15_000]),
  };
}

/** What concerns the sweep, for the most part. */
function drawRareSetting(random: SeededRandom): Partial<Setting> {
  return {
    foreignResources: chance(random, 0.4),
    sweepsTwice: chance(random, 0.3),
    vm: chance(random, 0.25),
    // Some of them longer than a boot may take.
    ...(chance(random, 0.15) ? {bootMs: pick(random, [4, 9, 9]) * MINUTE} : {}),
  };
}

/** Apps and queues over which the load is spread. */
function drawApps(random: SeededRandom, days: number): Partial<Setting> {
  const queues = chance(random, 0.25) ? {queues: pick(random, [2, 4])} : {};
  if (!chance(random, 0.25)) return queues;
  const appAway = {
    how: pick(random, ['suspended', 'uninstalled', 'left_out'] as const),
    fromMs: Math.floor(random.next() * days * DAY),
    forMs: 10 * MINUTE + random.below(2 * HOUR),
  };
  return {...queues, apps: pick(random, [2, 2, 3]), ...(chance(random, 0.7) ? {appAway} : {})};
}

/** Which of several Apps goes away, and whether the last one has a webhook. From a stream of its own, so that the kept seeds play what they played. */
function drawPlacedApps(random: SeededRandom, setting: Partial<Setting>): Partial<Setting> {
  const {apps, appAway} = setting;
  if (apps === undefined) return setting;
  const appHook = chance(random, 0.3) ? {appHook: true} : {};
  if (!appAway) return {...setting, ...appHook};
  const app = chance(random, 0.5) ? 'first' : 'last';
  const how = chance(random, 0.25) ? 'forbidden' : appAway.how;
  return {...setting, ...appHook, appAway: {...appAway, app, how}};
}

/** How often the sweep runs. */
function drawInterval(random: SeededRandom): Partial<Setting> {
  return chance(random, 0.15) ? {sweepIntervalSeconds: pick(random, [10, 15, 25, 120, 300, 600])} : {};
}

/** What GitHub's lists are like, and what it does with a job whose runner is lost. */
function drawListSetting(random: SeededRandom): Partial<Setting> {
  return {
    givesBack: chance(random, 0.4),
    badPages: chance(random, 0.3) ? pick(random, [20, 100, 300]) : 0,
    webhooksOff: chance(random, 0.06),
    brokenLists: pick(random, [undefined, undefined, undefined, undefined, 'total', 'large', 'nobodys']),
  };
}

/**
 * Some runs hold a job that waits for an approval beside those that are queued; in some worlds an approval or a re-run comes up to 30 days
 * after the run's creation.
 */
function drawOldRuns(random: SeededRandom, plans: readonly JobPlan[]): JobPlan[] {
  const isOld = chance(random, 0.08);
  return plans.map((plan) => {
    const heldBesideMs = chance(random, 0.08) ? {heldBesideMs: random.below(pick(random, [5, 40]) * MINUTE)} : {};
    const isLate = isOld && plan.matrix === 1 && chance(random, 0.3);
    const lateMs = pick(random, [26 * HOUR, 72 * HOUR, 29 * DAY]) + random.below(HOUR);
    if (!isLate) return {...plan, ...heldBesideMs};
    const {cancelAfterMs: _, sentBack: __, ...rest} = plan;
    return pick(random, [
      {...rest, approvedAfterMs: lateMs},
      {...rest, heldBesideMs: lateMs},
      {...rest, rerunAfterMs: lateMs},
    ]);
  });
}

/** A limit over all pools, and a pool that is drained for a while. */
function drawLimits(random: SeededRandom, days: number): Partial<Setting> {
  return {
    ...(chance(random, 0.35) ? {total: 1 + random.below(7)} : {}),
    ...(chance(random, 0.15)
      ? {
          drained: {
            pool: pick(random, ['arm', 'arm', 'spot', 'shared']),
            fromMs: Math.floor(random.next() * days * DAY),
            forMs: 10 * MINUTE + random.below(2 * HOUR),
          },
        }
      : {}),
  };
}

/** A few with labels of their own, or without any, at about the time of the others. */
function drawOddJobs(random: SeededRandom, others: readonly JobPlan[]): JobPlan[] {
  if (!chance(random, 0.4)) return [];
  return Array.from({length: 1 + random.below(4)}, () => {
    const plan = drawJob(random, pick(random, others).atMs + random.below(20 * MINUTE));
    const matrix = Math.min(plan.matrix, 4);
    const durationMs = Math.min(plan.durationMs, 10 * MINUTE);
    return {...plan, kind: pick(random, ['run', 'bare']), matrix, maxParallel: matrix, durationMs};
  });
}

/** Jobs come in bursts, as people push. */
function drawJobs(random: SeededRandom, days: number): JobPlan[] {
  const bursts = 1 + Math.round(days * 2);
  const plans: JobPlan[] = [];
  for (let burst = 0; burst < bursts; burst++) {
    const fromMs = Math.floor(random.next() * days * DAY);
    const size = 1 + random.below(6);
    for (let index = 0; index < size; index++) plans.push(drawJob(random, fromMs + random.below(10 * MINUTE)));
  }
  return plans.sort((a, b) => a.atMs - b.atMs);
}

function drawJob(random: SeededRandom, atMs: number): JobPlan {
  const isMatrix = chance(random, 0.12);
  const matrix = isMatrix ? drawMatrix(random) : 1;
  return {
    atMs,
    repository: pick(random, REPOSITORIES),
    kind: pick<JobKind>(random, ['arm', 'arm', 'arm', 'large', 'spot', 'shared']),
    durationMs: matrix > 50 ? 20_000 + random.below(40_000) : 10_000 + random.below(pick(random, [1, 10, 30]) * MINUTE),
    matrix,
    maxParallel: isMatrix && chance(random, 0.5) ? 1 + random.below(6) : matrix,
    ...(chance(random, 0.2) ? {cancelAfterMs: random.below(pick(random, [10_000, MINUTE, 10 * MINUTE]))} : {}),
    ...(chance(random, 0.1) ? {approvedAfterMs: random.below(5 * MINUTE)} : {}),
    ...(chance(random, 0.1) ? {sentBack: {afterMs: random.below(MINUTE), forMs: random.below(5 * MINUTE)}} : {}),
    ...(chance(random, 0.08) ? {rerunAfterMs: random.below(5 * MINUTE)} : {}),
  };
}

/** A few, at about the time of the others. */
function drawVmJobs(random: SeededRandom, others: readonly JobPlan[]): JobPlan[] {
  return Array.from({length: 1 + random.below(4)}, () => {
    const plan = drawJob(random, pick(random, others).atMs + random.below(20 * MINUTE));
    const matrix = Math.min(plan.matrix, 3);
    const durationMs = Math.min(plan.durationMs, 10 * MINUTE);
    return {...plan, kind: 'vm', repository: VM.repository, matrix, maxParallel: matrix, durationMs};
  });
}

/** What the VM's runner cannot take: its owner cancels it after hours. */
function drawHugeJobs(random: SeededRandom, others: readonly JobPlan[]): JobPlan[] {
  if (!chance(random, 0.5)) return [];
  return Array.from({length: 1 + random.below(2)}, () => ({
    atMs: pick(random, others).atMs + random.below(20 * MINUTE),
    repository: VM.repository,
    kind: 'vmHuge',
    durationMs: MINUTE,
    matrix: 1,
    maxParallel: 1,
    cancelAfterMs: pick(random, [10 * MINUTE, 4 * HOUR, 5 * HOUR]),
  }));
}

function drawMatrix(random: SeededRandom): number {
  if (chance(random, 0.03)) return 256;
  return 2 + random.below(chance(random, 0.2) ? 30 : 8);
}
