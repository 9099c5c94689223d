import {isOver, Timeline} from '../../../functions/local/timeline';
import {ComputeWorld} from '../../emulators/compute/model';
import type {Instance} from '../../emulators/compute/resources';
import type {Job} from '../../emulators/github/job';
import {VirtualScheduler} from '../../emulators/scheduler';
import {SeededRandom} from '../../emulators/seeded-random';

const job = (id: number, label: string): Job => ({
  id,
  runId: 1,
  runAttempt: 1,
  repository: 'acme/app',
  name: 'test',
  labels: ['self-hosted', label],
  durationMs: 1000,
  plannedConclusion: 'success',
  createdAtMs: 0,
  status: 'queued',
  conclusion: null,
  queuedAtMs: 0,
  startedAtMs: null,
  completedAtMs: null,
  runner: null,
  ending: null,
});

test('a job that runs on a runner created for another job says so, and a VM that ran nothing too', () => {
  const scheduler = new VirtualScheduler();
  const lines: string[] = [];
  const timeline = new Timeline(
    () => scheduler.now(),
    (line) => lines.push(line),
    false,
    new Set(),
  );
  const compute = new ComputeWorld({scheduler, random: new SeededRandom(1)});
  const made = (name: string): Instance => {
    compute.addInstance({name, zone: 'us-central1-a'});
    const instance = compute.instances().find((one) => one.name === name);
    if (!instance) throw new Error(`found no ${name}`);
    timeline.computeEvent({kind: 'accepted', instance});
    return instance;
  };
  const [first, second] = [job(1, 'linux'), job(2, 'linux')];
  timeline.githubEvent({kind: 'job', action: 'queued', job: first});
  scheduler.advanceTo(scheduler.now() + 2000);
  timeline.githubEvent({kind: 'job', action: 'queued', job: second});
  const [ofFirst, ofSecond] = [made('slipway-linux-1-1'), made('slipway-linux-2-1')];
  scheduler.advanceTo(scheduler.now() + 3000);
  first.runner = {id: 9, name: 'slipway-linux-2-1', groupId: 1, groupName: 'Default'};
  timeline.githubEvent({kind: 'job', action: 'in_progress', job: first});
  first.conclusion = 'success';
  timeline.githubEvent({kind: 'job', action: 'completed', job: first});
  timeline.computeEvent({kind: 'deleted', instance: ofSecond});
  scheduler.advanceTo(scheduler.now() + 5000);
  timeline.computeEvent({kind: 'deleted', instance: ofFirst});

  expect(lines.filter((line) => /running|gone/.test(line))).toEqual([
    '   5.0 s  #1   running   on slipway-linux-2-1, which was created for #2: GitHub chose it',
    '   5.0 s  #1   gone      slipway-linux-2-1',
    '  10.0 s  #1   gone      slipway-linux-1-1, which ran no job',
  ]);
  // Times in the table count from the start, as in the lines.
  const rows = timeline
    .table()
    .split('\n')
    .map((row) => row.split(/ {2,}/));
  expect(rows[0]).toEqual(['job', 'labels', 'runner', 'queued', 'VM', 'running', 'completed', 'gone', 'conclusion']);
  expect(rows[1]).toEqual([
    '#1',
    'self-hosted,linux',
    'slipway-linux-2-1',
    '0.0 s',
    '2.0 s',
    '5.0 s',
    '5.0 s',
    '5.0 s',
    'success',
  ]);
  expect(rows[2]).toEqual(['#2', 'self-hosted,linux', '-', '2.0 s', '2.0 s', '-', '-', '-', 'queued']);
});

test.each<[string, string, Record<string, string>, boolean]>([
  ['all jobs are completed and nothing is left', 'completed', {}, true],
  ['only the persistent VM is left, stopped', 'completed', {kept: 'TERMINATED'}, true],
  ['the persistent VM runs', 'completed', {kept: 'RUNNING'}, false],
  ['the VM of a job has powered itself off and is not deleted yet', 'completed', {'of-a-job': 'TERMINATED'}, false],
  ['a job waits', 'queued', {}, false],
])('a play in which %s: %s %j is over: %s', (_, status, vms, expected) => {
  const instances = Object.entries(vms).map(([name, state]) => ({name, status: state}));
  expect(isOver([{status: 'completed'}, {status}], instances, new Set(['kept']))).toBe(expected);
});

test('a job whose VM is not gone did not end well, and goes by its number in the lines', () => {
  const timeline = new Timeline(
    () => 0,
    () => undefined,
    false,
    new Set(),
  );
  timeline.githubEvent({kind: 'job', action: 'queued', job: {...job(44_200_000_530, 'linux'), conclusion: 'success'}});
  expect(timeline.unfinished()).toEqual(['#1']);
});
