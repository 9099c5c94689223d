import type {ComputeFailureClass} from '../compute/failure';
import type {Rung} from '../providers/provider';

export interface LadderOptions {
  /** In the order in which they are tried, see `zoneOrder`. */
  readonly zones: readonly string[];
  /** In the order of preference; left out: the template's own. */
  readonly machineTypes?: readonly string[];
  readonly spot: 'never' | 'prefer' | 'only';
}

/** Every rung: zone by zone, then the next machine type, then standard after spot. */
export function buildLadder({zones, machineTypes, spot}: LadderOptions): Rung[] {
  const models = {never: [false], prefer: [true, false], only: [true]}[spot];
  const types = machineTypes && machineTypes.length > 0 ? machineTypes : [undefined];
  return models.flatMap((isSpot) =>
    types.flatMap((machineType) => zones.map((zone) => ({zone, spot: isSpot, ...(machineType ? {machineType} : {})}))),
  );
}

/** Zone, machine type and provisioning model as one word. */
export function rungKey(rung: Rung): string {
  return `${rung.zone}|${rung.machineType ?? ''}|${rung.spot ? 'spot' : 'standard'}`;
}

/** A rung that was tried, and why it made no machine. */
export interface FailedRung {
  readonly rung: Rung;
  readonly failureClass: ComputeFailureClass;
  /** Of `invalid`: the machine type or the zone is what was refused, so that another rung may do. */
  readonly rungOnly: boolean;
}

/** `exhausted`: no rung is left, each had no capacity or could not be had at all (`invalid`: every one of them). */
export type LadderStep =
  | {readonly kind: 'try'; readonly rung: Rung}
  | {readonly kind: 'exhausted'; readonly invalid: boolean}
  | {readonly kind: 'stop'; readonly because: ComputeFailureClass};

/**
 * What to try after `failed`, each rung at most once. A full zone, or a machine type that a zone does not have, leads to the next
 * rung. A quota is the region's: no other zone; after a spot rung one standard attempt, as that may count against another
 * quota. Anything else ends the walk.
 *
 * @param isFull whether a rung was found full a short while ago: it is passed over.
 */
export function nextRung(
  ladder: readonly Rung[],
  failed: readonly FailedRung[],
  isFull: (rung: Rung) => boolean,
): LadderStep {
  const last = failed.at(-1);
  if (last && !leadsOn(last)) return {kind: 'stop', because: last.failureClass};
  const spotQuota = failed.some(isSpotQuota);
  const tried = new Set(failed.map(({rung}) => rungKey(rung)));
  const next = ladder.find((rung) => !tried.has(rungKey(rung)) && !(spotQuota && rung.spot) && !isFull(rung));
  if (next) return {kind: 'try', rung: next};
  if (last?.failureClass === 'quota') return {kind: 'stop', because: 'quota'};
  return {
    kind: 'exhausted',
    invalid: failed.length === ladder.length && failed.every(({failureClass}) => failureClass === 'invalid'),
  };
}

function leadsOn(failed: FailedRung): boolean {
  if (failed.failureClass === 'invalid') return failed.rungOnly;
  return failed.failureClass === 'zone_full' || isSpotQuota(failed);
}

function isSpotQuota({failureClass, rung}: FailedRung): boolean {
  return failureClass === 'quota' && rung.spot;
}
