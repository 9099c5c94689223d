import type {ConsoleOutput} from '../../console-line';
import {type Call, isAbsent} from './call';
import type {Instance, InstanceDetails, InstanceStatus} from './compute';
import {ComputeFailure} from './errors';
import {JIT_CONFIG_KEY, STANDBY_KEY} from './metadata-keys';

const STATUSES: readonly string[] = [
  'PENDING',
  'PROVISIONING',
  'STAGING',
  'RUNNING',
  'STOPPING',
  'SUSPENDING',
  'SUSPENDED',
  'REPAIRING',
  'TERMINATED',
  'DEPROVISIONING',
] satisfies InstanceStatus[];

/** A VM that is not there is undefined. */
export function unlessGone(zone: string, name: string): (error: unknown) => undefined {
  return (error) => {
    if (isGone(error, zone, name)) return undefined;
    throw error;
  };
}

/** Whether Compute Engine says that the VM, or its zone, does not exist. */
export function isGone(error: unknown, zone: string, name: string): boolean {
  return isAbsent(error, `zones/${zone}/instances/${name}`) || isAbsent(error, `zones/${zone}`);
}

/** Reads the operation from the wrapper of the library, whose type does not declare it. */
export function operationOf(
  {what}: Call,
  zone: string,
  wrapped: {latestResponse?: unknown},
): {zone: string; name: string} {
  const operation = wrapped.latestResponse as {name?: string | null} | undefined;
  if (operation?.name) return {zone, name: operation.name};
  throw new ComputeFailure('uncertain', 'NO_OPERATION', `${what}: Compute Engine's answer names no operation`);
}

/** Reads the output of the REST API, whose 64-bit numbers are strings. `start`: the first byte of the contents among all that were written. */
export function readSerialOutput({
  contents,
  start,
}: {
  readonly contents?: string | null | undefined;
  readonly start?: unknown;
}): ConsoleOutput {
  return {contents: contents ?? '', isCut: Number(start ?? 0) > 0};
}

/** An instance of the REST API. */
export interface RawInstance {
  readonly name?: string | null | undefined;
  readonly status?: unknown;
  readonly labels?: {readonly [key: string]: string} | null | undefined;
  readonly creationTimestamp?: string | null | undefined;
  readonly lastStartTimestamp?: string | null | undefined;
  readonly lastStopTimestamp?: string | null | undefined;
  /** A URL. */
  readonly machineType?: string | null | undefined;
  readonly scheduling?: {readonly provisioningModel?: unknown} | null | undefined;
  readonly labelFingerprint?: string | null | undefined;
  readonly metadata?:
    | {
        readonly fingerprint?: string | null;
        readonly items?: readonly {readonly key?: string | null; readonly value?: string | null}[] | null;
      }
    | null
    | undefined;
}

/** Reads an instance of the REST API. */
export function readInstance(raw: RawInstance, zone: string, name = raw.name ?? ''): Instance {
  return {
    name: raw.name ?? name,
    zone,
    status: statusOf(raw.status),
    labels: raw.labels ?? {},
    creationTimestamp: raw.creationTimestamp ?? '',
    lastStartTimestamp: raw.lastStartTimestamp ?? '',
    lastStopTimestamp: raw.lastStopTimestamp ?? '',
    ...(raw.machineType ? {machineType: raw.machineType.slice(raw.machineType.lastIndexOf('/') + 1)} : {}),
    isSpot: raw.scheduling?.provisioningModel === 'SPOT',
    ...standbyOf(raw),
  };
}

export function readInstanceDetails(raw: RawInstance, zone: string, name: string): InstanceDetails {
  const items = (raw.metadata?.items ?? []).flatMap(({key, value}) => (key ? [{key, value: value ?? ''}] : []));
  return {
    ...readInstance(raw, zone, name),
    metadata: {items},
    metadataFingerprint: raw.metadata?.fingerprint ?? '',
    labelFingerprint: raw.labelFingerprint ?? '',
  };
}

function standbyOf({metadata}: RawInstance): Pick<Instance, 'standby'> {
  const hold = metadata?.items?.find(({key}) => key === STANDBY_KEY)?.value;
  if (hold !== 'stopped' && hold !== 'suspended') return {};
  return {standby: {hold, isBegun: metadata?.items?.some(({key}) => key === JIT_CONFIG_KEY) ?? false}};
}

/** `STOPPED` is the newer word for `TERMINATED`. An unknown status is treated as not ended. */
function statusOf(status: unknown): InstanceStatus {
  if (status === 'STOPPED') return 'TERMINATED';
  return STATUSES.includes(String(status)) ? (status as InstanceStatus) : 'PENDING';
}
