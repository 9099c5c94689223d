import type {Clock} from '../../clock';
import {Refused} from '../../errors';
import type {Logger} from '../../logger';
import {regionOf} from '../../model/names';
import type {Placement} from '../../model/placement';
import type {Pool} from '../../model/pool';
import {longestIdleMinutes} from '../../model/warm';
import type {CreateOutcome, CreateRequest, PlacementRequest} from '../provider';
import {attemptInsert} from './attempt';
import {instanceBody, requestId} from './client/body';
import type {Compute, InsertRequest, InstanceTemplate} from './client/compute';
import {ComputeFailure, type ComputeFailureClass, secondsToNextMinute} from './client/errors';
import {findTemplate} from './client/templates';
import {
  type DefaultPlace,
  type ExhaustedPlacements,
  type FailedPlacement,
  listPlacements,
  nextPlacement,
  type PlacementStep,
  poolRegion,
  poolZones,
  zoneOrder,
} from './placement';

/** No placement is tried later than this after the start, so that the last wait still fits into the time-out of the function. */
const LAST_ATTEMPT_SECONDS = 90;

/** Number of refusals that the message of a refused creation quotes. */
const MAX_SHOWN_REFUSALS = 3;

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

interface Prepared {
  readonly template: InstanceTemplate;
  readonly placements: readonly Placement[];
}

/** A placement that failed, with the error of Compute Engine. */
interface TriedPlacement extends FailedPlacement {
  readonly failure: ComputeFailure;
}

/**
 * Tries one placement after the other until a VM is created, or until a failure rules out the other placements. Then decides the outcome
 * from all failures.
 */
export async function createMachine(options: CreateOptions, request: CreateRequest): Promise<CreateOutcome> {
  const prepared = await prepare(options, request);
  if ('kind' in prepared) return prepared;
  options.exhausted.forgetIfAllInvalid(prepared.placements);
  const startedAt = options.clock.now();
  const failed: TriedPlacement[] = [];
  for (;;) {
    const step = nextPlacement(prepared.placements, failed, (placement) => options.exhausted.of(placement));
    if (step.kind !== 'try') return outcomeWithoutPlacement(options, prepared.placements, failed, step);
    if (options.clock.now() - startedAt >= LAST_ATTEMPT_SECONDS * 1000) return outOfTime(failed);
    const outcome = await tryPlacement(options, request, prepared.template, step.placement);
    if ('kind' in outcome) return outcome;
    recordFailure(options, request, outcome);
    failed.push(outcome);
  }
}

/**
 * Returns the placements of the pool in the order in which they are tried for the runner `name`.
 *
 * @throws Refused when the pool names neither zone nor region. ComputeFailure when Compute Engine does not list the region's zones.
 */
export async function placementsFor(
  {compute, pool, place}: Pick<CreateOptions, 'compute' | 'pool' | 'place'>,
  {name}: PlacementRequest,
): Promise<readonly Placement[]> {
  const zones = zoneOrder(name, await poolZones(compute, pool, place));
  const {machineTypes, spot} = pool.provider;
  return listPlacements({zones, spot, ...(machineTypes ? {machineTypes} : {})});
}

/** Reads the placements and the template. No VM has been inserted yet, so any call without an answer can be repeated. */
async function prepare(options: CreateOptions, request: CreateRequest): Promise<Prepared | CreateOutcome> {
  const {compute, pool, place, clock} = options;
  try {
    const placements = await placementsFor(options, request);
    const template = await findTemplate(compute, pool.provider.template, poolRegion(pool, place));
    return {template, placements};
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

function recordFailure(
  {exhausted, logger, pool}: CreateOptions,
  {name}: CreateRequest,
  {placement, failure}: TriedPlacement,
): void {
  if (failure.failureClass === 'zone_full') exhausted.add(placement, 'full');
  if (failure.failureClass === 'invalid') exhausted.add(placement, 'invalid');
  const {place: zone, machineType, spot} = placement;
  logger.warning(failure.message, {
    decision: 'rung_failed',
    reason: failure.failureClass,
    code: failure.code,
    runner: name,
    pool: pool.name,
    zone,
    ...(machineType ? {machineType} : {}),
    spot,
  });
}

function outcomeWithoutPlacement(
  {clock}: CreateOptions,
  placements: readonly Placement[],
  failed: readonly TriedPlacement[],
  step: Exclude<PlacementStep, {kind: 'try'}>,
): CreateOutcome {
  const last = failed.at(-1);
  if (!last) {
    const message = `each of the ${placements.length} placements was full or refused a few minutes ago`;
    return {kind: 'no_capacity', tried: [], message};
  }
  // Among several failures, the one that decided the outcome.
  const decisive = (failureClass: ComputeFailureClass) =>
    failed.findLast((one) => one.failureClass === failureClass) ?? last;
  switch (step.because) {
    case 'no_capacity':
      return {kind: 'no_capacity', tried: placementsOf(failed), message: decisive('zone_full').failure.message};
    case 'quota': {
      const {failure, placement} = decisive('quota');
      return {kind: 'quota', message: failure.message, quotaScope: regionOf(placement.place)};
    }
    case 'rate':
      return {kind: 'rate_limited', message: last.failure.message, retryAfterSeconds: secondsToNextMinute(clock.now())};
    case 'refused':
      return {kind: 'refused', message: refusals(placements, failed)};
    default:
      return {kind: 'refused', message: last.failure.message};
  }
}

/** Quotes only some of the refusals: most often they are all the same. */
function refusals(placements: readonly Placement[], failed: readonly TriedPlacement[]): string {
  const messages = failed.slice(0, MAX_SHOWN_REFUSALS).map(({failure}) => failure.message);
  const more = placements.length > messages.length ? `; and ${placements.length - messages.length} more` : '';
  return `Compute Engine refuses every placement of the pool; correct its template, zones or machine types: ${messages.join('; ')}${more}`;
}

function outOfTime(failed: readonly TriedPlacement[]): CreateOutcome {
  const message = `${failed.length} placements failed within ${LAST_ATTEMPT_SECONDS} s, the others are left for the next attempt`;
  return {kind: 'no_capacity', tried: placementsOf(failed), message};
}

function placementsOf(failed: readonly TriedPlacement[]): Placement[] {
  return failed.map(({placement}) => placement);
}
