import {createHash} from 'node:crypto';
import {TtlCache} from '../../cache';
import type {Clock} from '../../clock';
import {Refused} from '../../errors';
import {regionOf} from '../../model/names';
import type {Placement} from '../../model/placement';
import type {Compute} from './client/compute';
import type {ComputeFailureClass} from './client/errors';

/**
 * How long a full placement is not tried again, in milliseconds. Capacity seldom returns sooner, and a failed insert takes half a minute.
 */
const FULL_TTL_MS = 3 * 60_000;

/** How long an invalid placement is not tried again, in milliseconds. It takes a person or a new template to make it valid. */
const INVALID_TTL_MS = 10 * 60_000;

export interface PlacementOptions {
  /** In the order in which they are tried: see `zoneOrder`. */
  readonly zones: readonly string[];
  /** In order of preference. Undefined: the machine type of the template. */
  readonly machineTypes?: readonly string[];
  readonly spot: 'never' | 'prefer' | 'only';
}

/** Every placement: all zones, then the next machine type, then standard after spot. */
export function listPlacements({zones, machineTypes, spot}: PlacementOptions): Placement[] {
  const models = {never: [false], prefer: [true, false], only: [true]}[spot];
  const types = machineTypes && machineTypes.length > 0 ? machineTypes : [undefined];
  return models.flatMap((isSpot) =>
    types.flatMap((machineType) =>
      zones.map((zone) => ({place: zone, spot: isSpot, ...(machineType ? {machineType} : {})})),
    ),
  );
}

/** Zone, machine type and provisioning model as one key. */
export function placementKey({place, machineType, spot}: Placement): string {
  return `${place}|${machineType ?? ''}|${spot ? 'spot' : 'standard'}`;
}

/** A placement that was tried, and why no VM was created there. */
export interface FailedPlacement {
  readonly placement: Placement;
  readonly failureClass: ComputeFailureClass;
}

/** Why a placement recently failed for another VM. */
type RecentFailure = 'full' | 'invalid';

/**
 * `exhausted`: no placement is left. `refused`: every placement is invalid. `quota`: the valid placements are over a quota. `no_capacity`:
 * a valid placement had no capacity. `stop`: the last failure would repeat at every other placement.
 */
export type PlacementStep =
  | {readonly kind: 'try'; readonly placement: Placement}
  | {readonly kind: 'exhausted'; readonly because: 'no_capacity' | 'quota' | 'refused'}
  | {readonly kind: 'stop'; readonly because: ComputeFailureClass};

/**
 * Decides what to try after `failed`; each placement is tried at most once. A full or invalid placement leads to the next one. A quota
 * counts for a region: no other zone of that region is tried, but after a spot placement one standard placement is, which may count against
 * another quota. Any other failure ends the tries.
 *
 * @param known why a placement recently failed; such a placement is not tried.
 */
export function nextPlacement(
  placements: readonly Placement[],
  failed: readonly FailedPlacement[],
  known: (placement: Placement) => RecentFailure | undefined,
): PlacementStep {
  const last = failed.at(-1);
  if (last && !allowsNextPlacement(last)) return {kind: 'stop', because: last.failureClass};
  const quotas = failed.filter(({failureClass}) => failureClass === 'quota');
  const tried = new Set(failed.map(({placement}) => placementKey(placement)));
  const next = placements.find(
    (placement) =>
      !tried.has(placementKey(placement)) &&
      !quotas.some((quota) => countsAgainst(quota, placement)) &&
      !known(placement),
  );
  if (next) return {kind: 'try', placement: next};
  return {kind: 'exhausted', because: exhaustionCause(placements, failed, known)};
}

/** Why no placement is left. Valid placements decide; invalid ones only if there are no others. */
function exhaustionCause(
  placements: readonly Placement[],
  failed: readonly FailedPlacement[],
  known: (placement: Placement) => RecentFailure | undefined,
): 'no_capacity' | 'quota' | 'refused' {
  const invalid = new Set(failed.filter(isInvalid).map(({placement}) => placementKey(placement)));
  if (placements.every((one) => invalid.has(placementKey(one)) || known(one) === 'invalid')) return 'refused';
  // The last failure decides: a standard placement that was full after the spot quota can still get capacity.
  return failed.findLast((one) => !isInvalid(one))?.failureClass === 'quota' ? 'quota' : 'no_capacity';
}

function allowsNextPlacement({failureClass}: FailedPlacement): boolean {
  return failureClass === 'zone_full' || failureClass === 'invalid' || failureClass === 'quota';
}

function isInvalid({failureClass}: FailedPlacement): boolean {
  return failureClass === 'invalid';
}

/** Whether the exceeded quota of the first placement would also refuse the second. */
function countsAgainst({placement: refused}: FailedPlacement, {place, spot}: Placement): boolean {
  return regionOf(refused.place) === regionOf(place) && (spot || !refused.spot);
}

/**
 * The zones in the order in which they are tried for a runner: the configured order, rotated to start at `hash(runner name) mod zones`.
 * Every function computes the same order, and the runners of a burst are spread over the zones.
 */
export function zoneOrder(runnerName: string, zones: readonly string[]): string[] {
  if (zones.length === 0) return [];
  const start = createHash('sha256').update(runnerName).digest().readUInt32BE(0) % zones.length;
  return [...zones.slice(start), ...zones.slice(0, start)];
}

/** Placements that recently created no VM, in the memory of this process. */
export class ExhaustedPlacements {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #known: TtlCache<RecentFailure>;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#known = new TtlCache(clock);
  }

  add(placement: Placement, what: RecentFailure): void {
    const ms = what === 'full' ? FULL_TTL_MS : INVALID_TTL_MS;
    this.#known.set(placementKey(placement), what, this.#clock.now() + ms);
  }

  /** If every placement is known as invalid, forgets them all: somebody may have corrected the cause. */
  forgetIfAllInvalid(placements: readonly Placement[]): void {
    if (placements.every((placement) => this.of(placement) === 'invalid'))
      for (const placement of placements) this.#known.delete(placementKey(placement));
  }

  of(placement: Placement): RecentFailure | undefined {
    return this.#known.get(placementKey(placement));
  }
}

/** Where VMs are created unless the pool says otherwise. */
export interface DefaultPlace {
  readonly region?: string;
  readonly zone?: string;
}

export interface PoolPlace {
  readonly name: string;
  readonly provider: {readonly region?: string; readonly zones?: readonly string[]};
}

/** The region of a pool; undefined if neither the pool nor the default names one. */
export function poolRegion({provider}: PoolPlace, place: DefaultPlace): string | undefined {
  const zone = provider.zones?.[0];
  if (provider.region) return provider.region;
  if (zone) return regionOf(zone);
  return place.region ?? (place.zone ? regionOf(place.zone) : undefined);
}

/**
 * The zones of a pool: as configured; else every zone of its region or of the default region; else the default zone.
 *
 * @throws Refused when nothing names a zone or a region. ComputeFailure when Compute Engine does not list the region's zones.
 */
export async function poolZones(
  compute: Pick<Compute, 'zonesOfRegion'>,
  pool: PoolPlace,
  place: DefaultPlace,
): Promise<readonly string[]> {
  if (pool.provider.zones && pool.provider.zones.length > 0) return pool.provider.zones;
  const region = pool.provider.region ?? place.region;
  if (!region && place.zone) return [place.zone];
  const zones = region ? await compute.zonesOfRegion(region) : [];
  if (zones.length > 0) return zones;
  throw new Refused(
    region
      ? `pool ${pool.name}: region ${region} has no zone that is up; correct the pool's region, or name its zones`
      : `pool ${pool.name} names neither region nor zones; name them, or set GOOGLE_CLOUD_REGION`,
  );
}
