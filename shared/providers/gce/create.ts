import type {Clock} from '../../clock';
import {Refused} from '../../errors';
import type {Logger} from '../../logger';
import {regionOf} from '../../model/names';
import type {Placement} from '../../model/placement';
import type {Pool} from '../../model/pool';
import {longestIdleMinutes} from '../../model/warm';
import {type ExhaustedPlacements, listPlacements, placeOrder} from '../placements';
import type {CreateOutcome, CreateRequest, PlacementRequest} from '../provider';
import {type TriedPlacement, tryPlacements} from '../try-placements';
import {attemptInsert} from './attempt';
import {instanceBody, requestId} from './client/body';
import type {Compute, InsertRequest, InstanceTemplate} from './client/compute';
import {ComputeFailure, secondsToNextMinute} from './client/errors';
import {findTemplate} from './client/templates';
import {type DefaultPlace, poolRegion, poolZones} from './zones';

/** The settings of a pool that the provider uses. Minutes may have fractions. */
export interface GcePool {
  readonly name: string;
  readonly bootMinutes: number;
  readonly idleMinutes: number;
  readonly jobMinutes: number;
  /** Warm runners may be idle for longer than `idleMinutes`. */
  readonly minIdle?: Pool['minIdle'];
  readonly provider: {
    /** Name, or full or partial URL, of a regional or global instance template. */
    readonly template: string;
    readonly region?: string;
    readonly zones?: readonly string[];
    readonly machineTypes?: readonly string[];
    readonly spot: 'never' | 'prefer' | 'only';
  };
}

interface CreateOptions {
  readonly compute: Compute;
  readonly pool: GcePool;
  readonly deployment: string;
  readonly place: DefaultPlace;
  readonly exhausted: ExhaustedPlacements;
  readonly clock: Clock;
  readonly logger: Logger;
}

type PlanOptions = Pick<CreateOptions, 'compute' | 'pool' | 'place'>;

interface Prepared {
  readonly template: InstanceTemplate;
  readonly placements: readonly Placement[];
}

/**
 * Tries one placement after the other until a VM is created, or until a failure rules out the other placements. Then decides the outcome
 * from all failures.
 */
export async function createMachine(options: CreateOptions, request: CreateRequest): Promise<CreateOutcome> {
  const prepared = await prepare(options, request);
  if ('kind' in prepared) return prepared;
  const {exhausted, pool, clock, logger} = options;
  const ladder = {
    placements: prepared.placements,
    regionOfPlace: regionOf,
    quotaScopeOf: regionOf,
    refused: 'Compute Engine refuses every placement of the pool; correct its template, zones or machine types',
    retryAfterRateSeconds: secondsToNextMinute,
    runner: request.name,
    pool: pool.name,
    exhausted,
    request,
    clock,
    logger,
  };
  return tryPlacements(ladder, (placement) => tryPlacement(options, request, prepared.template, placement));
}

/**
 * Returns the placements of the pool in the order in which they are tried for the runner `name`.
 *
 * @throws Refused when the pool names neither zone nor region. ComputeFailure when Compute Engine does not list the region's zones.
 */
export async function placementsFor(
  {compute, pool, place}: PlanOptions,
  {name}: PlacementRequest,
): Promise<readonly Placement[]> {
  const places = placeOrder(name, await poolZones(compute, pool, place));
  const {machineTypes, spot} = pool.provider;
  return listPlacements({places, spot, ...(machineTypes ? {machineTypes} : {})});
}

/** What a creation reads first: the placements and the template, side by side. The client keeps both for some minutes. */
async function readPlan(options: PlanOptions, request: PlacementRequest): Promise<Prepared> {
  const {compute, pool, place} = options;
  const [placements, template] = await Promise.all([
    placementsFor(options, request),
    findTemplate(compute, pool.provider.template, poolRegion(pool, place)),
  ]);
  return {placements, template};
}

/** Has the client read what the creation is going to need. A failure is found again by the creation, which says what it means. */
export async function readAhead(options: PlanOptions, request: PlacementRequest): Promise<void> {
  await readPlan(options, request).catch(() => undefined);
}

/** Reads the placements and the template. No VM has been inserted yet, so any call without an answer can be repeated. */
async function prepare(options: CreateOptions, request: CreateRequest): Promise<Prepared | CreateOutcome> {
  const {clock} = options;
  try {
    return await readPlan(options, request);
  } catch (error) {
    if (error instanceof Refused) return {kind: 'refused', message: error.message};
    if (!(error instanceof ComputeFailure)) throw error;
    if (!error.retryable) return {kind: 'refused', message: error.message};
    const retryAfterSeconds = error.failureClass === 'rate' ? secondsToNextMinute(clock.now()) : 10;
    return {kind: 'rate_limited', message: error.message, retryAfterSeconds};
  }
}

async function tryPlacement(
  options: CreateOptions,
  request: CreateRequest,
  template: InstanceTemplate,
  placement: Placement,
): Promise<CreateOutcome | TriedPlacement> {
  await request.beforeInsert(placement, placement.machineType ?? (template.machineType || undefined));
  const {compute, clock} = options;
  const insert = insertRequest(options, request, template, placement);
  const attempt = await attemptInsert({compute, clock, insert, onWaiting: request.onWaiting});
  switch (attempt.kind) {
    case 'created':
      return {kind: 'created', placement, id: request.name};
    case 'failed': {
      const {failure} = attempt;
      return {placement, failure, failureClass: failure.failureClass};
    }
    default:
      return {kind: attempt.kind, placement, message: attempt.message};
  }
}

function insertRequest(
  {pool, deployment}: CreateOptions,
  {name, job, encodedJitConfig}: CreateRequest,
  template: InstanceTemplate,
  placement: Placement,
): InsertRequest {
  const minutes = {boot: pool.bootMinutes, idle: longestIdleMinutes(pool), job: pool.jobMinutes};
  const model = placement.spot ? 'spot' : 'standard';
  return {
    zone: placement.place,
    sourceInstanceTemplate: template.selfLink,
    body: instanceBody({name, deployment, pool: pool.name, job, encodedJitConfig, placement, template, minutes}),
    // Identifies exactly this request: another placement of the same name is another request. The URL of the template contains the project.
    requestId: requestId(name, placement.place, template.selfLink, placement.machineType ?? '', model),
  };
}
