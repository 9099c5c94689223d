import {createHash} from 'node:crypto';
import {TtlCache} from '../cache';
import type {Clock} from '../clock';
import {MINUTE_MS} from '../durations';
import {FULL_MS, type FullPlacement} from '../model/full-placements';
import {regionOf} from '../model/names';
import type {MachineOptions} from '../model/options';
import {type Placement, placementKey} from '../model/placement';

/**
 * What a refusal of a provider's service means for the placements that are left.
 * - `zone_full`: try another place or machine type.
 * - `quota`: another place of the same region would not help; open the quota breaker.
 * - `rate`: the API's own rate quota; wait.
 * - `conflict`: the name is in use.
 * - `invalid`: it cannot be had like this at this placement; another one may do.
 * - `denied`: permission, or a template or network that is missing; a person has to change something.
 * - `uncertain`: no answer of the service's own, or 5xx: it may have happened. Look before trying elsewhere.
 */
export type FailureClass = 'zone_full' | 'quota' | 'rate' | 'conflict' | 'invalid' | 'denied' | 'uncertain';

/** How long an invalid placement is not tried again, in milliseconds. It takes a person or a new template to make it valid. */
const INVALID_TTL_MS = 10 * MINUTE_MS;

export interface PlacementOptions {
  /** In the order in which they are tried: see `placeOrder`. */
  readonly places: readonly string[];
  /** In order of preference. Undefined: the machine type of the template. */
  readonly machineTypes?: readonly string[];
  readonly spot: 'never' | 'prefer' | 'only';
}

/** Every placement: all places, then the next machine type, then standard after spot. */
export function listPlacements({places, machineTypes, spot}: PlacementOptions): Placement[] {
  const models = {never: [false], prefer: [true, false], only: [true]}[spot];
  const types = machineTypes && machineTypes.length > 0 ? machineTypes : [undefined];
  return models.flatMap((isSpot) =>
    types.flatMap((machineType) =>
      places.map((place) => ({place, spot: isSpot, ...(machineType ? {machineType} : {})})),
    ),
  );
}

/** The machine types and the use of spot: as the job has chosen them, else as the pool sets them. */
export function machinesFor(
  {machineTypes, spot}: Pick<PlacementOptions, 'machineTypes' | 'spot'>,
  chosen: Pick<MachineOptions, 'machine' | 'spot'>,
): Pick<PlacementOptions, 'machineTypes' | 'spot'> {
  // mutation: chosen machine
  const types = chosen.machine === undefined ? machineTypes : [chosen.machine];
  // mutation: chosen spot
  return {spot: chosen.spot ?? spot, ...(types ? {machineTypes: types} : {})};
}

/** Placements that recently created no machine are known by pool; those of another disk for themselves, because a disk may be what is refused. */
export function exhaustionKey(pool: string, {disk}: Pick<MachineOptions, 'disk'> = {}): string {
  return disk === undefined ? pool : `${pool} disk=${disk}`;
}

/** A placement that was tried, and why no machine was created there. */
export interface FailedPlacement {
  readonly placement: Placement;
  readonly failureClass: FailureClass;
}

/** Why a placement recently failed for another machine. */
type RecentFailure = 'full' | 'invalid';

/**
 * `exhausted`: no placement is left. `refused`: every placement is invalid. `quota`: the valid placements are over a quota. `no_capacity`:
 * a valid placement had no capacity. `stop`: the last failure would repeat at every other placement.
 */
export type PlacementStep =
  | {readonly kind: 'try'; readonly placement: Placement}
  | {readonly kind: 'exhausted'; readonly because: 'no_capacity' | 'quota' | 'refused'}
  | {readonly kind: 'stop'; readonly because: FailureClass};

/**
 * Decides what to try after `failed`; each placement is tried at most once. A full or invalid placement leads to the next one. A quota
 * counts for a region: no other place of that region is tried, but after a spot placement one standard placement is, which may count against
 * another quota. Any other failure ends the tries.
 *
 * @param known why a placement recently failed; such a placement is not tried.
 * @param regionOfPlace what a quota is counted for, of a place.
 */
export function nextPlacement(
  placements: readonly Placement[],
  failed: readonly FailedPlacement[],
  known: (placement: Placement) => RecentFailure | undefined,
  regionOfPlace: (place: string) => string = regionOf,
): PlacementStep {
  const last = failed.at(-1);
  if (last && !allowsNextPlacement(last)) return {kind: 'stop', because: last.failureClass};
  const quotas = failed.filter(({failureClass}) => failureClass === 'quota');
  const tried = new Set(failed.map(({placement}) => placementKey(placement)));
  const next = placements.find(
    (placement) =>
      !tried.has(placementKey(placement)) &&
      !quotas.some((quota) => countsAgainst(quota, placement, regionOfPlace)) &&
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
function countsAgainst(
  {placement: refused}: FailedPlacement,
  {place, spot}: Placement,
  regionOfPlace: (place: string) => string,
): boolean {
  return regionOfPlace(refused.place) === regionOfPlace(place) && (spot || !refused.spot);
}

/**
 * The places in the order in which they are tried for a runner: the configured order, rotated to start at `hash(runner name) mod places`.
 * Every function computes the same order, and the runners of a burst are spread over the places.
 */
export function placeOrder(runnerName: string, places: readonly string[]): string[] {
  if (places.length === 0) return [];
  const start = createHash('sha256').update(runnerName).digest().readUInt32BE(0) % places.length;
  return [...places.slice(start), ...places.slice(0, start)];
}

/** Placements that recently created no machine, in the memory of this process: what it found itself, and what it learned of other processes. */
export class ExhaustedPlacements {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #known: TtlCache<RecentFailure>;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#known = new TtlCache(clock);
  }

  add(placement: Placement, what: RecentFailure): void {
    const ms = what === 'full' ? FULL_MS : INVALID_TTL_MS;
    this.#known.set(placementKey(placement), what, this.#clock.now() + ms);
  }

  /** Adds what other processes found full. */
  learn(full: readonly FullPlacement[]): void {
    for (const {placement, until} of full) {
      // mutation: full placements end
      const end = until;
      if (!this.of(placement)) this.#known.set(placementKey(placement), 'full', end);
    }
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
