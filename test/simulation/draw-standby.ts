import type {SeededRandom} from '../emulators/seeded-random';
import type {CallEffect, Fault, Setting} from './scenario';
import type {StandbySetting} from './standby-setting';

export const STANDBY_POOLS = ['arm', 'shared'] as const;

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
export function standbyCount({standby, maxRunners, total}: Setting, pool: (typeof STANDBY_POOLS)[number]): number {
  return Math.min(standby?.count ?? 0, maxRunners[pool], total ?? Number.POSITIVE_INFINITY);
}

const EFFECTS: readonly CallEffect[] = ['dies_before', 'dies_after', 'failed', 'lost', 'hang', 'unavailable'];
const METHODS = ['setMetadata', 'powerInstance', 'getInstanceDetails', 'guestAttribute', 'setLabels'];

/** Such as strike the calls that only standby machines need. */
export function drawStandbyFaults(random: SeededRandom): Fault[] {
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)] as T;
  return Array.from({length: [0, 1, 3, 6][random.below(4)] ?? 0}, () => ({
    ...{on: 'call', port: 'compute', method: pick(METHODS), nth: 1 + random.below(12), effect: pick(EFFECTS)},
  }));
}
