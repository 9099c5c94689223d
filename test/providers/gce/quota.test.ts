import type {RegionalQuota} from '../../../shared/providers/gce/client/compute';
import {machineUsage, quotaFinding, quotaLeft} from '../../../shared/providers/gce/quota';

const NOTHING = {disks: [], accelerators: [], hasExternalAddress: false};

function shown(...metrics: (readonly [metric: string, limit: number, usage?: number])[]): RegionalQuota[] {
  return metrics.map(([metric, limit, usage = 0]) => ({metric, limit, usage}));
}

const ALL = shown(
  ['INSTANCES', 100],
  ['CPUS', 100],
  ['N2_CPUS', 100],
  ['PREEMPTIBLE_CPUS', 0],
  ['SSD_TOTAL_GB', 1000],
  ['DISKS_TOTAL_GB', 1000],
  ['LOCAL_SSD_TOTAL_GB', 1000],
  ['NVIDIA_T4_GPUS', 4],
  ['PREEMPTIBLE_NVIDIA_T4_GPUS', 4],
  ['IN_USE_ADDRESSES', 8],
);

test.each([
  ['a family with a metric of its own', 'n2-standard-4', {N2_CPUS: 4}],
  ['a family without one', 'e2-standard-8', {CPUS: 8}],
  ['a shared core', 'e2-micro', {CPUS: 2}],
  ['a custom type', 'n2-custom-6-16384', {N2_CPUS: 6}],
  ['a type of the first generation', 'custom-6-16384', {CPUS: 6}],
  ['local SSDs in the name', 'n2-standard-16-lssd', {N2_CPUS: 16}],
  ['a name that does not say', 'a2-highgpu-1g', {CPUS: 1}],
  ['a family whose quota is not shown', 'c4a-standard-4', {}],
])('vCPUs of %s (%s)', (_, machineType, cpus) => {
  expect(Object.fromEntries(machineUsage({machineType, spot: false}, NOTHING, ALL))).toEqual({INSTANCES: 1, ...cpus});
});

test('disks, GPUs and the address count by their own metrics', () => {
  const template = {
    disks: [
      {isBoot: true, autoDelete: true, type: 'pd-balanced', sizeGb: 50},
      {isBoot: false, autoDelete: true, type: 'pd-ssd', sizeGb: 100},
      {isBoot: false, autoDelete: true, type: 'local-ssd', sizeGb: 0},
      {isBoot: false, autoDelete: true, type: 'pd-standard', sizeGb: 0},
    ],
    accelerators: [{type: 'nvidia-tesla-t4', count: 2}],
    hasExternalAddress: true,
  };
  const usage = machineUsage({machineType: 'n1-standard-4', spot: false}, template, ALL);
  expect(Object.fromEntries(usage)).toEqual({
    INSTANCES: 1,
    CPUS: 4,
    SSD_TOTAL_GB: 150,
    LOCAL_SSD_TOTAL_GB: 375,
    NVIDIA_T4_GPUS: 2,
    IN_USE_ADDRESSES: 1,
  });
});

test('spot VMs use preemptible quotas where the project has them, else the others', () => {
  const template = {...NOTHING, accelerators: [{type: 'nvidia-tesla-t4', count: 1}]};
  const without = machineUsage({machineType: 'n1-standard-4', spot: true}, template, ALL);
  expect([...without.keys()]).toEqual(['INSTANCES', 'CPUS', 'PREEMPTIBLE_NVIDIA_T4_GPUS']);
  const own = [...shown(['PREEMPTIBLE_CPUS', 8]), ...ALL.filter(({metric}) => metric !== 'PREEMPTIBLE_CPUS')];
  expect(machineUsage({machineType: 'n1-standard-4', spot: true}, template, own).get('PREEMPTIBLE_CPUS')).toBe(4);
});

const KIND = {region: 'us-central1', machineType: 'n2-standard-4', spot: false};

test.each([
  [[100, 0], 'ok'],
  [[100, 80], 'ok'],
  [[100, 81], 'warning'],
  [[100, 96], 'warning'],
  [[100, 97], 'error'],
  [[0, 0], 'error'],
  [[4, 5], 'error'],
] as const)('a machine of 4 vCPUs with limit and use %p: %s', ([limit, usage], status) => {
  expect(quotaLeft(KIND, NOTHING, shown(['INSTANCES', 100], ['N2_CPUS', limit, usage])).status).toBe(status);
});

test('the tightest metric is named; an error is one only if no kind of machine has room', () => {
  const full = quotaLeft(KIND, NOTHING, shown(['INSTANCES', 100, 95], ['N2_CPUS', 8, 6]));
  expect(full.tightest).toBe('N2_CPUS in us-central1: 2 of 8 left');
  const free = quotaLeft({...KIND, machineType: 'e2-standard-4'}, NOTHING, ALL);
  expect(quotaFinding([full, free])).toMatchObject({about: 'quota', status: 'warning'});
  expect(quotaFinding([full])).toMatchObject({status: 'error', because: expect.stringContaining('N2_CPUS')});
  expect(quotaFinding([free]).status).toBe('ok');
});
