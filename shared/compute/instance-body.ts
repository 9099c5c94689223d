import type {Placement} from '../model/placement';
import type {Secret} from '../secret';
import type {InstanceBody, InstanceTemplate, Metadata, Scheduling} from './compute';
import {DEPLOYMENT_LABEL, JIT_CONFIG_KEY, JOB_LABEL, POOL_LABEL} from './labels';

/** How long a VM may have beyond the sum of its pool's minutes before Compute Engine deletes it. */
const GRACE_SECONDS = 600;

export interface NewInstance {
  readonly name: string;
  readonly deployment: string;
  readonly pool: string;
  readonly job: string;
  readonly encodedJitConfig: Secret;
  readonly placement: Placement;
  readonly template: InstanceTemplate;
  /** Minutes may have fractions. */
  readonly minutes: {readonly boot: number; readonly idle: number; readonly job: number};
}

/** The body of `instances.insert`. A field of it replaces the template's, so that each holds the template's part too. */
export function instanceBody(instance: NewInstance): InstanceBody {
  const {name, placement, template} = instance;
  const {place: zone, machineType, spot} = placement;
  return {
    name,
    labels: {
      ...template.labels,
      [DEPLOYMENT_LABEL]: instance.deployment,
      [POOL_LABEL]: instance.pool,
      [JOB_LABEL]: instance.job,
    },
    metadata: mergeMetadata(template.metadata, JIT_CONFIG_KEY, instance.encodedJitConfig.reveal()),
    scheduling: scheduling(template.scheduling, spot, maxRunSeconds(instance.minutes)),
    ...(machineType ? {machineType: `zones/${zone}/machineTypes/${machineType}`} : {}),
  };
}

/** Upper bound of a VM's life, in seconds. */
export function maxRunSeconds({boot, idle, job}: NewInstance['minutes']): number {
  return Math.ceil((boot + idle + job) * 60) + GRACE_SECONDS;
}

function mergeMetadata(template: Metadata, key: string, value: string): Metadata {
  return {items: [...(template.items ?? []).filter((item) => item.key !== key), {key, value}]};
}

/**
 * Compute Engine deletes the VM after `maxRunDuration`, whatever becomes of the control plane. A template's own end is dropped: Compute
 * Engine takes either a `terminationTime` or a `maxRunDuration`. `onHostMaintenance` is always `TERMINATE`: machine types with GPUs and bare
 * metal are refused without it, and a VM that lives for one job has no use for live migration.
 *
 * @see https://cloud.google.com/compute/docs/instances/limit-vm-runtime
 * @see https://cloud.google.com/compute/docs/instances/create-use-spot
 * @see https://cloud.google.com/compute/docs/instances/live-migration-process#limitations
 */
function scheduling(template: Scheduling & {terminationTime?: unknown}, spot: boolean, seconds: number): Scheduling {
  const {terminationTime: _ignored, ...kept} = template;
  return {
    ...kept,
    provisioningModel: spot ? 'SPOT' : 'STANDARD',
    preemptible: spot,
    automaticRestart: false,
    onHostMaintenance: 'TERMINATE',
    instanceTerminationAction: 'DELETE',
    maxRunDuration: {seconds},
  };
}
