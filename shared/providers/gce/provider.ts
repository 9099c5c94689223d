import type {Clock} from '../../clock';
import {Refused} from '../../errors';
import type {Logger} from '../../logger';
import type {RunnerToInstallReader} from '../../model/facts';
import {DEPLOYMENT_LABEL, KEEP_LABEL, POOL_LABEL, parseRunnerName} from '../../model/names';
import {lastLineOf} from '../console-line';
import {isStarting, isStopped, isStopping} from '../persistent-vm';
import {ExhaustedPlacements, exhaustionKey, placeOrder} from '../placements';
import type {Machine, MachineReference, MachineStatus, RunnerProvider} from '../provider';
import {checkPool} from './check';
import {belongsTo, requestId} from './client/body';
import type {Compute, Instance} from './client/compute';
import {withComputeErrors} from './client/errors';
import {type CreateOptions, createMachine, type GcePool, placementsFor, readAhead} from './create';
import {createGceStandby} from './standby';
import {type DefaultPlace, poolZones} from './zones';

export interface GceProviderOptions {
  readonly compute: Compute;
  /** The pools that create VMs from a template. */
  readonly pools: readonly GcePool[];
  /** Name of the deployment. Only VMs with this name as their label are ever changed. */
  readonly deployment: string;
  readonly place?: DefaultPlace;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What new machines are told of the runner application; undefined: nothing is known. Rejects while it cannot be read. */
  readonly runnerToInstall?: RunnerToInstallReader;
}

/**
 * Creates one VM for each runner from an instance template. One provider serves all pools of the deployment.
 *
 * @see https://cloud.google.com/compute/docs/instances/create-vm-from-instance-template
 */
export function createGceProvider(options: GceProviderOptions): RunnerProvider {
  const {compute, deployment, pools, place = {}, clock, logger} = options;
  const exhausted = new Map<string, ExhaustedPlacements>();

  /** Placements are exhausted for each pool separately: pools have different templates. */
  const exhaustedOf = (pool: string): ExhaustedPlacements => {
    const known = exhausted.get(pool) ?? new ExhaustedPlacements(clock);
    exhausted.set(pool, known);
    return known;
  };

  const creation = (name: string): CreateOptions | undefined => {
    const pool = pools.find((one) => one.name === name);
    const {runnerToInstall = async () => undefined} = options;
    return (
      pool && {compute, deployment, clock, logger, pool, place, runnerToInstall, exhausted: exhaustedOf(pool.name)}
    );
  };

  /** The zones in which a VM is looked for: those of its pool, or the default zones for a removed pool. */
  const zonesToLookInto = async ({name, pool: ofPool, place: known}: MachineReference): Promise<readonly string[]> => {
    if (known) return [known];
    const pool = ofPool ?? parseRunnerName(deployment, name)?.pool ?? name;
    const zones = await poolZones(compute, pools.find((one) => one.name === pool) ?? {name: pool, provider: {}}, place);
    return placeOrder(name, zones);
  };

  const look = async (machine: MachineReference): Promise<Instance | undefined> => {
    const {name, pool: ofPool} = machine;
    for (const candidate of await zonesToLookInto(machine)) {
      const instance = await compute.getInstance(candidate, name);
      if (!instance) continue;
      if (belongsTo(deployment, instance)) return instance;
      const pool = ofPool ?? parseRunnerName(deployment, name)?.pool;
      logger.warning(`instance ${name} in ${candidate} is not labelled as ${deployment}'s: left alone`, {
        decision: 'foreign',
        runner: name,
        ...(pool ? {pool} : {}),
      });
    }
    return undefined;
  };

  return {
    registration: 'create',

    async placements(request) {
      const pool = pools.find(({name}) => name === request.pool);
      if (!pool) throw new Refused(unknownPool(request.pool));
      return withComputeErrors(clock, placementsFor({compute, pool, place}, request));
    },

    async readAhead(request) {
      const own = creation(request.pool);
      if (own) await readAhead(own, request);
    },

    async create(request) {
      const own = creation(request.pool);
      if (!own) return {kind: 'refused', message: unknownPool(request.pool)};
      return createMachine({...own, exhausted: exhaustedOf(exhaustionKey(request.pool, request.options))}, request);
    },

    standby: createGceStandby({compute, deployment, clock, creation, zonesOf: zonesToLookInto}),

    async find(reference) {
      const instance = await withComputeErrors(clock, look(reference));
      return instance && machineOf(instance, clock.now());
    },

    async delete(reference) {
      const instance = await withComputeErrors(clock, look(reference));
      if (!instance) return 'absent';
      const {name, zone, creationTimestamp} = instance;
      return withComputeErrors(
        clock,
        compute.deleteInstance(zone, name, requestId('delete', name, zone, creationTimestamp)),
      );
    },

    async list() {
      const instances = await withComputeErrors(
        clock,
        // mutation: VMs of this deployment
        compute.listInstances({[DEPLOYMENT_LABEL]: deployment}),
      );
      return {machines: instances.map((instance) => machineOf(instance, clock.now())), complete: true};
    },

    async wasPreempted({name, place: zone}) {
      return zone !== undefined && withComputeErrors(clock, compute.wasPreempted(zone, name));
    },

    async console(reference) {
      const read = async () => {
        const instance = await look(reference);
        return instance && compute.serialOutput(instance.zone, instance.name);
      };
      const output = await withComputeErrors(clock, read());
      return output && lastLineOf(output);
    },

    async check(name) {
      const pool = pools.find((one) => one.name === name);
      if (!pool) return [{status: 'error', because: unknownPool(name), do: 'Correct the configuration.'}];
      return checkPool({compute, pool, place, clock});
    },
  };
}

function unknownPool(pool: string): string {
  return `found no pool ${pool}; expected one that makes VMs`;
}

function machineOf(instance: Instance, now: number): Machine {
  const {name, zone, labels, creationTimestamp} = instance;
  const createdAt = Date.parse(creationTimestamp);
  return {
    name,
    id: name,
    place: zone,
    status: machineStatus(instance),
    createdAt: Number.isNaN(createdAt) ? now : createdAt,
    pool: labels[POOL_LABEL] ?? '',
    isKept: KEEP_LABEL in labels,
  };
}

/** A standby machine is held until it is given a JIT config; one that is stopping may as well be on its way out. */
function machineStatus({status, standby}: Instance): MachineStatus {
  const isHeld = isStopped(status) || status === 'SUSPENDING';
  if (isHeld && standby && !standby.isBegun) return 'standby';
  if (isStopped(status)) return 'stopped';
  if (isStopping(status)) return 'stopping';
  return isStarting(status) ? 'starting' : 'running';
}
