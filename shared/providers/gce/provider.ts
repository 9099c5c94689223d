import type {Clock} from '../../clock';
import {Refused} from '../../errors';
import type {Logger} from '../../logger';
import {DEPLOYMENT_LABEL, KEEP_LABEL, POOL_LABEL, parseRunnerName} from '../../model/names';
import {lastLineOf} from '../console-line';
import {ExhaustedPlacements, placeOrder} from '../placements';
import {
  isStarting,
  isStopped,
  isStopping,
  type Machine,
  type MachineReference,
  type MachineStatus,
  type RunnerProvider,
} from '../provider';
import {checkPool} from './check';
import {belongsTo, requestId} from './client/body';
import type {Compute, Instance, InstanceStatus} from './client/compute';
import {withComputeErrors} from './client/errors';
import {createMachine, type GcePool, placementsFor, readAhead} from './create';
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

  /** The zones in which a VM is looked for: those of its pool, or the default zones for a removed pool. */
  const zonesToLookInto = (name: string, poolName: string | undefined): Promise<readonly string[]> => {
    const pool = poolName ?? parseRunnerName(deployment, name)?.pool ?? name;
    return poolZones(compute, pools.find((one) => one.name === pool) ?? {name: pool, provider: {}}, place);
  };

  const look = async ({name, pool: ofPool, place: known}: MachineReference): Promise<Instance | undefined> => {
    const zones = known ? [known] : placeOrder(name, await zonesToLookInto(name, ofPool));
    for (const candidate of zones) {
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

    async prepare(request) {
      const pool = pools.find(({name}) => name === request.pool);
      if (!pool) return;
      await readAhead({compute, pool, place}, request);
    },

    async create(request) {
      const pool = pools.find(({name}) => name === request.pool);
      if (!pool) return {kind: 'refused', message: unknownPool(request.pool)};
      return createMachine({...options, pool, place, exhausted: exhaustedOf(pool.name)}, request);
    },

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

function machineOf({name, zone, status, labels, creationTimestamp}: Instance, now: number): Machine {
  const createdAt = Date.parse(creationTimestamp);
  return {
    name,
    id: name,
    place: zone,
    status: machineStatus(status),
    createdAt: Number.isNaN(createdAt) ? now : createdAt,
    pool: labels[POOL_LABEL] ?? '',
    isKept: KEEP_LABEL in labels,
  };
}

function machineStatus(status: InstanceStatus): MachineStatus {
  if (isStopped(status)) return 'stopped';
  if (isStopping(status)) return 'stopping';
  return isStarting(status) ? 'starting' : 'running';
}
