import type {Finding} from '../provider';
import type {InstanceTemplate, RegionalQuota} from './client/compute';

/** Share of a quota's limit below which a warning is given. */
const NEAR_LIMIT_SHARE = 0.2;

/**
 * Machine families whose CPUs are counted by the quota `CPUS_PER_VM_FAMILY`, which `regions.get` does not show. Every other family has a
 * metric of its own there (`N2_CPUS`) or counts against `CPUS`.
 *
 * @see https://cloud.google.com/compute/resource-usage#cpu_quota
 */
const UNSHOWN_FAMILIES: readonly string[] = 'a3 a4 a4x c3d c4 c4a c4d g4 h3 h4d m4 n4 n4a n4d x4 z3'.split(' ');

/** Quotas of disks by the beginning of the disk's type. The first that fits counts. */
const DISK_METRICS: readonly (readonly [type: RegExp, metric: string])[] = [
  [/^pd-standard$/, 'DISKS_TOTAL_GB'],
  [/^pd-(balanced|ssd|extreme)$/, 'SSD_TOTAL_GB'],
  [/^hyperdisk-balanced$/, 'HDB_TOTAL_GB'],
  [/^local-ssd$/, 'LOCAL_SSD_TOTAL_GB'],
];

/** A local SSD has one size. */
const LOCAL_SSD_GB = 375;

/** One way in which a pool may create a machine. */
export interface MachineKind {
  readonly region: string;
  readonly machineType: string;
  readonly spot: boolean;
}

/** How much of each metric one machine uses. A metric that the region does not show is left out. */
export function machineUsage(
  {machineType, spot}: Pick<MachineKind, 'machineType' | 'spot'>,
  template: Pick<InstanceTemplate, 'disks' | 'accelerators' | 'hasExternalAddress'>,
  quotas: readonly RegionalQuota[],
): ReadonlyMap<string, number> {
  const shown = new Map(quotas.map((quota) => [quota.metric, quota]));
  const usage = new Map<string, number>();
  const add = (metric: string | undefined, amount: number) => {
    if (metric !== undefined && amount > 0 && shown.has(metric)) usage.set(metric, (usage.get(metric) ?? 0) + amount);
  };
  // A quota of preemptible resources counts once the project has asked for one; until then spot VMs use the standard quota.
  const preemptible = (metric: string) => spot && (shown.get(metric)?.limit ?? 0) > 0;

  add('INSTANCES', 1);
  const cpus = cpusOf(machineType);
  add(preemptible('PREEMPTIBLE_CPUS') ? 'PREEMPTIBLE_CPUS' : cpuMetric(machineType, shown), cpus);
  for (const {type, count} of template.accelerators) {
    const metric = gpuMetric(type);
    add(preemptible(`PREEMPTIBLE_${metric}`) ? `PREEMPTIBLE_${metric}` : metric, count);
  }
  for (const {type, sizeGb} of template.disks) {
    add(DISK_METRICS.find(([pattern]) => pattern.test(type))?.[1], type === 'local-ssd' ? LOCAL_SSD_GB : sizeGb);
  }
  if (template.hasExternalAddress) add('IN_USE_ADDRESSES', 1);
  return usage;
}

/** vCPUs by the name of the machine type: `c4a-standard-4`, `n2-custom-8-16384`. 1 where the name does not say, as for `a2-highgpu-1g`. */
function cpusOf(machineType: string): number {
  if (/^(f1-|g1-)/.test(machineType)) return 1;
  if (/^e2-(micro|small|medium)$/.test(machineType)) return 2;
  const named = /-(?:custom|standard|highmem|highcpu|megamem|ultramem|hypermem)-(\d+)(?![\dg])/.exec(machineType)?.[1];
  const custom = /^custom-(\d+)-/.exec(machineType)?.[1];
  return Number(named ?? custom ?? 1);
}

function cpuMetric(machineType: string, shown: ReadonlyMap<string, unknown>): string | undefined {
  const [family = ''] = machineType.split('-');
  const own = `${family.toUpperCase()}_CPUS`;
  if (shown.has(own)) return own;
  return UNSHOWN_FAMILIES.includes(family) ? undefined : 'CPUS';
}

/** `nvidia-tesla-t4` → `NVIDIA_T4_GPUS`, `nvidia-tesla-t4-vws` → `NVIDIA_T4_VWS_GPUS`. */
function gpuMetric(type: string): string {
  return `${type
    .replace(/^nvidia-tesla-/, 'nvidia-')
    .replaceAll('-', '_')
    .toUpperCase()}_GPUS`;
}

/** What is left of the quotas for one kind of machine. */
export interface QuotaLeft {
  readonly kind: MachineKind;
  readonly status: 'ok' | 'warning' | 'error';
  /** The metric with the least room, in words; empty if the region shows none. */
  readonly tightest: string;
}

/** `error`: less than one machine is left in some metric. `warning`: less than a fifth of some limit. */
export function quotaLeft(
  kind: MachineKind,
  template: Pick<InstanceTemplate, 'disks' | 'accelerators' | 'hasExternalAddress'>,
  quotas: readonly RegionalQuota[],
): QuotaLeft {
  const usage = machineUsage(kind, template, quotas);
  const metrics = quotas
    .filter(({metric}) => usage.has(metric))
    .map(({metric, limit, usage: used}) => {
      const left = Math.max(0, limit - used);
      const machines = left / (usage.get(metric) ?? 1);
      const share = limit > 0 ? left / limit : 0;
      const status = machines < 1 ? 'error' : share < NEAR_LIMIT_SHARE ? 'warning' : 'ok';
      return {status, machines, text: `${metric} in ${kind.region}: ${left} of ${limit} left`} as const;
    })
    .sort((a, b) => SEVERITY.indexOf(b.status) - SEVERITY.indexOf(a.status) || a.machines - b.machines);
  const [first] = metrics;
  return {kind, status: first?.status ?? 'ok', tightest: first?.text ?? ''};
}

const SEVERITY = ['ok', 'warning', 'error'] as const;

/** Whether the quotas have room for a machine of the pool. An error only if no kind of machine that the pool may create has room. */
export function quotaFinding(found: readonly QuotaLeft[]): Finding {
  const full = found.filter(({status}) => status === 'error');
  const near = found.filter(({status}) => status === 'warning');
  const say = (some: readonly QuotaLeft[]) =>
    some.map(({kind, tightest}) => `${kind.machineType}${kind.spot ? ' (spot)' : ''}: ${tightest}`).join('; ');
  const remedy =
    'Ask for a higher quota at https://console.cloud.google.com/iam-admin/quotas, or lower maxRunners of the pool.';
  if (full.length > 0) {
    const status = full.length === found.length ? 'error' : 'warning';
    return {about: 'quota', status, because: `no room for one more machine: ${say(full)}`, do: remedy};
  }
  if (near.length > 0)
    return {about: 'quota', status: 'warning', because: `less than 20 % is left: ${say(near)}`, do: remedy};
  const shown = found.filter(({tightest}) => tightest !== '');
  const because = shown.length > 0 ? `there is room: ${say(shown)}` : 'the region shows no quota that the machines use';
  return {about: 'quota', status: 'ok', because, do: 'Nothing to do.'};
}
