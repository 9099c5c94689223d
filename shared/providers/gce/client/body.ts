import {createHash} from 'node:crypto';
import {DEPLOYMENT_LABEL, JOB_LABEL, POOL_LABEL} from '../../../model/names';
import type {Placement} from '../../../model/placement';
import {maxLifetimeMs} from '../../../model/runner';
import type {Secret} from '../../../secret';
import type {Instance, InstanceBody, InstanceTemplate, Metadata, Scheduling} from './compute';

/** Metadata key of the JIT config; the start-up script reads it. */
export const JIT_CONFIG_KEY = 'slipway-jit-config';

/** Namespace of the request ids: a random UUID that must never change. */
const NAMESPACE = Buffer.from('5f3c7d0e2b6a4c8e9d150a7be4f2c619', 'hex');

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

/** The body of `instances.insert`. A field of the body replaces that of the template, so each field includes the values of the template. */
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

/** Longest lifetime of a VM, in seconds. */
export function maxRunSeconds({boot, idle, job}: NewInstance['minutes']): number {
  return maxLifetimeMs({bootMinutes: boot, idleMinutes: idle, jobMinutes: job}) / 1000;
}

function mergeMetadata(template: Metadata, key: string, value: string): Metadata {
  return {items: [...(template.items ?? []).filter((item) => item.key !== key), {key, value}]};
}

/**
 * Compute Engine deletes the VM after `maxRunDuration`, even if the control plane is down. The `terminationTime` of the template is
 * dropped: Compute Engine accepts only one of the two. `onHostMaintenance` is always `TERMINATE`: machine types with GPUs and bare metal
 * require it, and a VM that lives for one job needs no live migration.
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

/** Whether this deployment created the instance. No other instance may be changed or deleted. */
export function belongsTo(deployment: string, instance: Instance): boolean {
  // mutation: instance of this deployment
  return instance.labels[DEPLOYMENT_LABEL] === deployment;
}

/**
 * UUID for `requestId` of Compute Engine: the same parts give the same id, so that a repeated request takes effect once. Every part of the
 * request that can differ must be among the parts.
 *
 * @see https://www.rfc-editor.org/rfc/rfc9562#name-uuid-version-5
 */
export function requestId(...parts: readonly string[]): string {
  const hash = createHash('sha1').update(NAMESPACE).update(parts.join('|')).digest();
  hash.writeUInt8((hash.readUInt8(6) & 0x0f) | 0x50, 6);
  hash.writeUInt8((hash.readUInt8(8) & 0x3f) | 0x80, 8);
  const hex = hash.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20, 32)].join('-');
}
