import {aSystem, type TestSystem} from '../builders/system';
import {comparedWith, terraformFile} from '../builders/terraform-files';
import {aVmSystem, type VmSystem} from '../builders/vm-system';

interface Line {
  readonly function?: string;
  readonly decision?: string;
  readonly zone?: string;
  readonly pool?: string;
  readonly jobAgeSeconds?: number;
  readonly job?: unknown;
}

let system: TestSystem;
afterEach(() => system.close());

/** The log lines of one job, from queued to deleted. */
async function linesOfAJob(): Promise<Line[]> {
  system = await aSystem();
  system.queueJob();
  await system.finish();
  return system.log.map((line) => JSON.parse(line) as Line);
}

test('one line has the time from queued to the request for a VM, with pool and zone', async () => {
  const lines = (await linesOfAJob()).filter(({decision, zone}) => decision === 'created' && zone !== undefined);
  expect(lines).toEqual([expect.objectContaining({pool: 'arm', jobAgeSeconds: expect.any(Number)})]);
});

test('one line has the time from queued to running, which is longer', async () => {
  const lines = await linesOfAJob();
  const created = lines.find(({decision, zone}) => decision === 'created' && zone !== undefined);
  const started = lines.filter(({decision}) => decision === 'started');
  expect(started).toHaveLength(1);
  expect(started[0]?.jobAgeSeconds).toBeGreaterThan(created?.jobAgeSeconds ?? Number.POSITIVE_INFINITY);
});

test('the start of a persistent VM is not the start of its job: two jobs on one VM are two lines', async () => {
  const vmSystem: VmSystem = await aVmSystem();
  system = vmSystem;
  vmSystem.queueGpuJob();
  vmSystem.queueGpuJob();
  await vmSystem.untilDown();
  const decisions = vmSystem.decisions();
  expect(decisions.filter((decision) => decision === 'started')).toHaveLength(2);
  expect(decisions.filter((decision) => decision === 'vm_started')).toHaveLength(1);
});

test('every line of a decision names its function, and its job as <id>-<attempt>', async () => {
  const decisions = (await linesOfAJob()).filter(({decision}) => decision !== undefined);
  expect(decisions.filter((line) => line.function === undefined)).toEqual([]);
  const jobs = decisions.flatMap(({job}) => job ?? []);
  expect(jobs.length).toBeGreaterThan(3);
  expect(jobs.filter((job) => typeof job !== 'string' || !/^\d+-\d+$/.test(job))).toEqual([]);
});

test('the metrics and alerts of waiting times read these lines', () => {
  expect(comparedWith(terraformFile('metrics.tf'), 'decision')).toEqual(expect.arrayContaining(['created', 'started']));
  // Of jobs that still wait: an alert about one that has begun comes too late.
  expect(comparedWith(terraformFile('alerts.tf'), 'decision')).toContain('waiting');
  expect(comparedWith(terraformFile('alerts.tf'), 'decision')).not.toContain('started');
});
