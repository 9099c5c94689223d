/**
 * List prices for estimates, in US dollars. `prices` of RUNNER_CONFIG rules over those of machines. A price that changes is changed here, together
 * with its date.
 */

/** Where a table of prices is from, and the day for which it is known to be right. */
export interface PriceSource {
  readonly source: string;
  readonly as_of: string;
}

/**
 * The list prices of Cloud Billing's catalog, second-hand: as several public repositories published what they had read from it, E2 and N2 on
 * 2026-09-27, N2D and the spot prices on 2026-10-10. They agreed where they overlapped; the spot prices of E2 and N2D stood in one of them alone. What has
 * no date is left out.
 */
export const MACHINE_SOURCE: PriceSource = {
  source: 'https://cloud.google.com/billing/docs/reference/rest/v1/services.skus/list',
  as_of: '2026-09-27',
};

/** In force since then, by the text of the page in github/docs. */
export const HOSTED_SOURCE: PriceSource = {
  source: 'https://docs.github.com/en/billing/reference/actions-runner-pricing',
  as_of: '2026-01-01',
};

/** What one vCPU and one GiB of memory cost an hour. */
interface Rate {
  readonly cpu: number;
  readonly memory: number;
}

interface Series {
  readonly standard: Rate;
  /** Spot prices change up to once a month. */
  readonly spot?: Rate;
  /** GiB of memory for each vCPU, by the class in the machine type's name. */
  readonly memory: Readonly<Record<string, number>>;
}

const EVEN = {standard: 4, highmem: 8, highcpu: 1};

/** On demand in us-central1, without disks, GPUs, network and discounts. Other regions cost up to half as much again. */
const SERIES: Readonly<Record<string, Series>> = {
  e2: {
    standard: {cpu: 0.02181159, memory: 0.00292353},
    spot: {cpu: 0.01309, memory: 0.001754},
    memory: EVEN,
  },
  n2: {standard: {cpu: 0.031611, memory: 0.004237}, memory: EVEN},
  n2d: {standard: {cpu: 0.027502, memory: 0.003686}, spot: {cpu: 0.01401, memory: 0.001876}, memory: EVEN},
};

/** Types that are billed for less than their vCPUs: the share of a core, and GiB. */
const SHARED_CORE: Readonly<Record<string, {readonly cpus: number; readonly gib: number}>> = {
  'e2-micro': {cpus: 0.25, gib: 1},
  'e2-small': {cpus: 0.5, gib: 2},
  'e2-medium': {cpus: 1, gib: 4},
};

/** An execution of Cloud Run by its vCPUs and GiB, as the provider names it: `cloud-run-4-16`. */
const EXECUTION = /^cloud-run-(\d{1,2}(?:\.\d{1,3})?)-(\d{1,3}(?:\.\d{1,9})?)$/;

/**
 * Jobs of Cloud Run by the second, in us-central1, as the page said on 2026-11-29; what is free each month, and the minute that an execution
 * costs at least, are left out.
 *
 * @see https://cloud.google.com/run/pricing
 */
const EXECUTION_RATE: Rate = {cpu: 0.000018 * 3600, memory: 0.000002 * 3600};
/** USD an hour of builds at CodeMagic, by instance type, pay as you go. @see https://docs.codemagic.io/billing/pricing/ As of 2026-11-01. */
const BUILDS: Readonly<Record<string, number>> = {
  mac_mini_m2: 0.095 * 60,
  mac_mini_m4: 0.114 * 60,
  linux_x2: 0.045 * 60,
  windows_x2: 0.045 * 60,
};

/**
 * USD an hour of `<family>.large`, on demand with Linux in us-east-1; other sizes cost by their size. Second-hand: as public repositories had them on
 * 2026-11-30; of some types few did, and some differ by a tenth. Spot prices move by the hour and the zone: there are none.
 *
 * @see https://aws.amazon.com/ec2/pricing/on-demand/
 */
const EC2_LARGE: Readonly<Record<string, number>> = {
  ...{m5: 0.096, m6i: 0.096, m7i: 0.1008, 'm7i-flex': 0.09576, m6a: 0.0864, m6g: 0.077, m7g: 0.0816},
  ...{c5: 0.085, c6i: 0.085, c7i: 0.08925, c6a: 0.0765, c6g: 0.068, c7g: 0.0725},
  ...{r5: 0.126, r6i: 0.126, r7i: 0.1323, r7g: 0.1071},
  ...{t3: 0.0832, t3a: 0.0752, t4g: 0.0672},
};

const EC2_TYPE = /^([a-z]{1,3}\d(?:[a-z]{1,4})?(?:-[a-z]{1,8})?)\.(medium|large|(\d{1,2})?xlarge)$/;

/** How many `large` an instance is, which has two vCPUs. */
function ec2Size(machineType: string): {readonly family: string; readonly larges: number} | undefined {
  const [, family, size, count] = EC2_TYPE.exec(machineType) ?? [];
  if (family === undefined) return undefined;
  if (size === 'medium') return {family, larges: 0.5};
  return {family, larges: size === 'large' ? 1 : 2 * Number(count ?? 1)};
}

const MACHINE_TYPE = /^([a-z]\d{1,2}[a-z]?)-([a-z]{1,20})-(\d{1,3})$/;

/** USD an hour by the table; undefined: it has no price of the type. */
export function listPrice(machineType: string, spot: boolean): number | undefined {
  const [, vcpus, memory] = EXECUTION.exec(machineType) ?? [];
  if (vcpus !== undefined) return Number(vcpus) * EXECUTION_RATE.cpu + Number(memory) * EXECUTION_RATE.memory;
  if (Object.hasOwn(BUILDS, machineType)) return spot ? undefined : BUILDS[machineType];
  const ec2 = ec2Size(machineType);
  if (ec2) {
    const large = Object.hasOwn(EC2_LARGE, ec2.family) ? EC2_LARGE[ec2.family] : undefined;
    return spot || large === undefined ? undefined : large * ec2.larges;
  }
  const [, family = '', kind = '', count] = MACHINE_TYPE.exec(machineType) ?? [];
  const shared = SHARED_CORE[machineType];
  const series = SERIES[shared ? machineType.slice(0, 2) : family];
  const rate = spot ? series?.spot : series?.standard;
  const cpus = shared?.cpus ?? Number(count);
  const gib = shared?.gib ?? cpus * (series?.memory[kind] ?? Number.NaN);
  const price = rate && cpus * rate.cpu + gib * rate.memory;
  return price !== undefined && Number.isFinite(price) ? price : undefined;
}

export type HostedKind = 'linux' | 'linux-arm' | 'windows';

/** USD a minute of GitHub's runners, by vCPUs, smallest first. */
const HOSTED: Readonly<Record<HostedKind, readonly (readonly [cpus: number, usd: number])[]>> = {
  linux: [
    [2, 0.006],
    [4, 0.012],
    [8, 0.022],
    [16, 0.042],
    [32, 0.082],
    [64, 0.162],
    [96, 0.252],
  ],
  'linux-arm': [
    [2, 0.005],
    [4, 0.008],
    [8, 0.014],
    [16, 0.026],
    [32, 0.05],
    [64, 0.098],
  ],
  windows: [
    [2, 0.01],
    [4, 0.022],
    [8, 0.042],
    [16, 0.082],
    [32, 0.162],
    [64, 0.322],
    [96, 0.552],
  ],
};

/** Series of Compute Engine with Arm processors. @see https://cloud.google.com/compute/docs/instances/arm-on-compute */
const ARM = new Set(['t2a', 'c4a', 'n4a', 'a4x']);

/** Families of EC2 with Arm processors: `m7g`, `c7gd`, but not `g5`. @see https://docs.aws.amazon.com/ec2/latest/instancetypes/instance-type-names.html */
const GRAVITON = /^[a-z]{1,3}\dg/;

const CPUS = /^([a-z]\d{1,2}[a-z]?)-(?:custom-)?(?:[a-z]{1,20}-)*(\d{1,3})(?:-|$)/;

/** USD a minute of the smallest GitHub-hosted runner with at least the machine's vCPUs; undefined: none is so large, or the size is not known. */
export function hostedPrice(machineType: string, os: 'linux' | 'windows'): number | undefined {
  const ec2 = ec2Size(machineType);
  if (ec2) {
    const kind: HostedKind = os === 'linux' && GRAVITON.test(ec2.family) ? 'linux-arm' : os;
    return HOSTED[kind].find(([size]) => size >= 2 * ec2.larges)?.[1];
  }
  const [, family = '', count] = CPUS.exec(machineType) ?? [];
  const cpus = machineType in SHARED_CORE ? 2 : Number(EXECUTION.exec(machineType)?.[1] ?? count);
  const kind: HostedKind = os === 'linux' && ARM.has(family) ? 'linux-arm' : os;
  return HOSTED[kind].find(([size]) => size >= cpus)?.[1];
}
