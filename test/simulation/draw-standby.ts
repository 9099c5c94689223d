import type {SeededRandom} from '../emulators/seeded-random';
import type {CallEffect, Fault, Setting} from './scenario';
import type {StandbySetting} from './standby-setting';

export type StandbyPool = 'arm' | 'shared' | 'shared-gce';

/** Where two providers are, a pool that jobs fall back to has its own in place of the pool at the other provider. */
export function standbyPools({provider}: Pick<Setting, 'provider'>): readonly StandbyPool[] {
  return provider === 'gce+ec2' ? ['arm', 'shared-gce'] : ['arm', 'shared'];
}

/** A third of the worlds. Machine types of arm64 among the placements are not suspended. */
export function drawStandby(
  random: SeededRandom,
  {placements}: Pick<Setting, 'placements'>,
): StandbySetting | undefined {
  if (random.next() >= 0.35) return undefined;
  const hold = random.next() < 0.5 && !placements ? 'suspended' : 'stopped';
  return {hold, count: 1 + random.below(3)};
}

/** How many of them a pool has: no more than it may have runners. */
export function standbyCount({standby, maxRunners, total}: Setting, pool: StandbyPool): number {
  const most = maxRunners[pool === 'shared-gce' ? 'shared' : pool];
  return Math.min(standby?.count ?? 0, most, total ?? Number.POSITIVE_INFINITY);
}

const MINUTE = 60_000;

const EFFECTS: readonly CallEffect[] = [
  'dies_before',
  'dies_after',
  'failed',
  'lost',
  'hang',
  'unavailable',
  'rate_limit',
];
const METHODS = ['setMetadata', 'powerInstance', 'getInstanceDetails', 'guestAttribute', 'setLabels'];

/** In a quarter of the worlds with standby machines the organisation forbids for a while what they report by. */
export function drawPolicy(random: SeededRandom, lengthMs: number): Fault[] {
  if (random.next() >= 0.25) return [];
  return [{on: 'policy', fromMs: random.below(lengthMs), forMs: (10 + random.below(80)) * MINUTE}];
}

/** Such as strike the calls that only standby machines need. */
export function drawStandbyFaults(random: SeededRandom): Fault[] {
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)] as T;
  return Array.from({length: [0, 1, 3, 6][random.below(4)] ?? 0}, () => ({
    ...{on: 'call', port: 'compute', method: pick(METHODS), nth: 1 + random.below(12), effect: pick(EFFECTS)},
  }));
}
