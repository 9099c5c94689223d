import {
  addRunningJob,
  countFailedStart,
  isBeingStopped,
  isStartAlertDue,
  markRunning,
  markStarting,
  markStopped,
  markStopping,
  newVm,
  recordActivity,
  removeRunningJob,
  type VmDocument,
} from '../../shared/model/vm';
import {NOW} from '../builders/lifecycle';

const MINUTE = 60_000;
const vm = newVm({instance: 'build-server', zone: 'us-central1-a'}, NOW);
const job = (repository: string, installationId: number | null = null) => ({repository, installationId});

test('every activity is a new version, and remembers where it came from, the newest last', () => {
  const once = recordActivity(vm, NOW, job('acme/app', 7));
  const twice = recordActivity(recordActivity(once, NOW, job('acme/web')), NOW, job('Acme/App', 8));
  expect([vm.version, once.version, twice.version]).toEqual([0, 1, 3]);
  expect(twice.repositories).toEqual([job('acme/web'), job('Acme/App', 8)]);
});

test('no more than twenty repositories are remembered', () => {
  const many = Array.from({length: 30}, (_, n) => `acme/r${n}`).reduce(
    (document: VmDocument, repository) => recordActivity(document, NOW, job(repository)),
    vm,
  );
  expect(many.repositories.map(({repository}) => repository)).toEqual(
    Array.from({length: 20}, (_, n) => `acme/r${n + 10}`),
  );
});

test('a job runs once, however often that is said', () => {
  const busy = addRunningJob(addRunningJob(vm, '1-1'), '1-1');
  expect(busy.runs).toEqual(['1-1']);
  expect(removeRunningJob(addRunningJob(busy, '2-1'), '1-1').runs).toEqual(['2-1']);
});

test('starts without capacity pause for 30 s, twice as long each time, at most five minutes', () => {
  let failing = vm;
  const pauses = Array.from({length: 7}, () => {
    failing = countFailedStart(failing, NOW);
    return (failing.nextStartAt - NOW) / 1000;
  });
  expect(pauses).toEqual([30, 60, 120, 240, 300, 300, 300]);
});

test('a person should know after 15 minutes without capacity, and not once it was there again', () => {
  const failing = countFailedStart(vm, NOW);
  expect(isStartAlertDue(failing, NOW + 15 * MINUTE - 1)).toBe(false);
  expect(isStartAlertDue(countFailedStart(failing, NOW + 10 * MINUTE), NOW + 15 * MINUTE)).toBe(true);
  expect(isStartAlertDue(markRunning(failing, NOW), NOW + 60 * MINUTE)).toBe(false);
  expect(markRunning(failing, NOW)).toMatchObject({startFailures: 0, nextStartAt: 0});
});

test('the operation of a start is kept while it is under way, and is not taken for that of the next one', () => {
  const begun = markStarting(vm, NOW, 'operation-1');
  expect([begun, markStarting(begun, NOW)].map(({startOperation}) => startOperation)).toEqual([
    'operation-1',
    'operation-1',
  ]);
  expect(markStarting(markStopped(markRunning(begun, NOW), NOW), NOW).startOperation).toBeNull();
});

test('a stop holds for its lease and no longer', () => {
  const claimed = markStopping(vm, {now: NOW, leaseMs: 45_000, drained: []});
  expect(isBeingStopped(claimed, NOW + 44_999)).toBe(true);
  expect(isBeingStopped(claimed, NOW + 45_000)).toBe(false);
  expect(isBeingStopped(markStopped(claimed, NOW), NOW)).toBe(false);
  expect(isBeingStopped(markRunning(claimed, NOW), NOW)).toBe(false);
});

test('what a runner lost is kept until it has it back, also over a second stop', () => {
  const scope = {kind: 'organization', org: 'acme'} as const;
  const drained = (runnerId: number) => ({scope, installationId: null, runnerId, labels: ['gpu']});
  const first = markStopping(vm, {now: NOW, leaseMs: 1, drained: [drained(1), drained(2)]});
  const second = markStopping(markStopped(first, NOW), {now: NOW, leaseMs: 1, drained: [drained(2)]});
  expect(second.drained).toEqual([drained(1), drained(2)]);
});

describe('a VM that goes down by itself', () => {
  const up = markRunning(vm, NOW);
  const sessionsOf = ({sessions = []}: VmDocument) => sessions.map(({from, to}) => [from - NOW, to - NOW]);

  test.each([
    ['then', 7 * MINUTE, 7 * MINUTE],
    ['at its start, if the clock that says so is behind', -MINUTE, 0],
    ['now, if the clock that says so is ahead', 30 * MINUTE, 20 * MINUTE],
  ])('has ended its session %s', (_, downMs, endMs) => {
    expect(sessionsOf(markStopped(up, NOW + 20 * MINUTE, NOW + downMs))).toEqual([[0, endMs]]);
  });

  test('and is started again before that is noticed has two sessions', () => {
    const again = markRunning(up, NOW + 9 * MINUTE, NOW + 7 * MINUTE);
    expect(again.upSince).toBe(NOW + 9 * MINUTE);
    expect(sessionsOf(markStopped(again, NOW + 20 * MINUTE))).toEqual([
      [0, 7 * MINUTE],
      [9 * MINUTE, 20 * MINUTE],
    ]);
  });
});
