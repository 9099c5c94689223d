import type {ComputeFailureClass} from '../compute/failure';
import {regionOf} from '../model/names';
import type {Placement} from '../model/placement';

export interface PlacementOptions {
  /** In the order in which they are tried, see `zoneOrder`. */
  readonly zones: readonly string[];
  /** In the order of preference; left out: the template's own. */
  readonly machineTypes?: readonly string[];
  readonly spot: 'never' | 'prefer' | 'only';
}

/** Every placement: zone by zone, then the next machine type, then standard after spot. */
export function listPlacements({zones, machineTypes, spot}: PlacementOptions): Placement[] {
  const models = {never: [false], prefer: [true, false], only: [true]}[spot];
  const types = machineTypes && machineTypes.length > 0 ? machineTypes : [undefined];
  return models.flatMap((isSpot) =>
    types.flatMap((machineType) =>
      zones.map((zone) => ({place: zone, spot: isSpot, ...(machineType ? {machineType} : {})})),
    ),
  );
}

/** Zone, machine type and provisioning model as one word. */
export function placementKey({place, machineType, spot}: Placement): string {
  return `${place}|${machineType ?? ''}|${spot ? 'spot' : 'standard'}`;
}

/** A placement that was tried, and why it made no machine. */
export interface FailedPlacement {
  readonly placement: Placement;
  readonly failureClass: ComputeFailureClass;
}

/** What a placement that was tried a short while ago, for another machine, came to. */
export type RecentFailure = 'full' | 'invalid';

/**
 * `exhausted`: no placement is left. `refused`: none of them can be had at all; `quota`: nothing but a quota stands against those that can;
 * `no_capacity`: at least one of them can be had when there is capacity again. `stop`: no other placement would do better.
 */
export type PlacementStep =
  | {readonly kind: 'try'; readonly placement: Placement}
  | {readonly kind: 'exhausted'; readonly because: 'no_capacity' | 'quota' | 'refused'}
  | {readonly kind: 'stop'; readonly because: ComputeFailureClass};

/**
 * What to try after `failed`, each placement at most once. What a zone has no capacity for, or cannot make like this, leads to the next
 * placement. A quota is a region's: none of its other zones is tried; after a spot placement one of its standard ones is, as that may count
 * against another quota. After any other failure nothing more is tried.
 *
 * @param known what a placement came to a short while ago: one with such a failure is left out.
 */
export function nextPlacement(
  placements: readonly Placement[],
  failed: readonly FailedPlacement[],
  known: (placement: Placement) => RecentFailure | undefined,
): PlacementStep {
  const last = failed.at(-1);
  if (last && !leadsOn(last)) return {kind: 'stop', because: last.failureClass};
  const quotas = failed.filter(({failureClass}) => failureClass === 'quota');
  const tried = new Set(failed.map(({placement}) => placementKey(placement)));
  const next = placements.find(
    (placement) =>
      !tried.has(placementKey(placement)) && !quotas.some((quota) => isWithin(quota, placement)) && !known(placement),
  );
  if (next) return {kind: 'try', placement: next};
  return {kind: 'exhausted', because: verdict(placements, failed, known)};
}

/** Why no placement is left: those that can be had at all decide, whatever the others were refused for. */
function verdict(
  placements: readonly Placement[],
  failed: readonly FailedPlacement[],
  known: (placement: Placement) => RecentFailure | undefined,
): 'no_capacity' | 'quota' | 'refused' {
  const invalid = new Set(failed.filter(isInvalid).map(({placement}) => placementKey(placement)));
  if (placements.every((one) => invalid.has(placementKey(one)) || known(one) === 'invalid')) return 'refused';
  // The last failure counts: a standard placement that was full after the spot quota is what capacity can still give.
  return failed.findLast((one) => !isInvalid(one))?.failureClass === 'quota' ? 'quota' : 'no_capacity';
}

function leadsOn({failureClass}: FailedPlacement): boolean {
  return failureClass === 'zone_full' || failureClass === 'invalid' || failureClass === 'quota';
}

function isInvalid({failureClass}: FailedPlacement): boolean {
  return failureClass === 'invalid';
}

/** Whether the quota that a placement was refused for would refuse this one too. */
function isWithin({placement: refused}: FailedPlacement, {place, spot}: Placement): boolean {
  return regionOf(refused.place) === regionOf(place) && (spot || !refused.spot);
}
