import {type Instance, isObject, isSpot, type Json} from './resources';

/** What a boot disk may be, by machine type. @see https://docs.cloud.google.com/compute/docs/disks/hyperdisks#machine-type-support */
const DISKS: readonly (readonly [machineType: RegExp, diskType: RegExp])[] = [
  [/^(?:c4|c4a|c4d|n4|n4a|n4d|h4d|m4|x4|a4|a4x|g4)-|^a3-ultragpu-/, /^hyperdisk-/],
  [/^(?:c3|c3d|h3|z3|a3|m3)-/, /^(?:pd-(?:balanced|ssd)|hyperdisk-.*)$/],
  [/^g2-/, /^pd-(?:balanced|ssd)$/],
  [/./, /^pd-/],
];

/** GPUs that come with a machine type. @see https://docs.cloud.google.com/compute/docs/accelerator-optimized-machines */
const BUILT_IN: readonly (readonly [machineType: RegExp, accelerator: string])[] = [
  [/^g2-/, 'nvidia-l4'],
  [/^g4-/, 'nvidia-rtx-pro-6000'],
  [/^a2-ultragpu-/, 'nvidia-a100-80gb'],
  [/^a2-/, 'nvidia-tesla-a100'],
  [/^a3-megagpu-/, 'nvidia-h100-mega-80gb'],
  [/^a3-ultragpu-/, 'nvidia-h200-141gb'],
  [/^a3-/, 'nvidia-h100-80gb'],
  [/^a4-/, 'nvidia-b200'],
];

/** Without GPUs, and yet never moved. @see https://docs.cloud.google.com/compute/docs/instances/live-migration-process#limitations */
const NOT_MIGRATED = /^(?:h3|h4d|x4)-|-metal$/;

/** Names of the accelerators that an instance gets, built in or asked for. */
export function acceleratorsOf(machineType: string, properties: Json): string[] {
  const builtIn = BUILT_IN.find(([pattern]) => pattern.test(machineType))?.[1];
  const asked = listOf(properties['guestAccelerators']).map(({acceleratorType}) => lastSegment(acceleratorType));
  return [...(builtIn ? [builtIn] : []), ...asked];
}

/** Why an instance that may be moved to another host cannot be had; undefined when it can. */
export function migrationRefusal(machineType: string, scheduling: Json, properties: Json): string | undefined {
  if (isSpot({scheduling}) || scheduling['onHostMaintenance'] === 'TERMINATE') return undefined;
  if (acceleratorsOf(machineType, properties).length > 0) {
    return 'Instances with guest accelerators do not support live migration.';
  }
  return NOT_MIGRATED.test(machineType) ? `Machine type ${machineType} does not support live migration.` : undefined;
}

/** The disk type that the instance's machine type cannot take. One that is not named fits. */
export function misfitDisk({
  machineType,
  properties,
}: Pick<Instance, 'machineType' | 'properties'>): string | undefined {
  const fits = DISKS.find(([pattern]) => pattern.test(machineType))?.[1];
  return listOf(properties['disks'])
    .map(({initializeParams}) => (isObject(initializeParams) ? lastSegment(initializeParams['diskType']) : ''))
    .find((diskType) => diskType !== '' && !fits?.test(diskType));
}

function listOf(value: unknown): Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isObject) : [];
}

function lastSegment(url: unknown): string {
  const text = typeof url === 'string' ? url : '';
  return text.slice(text.lastIndexOf('/') + 1);
}
