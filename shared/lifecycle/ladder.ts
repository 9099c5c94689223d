import type {ComputeFailureClass} from '../compute/failure';
import {regionOf} from '../model/names';
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
}

/** What a rung that was tried a short while ago, for another machine, came to. */
export type KnownRung = 'full' | 'invalid';

/**
 * `exhausted`: no rung is left. `refused`: none of them can be had at all; `quota`: nothing but a quota stands against those that can;
 * `no_capacity`: at least one of them can be had when there is capacity again. `stop`: no other rung would do better.
 */
export type LadderStep =
  | {readonly kind: 'try'; readonly rung: Rung}
  | {readonly kind: 'exhausted'; readonly because: 'no_capacity' | 'quota' | 'refused'}
  | {readonly kind: 'stop'; readonly because: ComputeFailureClass};

/**
 * What to try after `failed`, each rung at most once. What a zone has no capacity for, or cannot make like this, leads to the next rung. A
 * quota is a region's: none of its other zones; after a spot rung one of its standard ones, as that may count against another quota.
 * Anything else ends the walk.
 *
 * @param known what a rung came to a short while ago: it is passed over.
 */
export function nextRung(
  ladder: readonly Rung[],
  failed: readonly FailedRung[],
  known: (rung: Rung) => KnownRung | undefined,
): LadderStep {
  const last = failed.at(-1);
  if (last && !leadsOn(last)) return {kind: 'stop', because: last.failureClass};
  const quotas = failed.filter(({failureClass}) => failureClass === 'quota');
  const tried = new Set(failed.map(({rung}) => rungKey(rung)));
  const next = ladder.find(
    (rung) => !tried.has(rungKey(rung)) && !quotas.some((quota) => isWithin(quota, rung)) && !known(rung),
  );
  if (next) return {kind: 'try', rung: next};
  return {kind: 'exhausted', because: verdict(ladder, failed, known)};
}

/** The end of the ladder: what can be had at all decides, whatever the other rungs were refused for. */
function verdict(
  ladder: readonly Rung[],
  failed: readonly FailedRung[],
  known: (rung: Rung) => KnownRung | undefined,
): 'no_capacity' | 'quota' | 'refused' {
  const invalid = new Set(failed.filter(isInvalid).map(({rung}) => rungKey(rung)));
  if (ladder.every((rung) => invalid.has(rungKey(rung)) || known(rung) === 'invalid')) return 'refused';
  // The last word counts: a standard rung that was full after the spot quota is what capacity can still give.
  return failed.findLast((one) => !isInvalid(one))?.failureClass === 'quota' ? 'quota' : 'no_capacity';
}

function leadsOn({failureClass}: FailedRung): boolean {
  return failureClass === 'zone_full' || failureClass === 'invalid' || failureClass === 'quota';
}

function isInvalid({failureClass}: FailedRung): boolean {
  return failureClass === 'invalid';
}

/** Whether the quota that a rung was refused for would refuse this one too. */
function isWithin({rung: refused}: FailedRung, rung: Rung): boolean {
  return regionOf(refused.zone) === regionOf(rung.zone) && (rung.spot || !refused.spot);
}
