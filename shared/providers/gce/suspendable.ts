import {processorOf, type RawSettings, type SettingsProblems} from '../../model/settings';

/** A VM with more memory cannot be suspended. @see https://cloud.google.com/compute/docs/instances/suspend-resume-instance#limitations */
const MOST_MEMORY_GB = 208;

/** Families whose every machine has a GPU. */
const WITH_GPU = new Set(['a2', 'a3', 'a4', 'a4x', 'g2', 'g4']);

/** Families whose every machine has more memory. */
const WITH_MORE_MEMORY = new Set(['h3', 'h4d', 'm1', 'm2', 'm3', 'm4', 'x4']);

/** Families whose every machine has local SSDs. */
const WITH_LOCAL_SSD = new Set(['z3']);

/** GB of memory to a vCPU by the class in a machine type's name: the most that any family has. */
const GB_PER_CPU: Readonly<Record<string, number>> = {highcpu: 2, standard: 4, highmem: 8};

/** Why a VM of the machine type cannot be suspended, as far as the name tells; undefined: it does not tell. `isArm64`: of its family. */
export function reasonNotToSuspend(machineType: string, isArm64: boolean): string | undefined {
  const [family = '', kind = '', size = '', megabytes = ''] = machineType.split('-');
  if (isArm64) return 'an arm64 machine: its clock is wrong after a resume';
  if (WITH_GPU.has(family)) return 'a machine with a GPU';
  if (WITH_LOCAL_SSD.has(family) || machineType.endsWith('lssd')) return 'a machine with local SSDs';
  if (machineType.endsWith('metal')) return 'a bare metal machine';
  const gb = kind === 'custom' ? Number(megabytes) / 1024 : Number(size) * (GB_PER_CPU[kind] ?? 0);
  return WITH_MORE_MEMORY.has(family) || gb > MOST_MEMORY_GB
    ? `a machine with more than ${MOST_MEMORY_GB} GB`
    : undefined;
}

/** Reports machine types that cannot be suspended in a pool of suspended standby machines. Both of whatever shape. */
export function checkSuspended(
  {standby, requires}: RawSettings,
  machineTypes: unknown,
  isArm64: (machineType: string) => boolean,
  path: string,
  problems: SettingsProblems,
): void {
  if (typeof standby !== 'object' || standby === null || !('suspended' in standby)) return;
  const expected = 'stopped in place of suspended: Compute Engine cannot suspend such a machine, or not well';
  if (
    Array.isArray(requires) &&
    requires.some((label) => typeof label === 'string' && processorOf(label) === 'arm64')
  ) {
    problems.report(`${path}.standby`, 'suspended machines in a pool for arm64', expected);
    return;
  }
  if (!Array.isArray(machineTypes)) return;
  for (const type of machineTypes) {
    const reason = typeof type === 'string' ? reasonNotToSuspend(type, isArm64(type)) : undefined;
    if (reason) problems.report(`${path}.standby`, `suspended with ${problems.describe(type)}, ${reason}`, expected);
  }
}
