import {acceleratorsOf} from './features';
import {type Instance, isObject, isSpot} from './resources';

/** GB of memory for each vCPU, by the kind of machine type. */
const GB_PER_VCPU: Readonly<Record<string, number>> = {
  highcpu: 2,
  standard: 4,
  highmem: 8,
  megamem: 15,
  ultramem: 28,
  hypermem: 16,
};

const MOST_MEMORY_GB = 208;

/**
 * Why the instance cannot be suspended now, or ever; undefined when it can. An arm64 VM is not refused: only its clock is wrong afterwards.
 * @see https://cloud.google.com/compute/docs/instances/suspend-resume-instance#limitations
 */
export function suspendRefusal(instance: Instance): string | undefined {
  const {machineType, properties, scheduling, status, name} = instance;
  if (status !== 'RUNNING')
    return `You cannot suspend an instance that is ${WORDS[status] ?? 'not running'}: '${name}'.`;
  if (isSpot({scheduling})) return 'Suspending a Preemptible VM is not supported.';
  if (acceleratorsOf(machineType, properties).length > 0) return 'Instances with GPUs cannot be suspended.';
  if (memoryGb(machineType) > MOST_MEMORY_GB) {
    return `Instances with more than ${MOST_MEMORY_GB} GB of memory cannot be suspended.`;
  }
  if (machineType.endsWith('-metal')) return 'Bare metal instances cannot be suspended.';
  const {confidentialInstanceConfig: confidential, disks} = properties;
  if (isObject(confidential) && confidential['enableConfidentialCompute'] === true) {
    return 'Confidential VMs cannot be suspended.';
  }
  const hasLocalSsd = Array.isArray(disks) && disks.some((disk) => isObject(disk) && disk['type'] === 'SCRATCH');
  return hasLocalSsd ? 'discardLocalSsd must be given for an instance with local SSDs.' : undefined;
}

const WORDS: Readonly<Partial<Record<Instance['status'], string>>> = {
  TERMINATED: 'stopped or terminated',
  STOPPING: 'stopped or terminated',
  SUSPENDED: 'already suspended',
  SUSPENDING: 'already suspended',
  REPAIRING: 'being repaired',
};

function memoryGb(machineType: string): number {
  const [, kind = '', vcpus = '0'] = /-([a-z]+)-(\d+)/.exec(machineType) ?? [];
  return Number(vcpus) * (GB_PER_VCPU[kind] ?? 4);
}
