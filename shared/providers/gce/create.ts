import type {Clock} from '../../clock';
import {Refused} from '../../errors';
import type {Logger} from '../../logger';
import type {RunnerToInstallReader} from '../../model/facts';
import {regionOf} from '../../model/names';
import type {Placement} from '../../model/placement';
import type {Pool} from '../../model/pool';
import {longestIdleMinutes} from '../../model/warm';
import {type ExhaustedPlacements, listPlacements, machinesFor, placeOrder} from '../placements';
import type {CreateOutcome, CreateRequest, PlacementRequest, PrepareRequest} from '../provider';
import {type TriedPlacement, tryPlacements} from '../try-placements';
import {attemptInsert} from './attempt';
import {instanceBody, requestId, standbyBody} from './client/body';
import type {Compute, InsertRequest, InstanceBody, InstanceTemplate, MetadataItem} from './client/compute';
import {ComputeFailure, secondsToNextMinute} from './client/errors';
import {findTemplate} from './client/templates';
import {diskRefusal, disksFor} from './disks';
import {runnerMetadata} from './runner-metadata';
import {standbyFingerprint} from './standby-fingerprint';
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

export interface CreateOptions {
  readonly compute: Compute;
  readonly pool: GcePool;
  readonly deployment: string;
  readonly place: DefaultPlace;
  readonly exhausted: ExhaustedPlacements;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What new machines are told of the runner application. Rejects while it cannot be read. */
  readonly runnerToInstall: RunnerToInstallReader;
}

type PlanOptions = Pick<CreateOptions, 'compute' | 'pool' | 'place'>;

/** What both kinds of machines need of their request. */
type Making = Pick<CreateRequest, 'name' | 'beforeInsert' | 'onWaiting' | 'full' | 'onFull'>;
type BodyFor = (placement: Placement) => InstanceBody;

interface Prepared {
  readonly template: InstanceTemplate;
  readonly placements: readonly Placement[];
}

/** Creates the machine of one runner. */
export async function createMachine(options: CreateOptions, request: CreateRequest): Promise<CreateOutcome> {
  const {name, job, encodedJitConfig, options: chosen} = request;
  const prepared = await prepare(options, request);
  if ('kind' in prepared) return prepared;
  const {template} = prepared;
  // A machine that is not told of the runner application installs the version that its startup script names.
  const runner = runnerMetadata(template, await options.runnerToInstall().catch(() => undefined));
  const bodyFor = (placement: Placement) => ({
    ...instanceBody({...common(options, name, template, runner), job, encodedJitConfig, placement}),
    ...disksFor(template, placement, chosen),
  });
  return tryEach(options, request, prepared, bodyFor);
}

/** Creates a machine that prepares itself for a runner to come: a standard one, unless the pool has spot VMs alone. */
export async function prepareStandby(options: CreateOptions, request: PrepareRequest): Promise<CreateOutcome> {
  const {name, hold} = request;
  const {provider} = options.pool;
  const spot = provider.spot === 'only' ? 'only' : 'never';
  const standing = {...options, pool: {...options.pool, provider: {...provider, spot}}} as const;
  const prepared = await prepare(standing, {name});
  if ('kind' in prepared) return prepared;
  const {template} = prepared;
  const runner = runnerMetadata(template, await options.runnerToInstall({isFresh: true}).catch(() => undefined));
  const fingerprint = standbyFingerprint(template, runner);
  const bodyFor = (placement: Placement) =>
    standbyBody({...common(options, name, template, runner), hold, fingerprint, placement});
  return tryEach(standing, request, prepared, bodyFor);
}

function common(
  {pool, deployment}: CreateOptions,
  name: string,
  template: InstanceTemplate,
  runner: readonly MetadataItem[],
) {
  const minutes = {boot: pool.bootMinutes, idle: longestIdleMinutes(pool), job: pool.jobMinutes};
  return {name, deployment, pool: pool.name, template, runner, minutes};
}

/**
 * Tries one placement after the other until a VM is created, or until a failure rules out the other placements. Then decides the outcome
 * from all failures.
 */
async function tryEach(
  options: CreateOptions,
  request: Making,
  prepared: Prepared,
  bodyFor: BodyFor,
): Promise<CreateOutcome> {
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
  return tryPlacements(ladder, (placement) => tryPlacement(options, request, prepared.template, placement, bodyFor));
}

/**
 * Returns the placements of the pool in the order in which they are tried for the runner `name`.
 *
 * @throws Refused when the pool names neither zone nor region. ComputeFailure when Compute Engine does not list the region's zones.
 */
export async function placementsFor(
  {compute, pool, place}: PlanOptions,
  {name, options = {}}: Pick<PlacementRequest, 'name' | 'options'>,
): Promise<readonly Placement[]> {
  const places = placeOrder(name, await poolZones(compute, pool, place));
  return listPlacements({places, ...machinesFor(pool.provider, options)});
}

/** What a creation reads first: the placements and the template, side by side. The client keeps both for some minutes. */
async function readPlan(options: PlanOptions, request: Pick<PlacementRequest, 'name' | 'options'>): Promise<Prepared> {
  const {compute, pool, place} = options;
  const [placements, template] = await Promise.all([
    placementsFor(options, request),
    findTemplate(compute, pool.provider.template, poolRegion(pool, place)),
  ]);
  return {placements, template};
}

/** Has the client read what the creation is going to need. A failure is found again by the creation, which says what it means. */
export async function readAhead(options: CreateOptions, request: PlacementRequest): Promise<void> {
  await Promise.allSettled([readPlan(options, request), options.runnerToInstall()]);
}

/** Reads the placements and the template. No VM has been inserted yet, so any call without an answer can be repeated. */
async function prepare(
  options: CreateOptions,
  request: Pick<PlacementRequest, 'name' | 'options'>,
): Promise<Prepared | CreateOutcome> {
  const {clock} = options;
  try {
    const plan = await readPlan(options, request);
    const refused = diskRefusal(plan.template, request.options);
    return refused ? {kind: 'option_not_allowed', message: refused} : plan;
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
  request: Making,
  template: InstanceTemplate,
  placement: Placement,
  bodyFor: BodyFor,
): Promise<CreateOutcome | TriedPlacement> {
  await request.beforeInsert(placement, placement.machineType ?? (template.machineType || undefined));
  const {compute, clock} = options;
  const insert = insertRequest(bodyFor(placement), template, placement);
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

function insertRequest(body: InstanceBody, template: InstanceTemplate, placement: Placement): InsertRequest {
  const model = placement.spot ? 'spot' : 'standard';
  return {
    zone: placement.place,
    sourceInstanceTemplate: template.selfLink,
    body,
    // Identifies exactly this request: another placement of the same name is another request. The URL of the template contains the project.
    requestId: requestId(body.name, placement.place, template.selfLink, placement.machineType ?? '', model),
  };
}
