import {createHash} from 'node:crypto';
import type {Clock} from '../../clock';
import {Refused} from '../../errors';
import type {Logger} from '../../logger';
import type {RunnerToInstall} from '../../model/facts';
import {DEPLOYMENT_LABEL, JOB_LABEL, POOL_LABEL} from '../../model/names';
import type {MachineOptions} from '../../model/options';
import {type Placement, placementKey} from '../../model/placement';
import type {Pool} from '../../model/pool';
import {maxLifetimeMs} from '../../model/runner';
import {longestIdleMinutes} from '../../model/warm';
import type {Secret} from '../../secret';
import {type ExhaustedPlacements, listPlacements, machinesFor, placeOrder} from '../placements';
import type {CreateOutcome, CreateRequest} from '../provider';
import {type TriedPlacement, tryPlacements} from '../try-placements';
import {placeOf, regionOfPlace, subnetOfPlace} from './accounts';
import {attemptRun} from './attempt';
import type {Ec2, RunRequest} from './client/ec2';
import {RATE_RETRY_SECONDS} from './client/errors';
import {type Ec2ProviderConfig, quotaScope} from './config';
import {chosenDisk} from './disk';
import {NAME_TAG} from './machine';
import {userData} from './user-data';

/** The settings of a pool that the provider uses. Minutes may have fractions. */
export type Ec2Pool = Pick<Pool, 'name' | 'bootMinutes' | 'idleMinutes' | 'jobMinutes' | 'minIdle'> & {
  readonly provider: Ec2ProviderConfig;
};

interface CreateOptions {
  readonly ec2: Ec2;
  readonly pool: Ec2Pool;
  readonly deployment: string;
  readonly exhausted: ExhaustedPlacements;
  readonly clock: Clock;
  readonly logger: Logger;
  /** As in `GceProviderOptions`. */
  readonly runnerToInstall?: (() => Promise<RunnerToInstall | undefined>) | undefined;
}

/** The longest client token that EC2 takes. */
const TOKEN_LENGTH = 64;

/** Seconds by which a machine outwaits the control plane, which deregisters an idle runner first. */
const IDLE_GRACE_SECONDS = 300;

/** Every placement of the pool, in the order in which they are tried for the runner `name`. */
export function placementsFor({provider}: Ec2Pool, name: string, options: MachineOptions = {}): readonly Placement[] {
  const {region, subnets, instanceTypes: machineTypes, spot} = provider;
  const places = placeOrder(name, subnets).map((subnet) => placeOf(region, subnet));
  return listPlacements({places, ...machinesFor({machineTypes, spot}, options)});
}

/**
 * `<runner>-<index of the placement>`. The index makes it another token for each subnet, instance type and model: with the same one EC2 would
 * refuse the other parameters in the same zone. A name that is too long is replaced by its hash.
 */
export function clientToken(runner: string, index: number): string {
  // mutation: client token
  const token = `${runner}-${index}`;
  return token.length <= TOKEN_LENGTH
    ? token
    : `${createHash('sha256').update(runner).digest('hex').slice(0, 40)}-${index}`;
}

/** Tries the placements of the pool until there is an instance. */
export async function createInstance(options: CreateOptions, request: CreateRequest): Promise<CreateOutcome> {
  const {pool, clock, logger, exhausted, deployment} = options;
  const placements = placementsFor(pool, request.name, request.options);
  const seconds = {
    life: maxLifetimeMs({...pool, idleMinutes: longestIdleMinutes(pool)}) / 1000,
    idle: longestIdleMinutes(pool) * 60 + IDLE_GRACE_SECONDS,
  };
  // A machine that is not told installs the version that the startup script names.
  const application = await options.runnerToInstall?.().catch(() => undefined);
  let data: Secret;
  try {
    data = userData({
      ...{deployment, pool: pool.name, runner: request.name, encodedJitConfig: request.encodedJitConfig},
      ...{lifeSeconds: seconds.life, idleSeconds: seconds.idle, application},
    });
  } catch (error) {
    if (error instanceof Refused) return {kind: 'refused', message: error.message};
    throw error;
  }
  const chosen = await chosenDisk(options.ec2, pool.provider, request.options);
  if ('kind' in chosen) return chosen;
  const indexes = new Map(placements.map((placement, index) => [placementKey(placement), index]));
  const ladder = {
    placements,
    regionOfPlace,
    quotaScopeOf: () => quotaScope(pool.provider),
    refused: 'EC2 refuses every placement of the pool; correct its launch template, subnets or instance types',
    retryAfterRateSeconds: () => RATE_RETRY_SECONDS,
    runner: request.name,
    pool: pool.name,
    exhausted,
    request,
    clock,
    logger,
  };
  return tryPlacements(ladder, (placement) => {
    const index = indexes.get(placementKey(placement)) ?? 0;
    const run = {...runRequest(options, request, placement, index, data), ...chosen};
    return tryPlacement(options, request, placement, run);
  });
}

async function tryPlacement(
  {ec2, clock, deployment}: CreateOptions,
  {beforeInsert, onWaiting}: CreateRequest,
  placement: Placement,
  run: RunRequest,
): Promise<CreateOutcome | TriedPlacement> {
  await beforeInsert(placement);
  const attempt = await attemptRun({ec2, clock, run, deployment, onWaiting});
  switch (attempt.kind) {
    case 'created':
      return {kind: 'created', placement, id: attempt.instance.id};
    case 'failed': {
      const {failure} = attempt;
      return {placement, failure, failureClass: failure.failureClass};
    }
    default:
      return {kind: attempt.kind, placement, message: attempt.message};
  }
}

function runRequest(
  {pool, deployment}: Pick<CreateOptions, 'pool' | 'deployment'>,
  {name, job}: Pick<CreateRequest, 'name' | 'job'>,
  {place, machineType = '', spot}: Placement,
  index: number,
  data: Secret,
): RunRequest {
  const {template, version} = pool.provider;
  return {
    subnet: subnetOfPlace(place),
    instanceType: machineType,
    spot,
    template,
    version,
    clientToken: clientToken(name, index),
    tags: {[NAME_TAG]: name, [DEPLOYMENT_LABEL]: deployment, [POOL_LABEL]: pool.name, [JOB_LABEL]: job},
    userData: data,
  };
}

/** The requests that the doctor tries, with each subnet, instance type and market of the pool at least once; EC2 makes nothing of them. */
export function trialRequests(pool: Ec2Pool, deployment: string, data: Secret): readonly RunRequest[] {
  const request = {name: `${deployment}-${pool.name}-check`, job: 'check'};
  const tried = new Set<string>();
  const isNew = ({place, machineType = '', spot}: Placement) => {
    const parts = [`place ${place}`, `type ${machineType}`, `spot ${spot}`];
    const unseen = parts.some((part) => !tried.has(part));
    if (unseen) for (const part of parts) tried.add(part);
    return unseen;
  };
  return placementsFor(pool, request.name)
    .filter(isNew)
    .map((placement) => runRequest({pool, deployment}, request, placement, 0, data));
}
