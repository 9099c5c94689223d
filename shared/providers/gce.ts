import type {Clock} from '../clock';
import type {Compute, Instance} from '../compute/compute';
import {belongsTo} from '../compute/labels';
import {requestId} from '../compute/request-id';
import {zoneOrder} from '../lifecycle/zones';
import type {Logger} from '../logger';
import type {Pool} from '../model/pool';
import {ExhaustedPlacements} from './failed-rungs';
import {createMachine, placementsFor} from './gce-create';
import {type DefaultPlace, poolZones} from './gce-zones';
import type {Machine, MachineReference, Provider} from './provider';
import {typedRefusals} from './typed-refusals';

/** What the provider needs to know of a pool. Minutes may have fractions. */
export interface GcePool {
  readonly name: string;
  readonly bootMinutes: number;
  readonly idleMinutes: number;
  readonly jobMinutes: number;
  /** Warm runners wait longer. */
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

export interface GceProviderOptions {
  readonly compute: Compute;
  readonly pool: GcePool;
  /** Name of this installation: the only VMs that are ever touched carry it as a label. */
  readonly deployment: string;
  readonly place?: DefaultPlace;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * One new VM for each runner, from an instance template. `find` and `delete` throw `Unavailable` or `Refused`.
 *
 * @see https://cloud.google.com/compute/docs/instances/create-vm-from-instance-template
 */
export function createGceProvider(options: GceProviderOptions): Provider {
  const {compute, deployment, pool, place = {}, clock, logger} = options;
  const exhausted = new ExhaustedPlacements(clock);

  const look = async ({name, place: known}: MachineReference): Promise<Instance | undefined> => {
    const zones = known ? [known] : zoneOrder(name, await poolZones(compute, pool, place));
    for (const candidate of zones) {
      const instance = await compute.getInstance(candidate, name);
      if (!instance) continue;
      if (belongsTo(deployment, instance)) return instance;
      logger.warning(`instance ${name} in ${candidate} is not labelled as ${deployment}'s: left alone`, {
        decision: 'foreign',
        runner: name,
        pool: pool.name,
      });
    }
    return undefined;
  };

  return {
    placements: (request) => typedRefusals(clock, placementsFor({compute, pool, place}, request)),

    create: (request) => createMachine({...options, place, exhausted}, request),

    async find(reference): Promise<Machine | undefined> {
      const instance = await typedRefusals(clock, look(reference));
      return instance && {name: instance.name, place: instance.zone, status: instance.status};
    },

    async delete(reference) {
      const instance = await typedRefusals(clock, look(reference));
      if (!instance) return 'absent';
      const {name, zone, creationTimestamp} = instance;
      return typedRefusals(
        clock,
        compute.deleteInstance(zone, name, requestId('delete', name, zone, creationTimestamp)),
      );
    },
  };
}
