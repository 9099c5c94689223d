import {createHash} from 'node:crypto';
import {DEPLOYMENT_LABEL, JOB_LABEL, POOL_LABEL} from '../../../model/names';
import type {Placement} from '../../../model/placement';
import {maxLifetimeMs} from '../../../model/runner';
import type {Secret} from '../../../secret';
import type {StandbyHold} from '../../provider';
import type {Instance, InstanceBody, InstanceTemplate, MetadataItem, Scheduling} from './compute';
import {GUEST_ATTRIBUTES_KEY, JIT_CONFIG_KEY, STANDBY_FINGERPRINT_KEY, STANDBY_KEY} from './metadata-keys';

/** A standby machine is kept for so long at most (shared/standby), and then runs one job. */
const STANDBY_SECONDS = 24 * 3600;

/** @see https://cloud.google.com/compute/docs/instances/limit-vm-runtime */
const LONGEST_RUN_SECONDS = 120 * 24 * 3600;

/** Namespace of the request ids: a random UUID that must never change. */
const NAMESPACE = Buffer.from('5f3c7d0e2b6a4c8e9d150a7be4f2c619', 'hex');

interface AnyInstance {
  readonly name: string;
  readonly deployment: string;
  readonly pool: string;
  readonly placement: Placement;
  readonly template: InstanceTemplate;
  /** Minutes may have fractions. */
  readonly minutes: {readonly boot: number; readonly idle: number; readonly job: number};
  /** What the control plane says of the runner application; see runner-metadata.ts. */
  readonly runner?: readonly MetadataItem[];
}

export interface NewInstance extends AnyInstance {
  readonly job: string;
  readonly encodedJitConfig: Secret;
}

export interface NewStandbyInstance extends AnyInstance {
  readonly hold: StandbyHold;
  readonly fingerprint: string;
}

/** The body of `instances.insert`. A field of the body replaces that of the template, so each field includes the values of the template. */
export function instanceBody(instance: NewInstance): InstanceBody {
  const jitConfig = {key: JIT_CONFIG_KEY, value: instance.encodedJitConfig.reveal()};
  return bodyOf(instance, {[JOB_LABEL]: instance.job}, [jitConfig], maxRunSeconds(instance.minutes));
}

/** The same without a job: the machine prepares itself, and is given its JIT config later. */
export function standbyBody(instance: NewStandbyInstance): InstanceBody {
  const {hold, fingerprint, minutes} = instance;
  const metadata = [
    {key: STANDBY_KEY, value: hold},
    {key: STANDBY_FINGERPRINT_KEY, value: fingerprint},
    {key: GUEST_ATTRIBUTES_KEY, value: 'TRUE'},
  ];
  return bodyOf(instance, {}, metadata, Math.min(STANDBY_SECONDS + maxRunSeconds(minutes), LONGEST_RUN_SECONDS));
}

function bodyOf(
  {name, deployment, pool, placement, template, runner = []}: AnyInstance,
  labels: Readonly<Record<string, string>>,
  metadata: readonly MetadataItem[],
  seconds: number,
): InstanceBody {
  const {place: zone, machineType, spot} = placement;
  const ours = [...runner, ...metadata];
  const kept = (template.metadata.items ?? []).filter(({key}) => !ours.some((item) => item.key === key));
  return {
    name,
    labels: {...template.labels, [DEPLOYMENT_LABEL]: deployment, [POOL_LABEL]: pool, ...labels},
    metadata: {items: [...kept, ...ours]},
    scheduling: scheduling(template.scheduling, spot, seconds),
    ...(machineType ? {machineType: `zones/${zone}/machineTypes/${machineType}`} : {}),
  };
}

/** Longest lifetime of a VM, in seconds. */
export function maxRunSeconds({boot, idle, job}: NewInstance['minutes']): number {
  return maxLifetimeMs({bootMinutes: boot, idleMinutes: idle, jobMinutes: job}) / 1000;
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
