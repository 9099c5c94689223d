import {
  type Boot,
  isEndToTell,
  latestVersion,
  medianMs,
  type VersionInUse,
  versionsInUse,
  withBoots,
} from '../../shared/model/facts';
import {assignTo, markBusy, unassign} from '../../shared/model/runner';
import {swap} from '../../shared/model/swap';
import {aJob, aRunner, NOW} from '../builders/lifecycle';

const DAY = 24 * 3600_000;
const boot = (n: number, ms = 30_000): Boot => ({runner: `slipway-arm-${n}-1`, ms, at: NOW + n});
const version = (overrides: Partial<VersionInUse> = {}): VersionInUse => ({
  version: '2.335.0',
  runners: 1,
  seenAt: NOW,
  registrationEndsAt: null,
  runtimeEndsAt: null,
  askedAt: NOW,
  toldAt: null,
  ...overrides,
});

describe('a boot', () => {
  const booting = aRunner(aJob(), {state: 'booting', stateAt: NOW, covers: '1001-1'});

  test('is timed from the machine to the first job, where a job waited for it', () => {
    expect(markBusy(booting, aJob(), NOW + 40_000).bootMs).toBe(40_000);
  });

  test('is not timed when no job waited, nor a second time', () => {
    expect(markBusy(unassign(booting, NOW), aJob(), NOW + 40_000).bootMs).toBeUndefined();
    const busy = markBusy(booting, aJob(), NOW + 40_000);
    expect(markBusy(busy, aJob(), NOW + 90_000).bootMs).toBe(40_000);
  });

  test('is not timed of a runner that was idle before a job came', () => {
    const again = assignTo(unassign(booting, NOW + 20_000), '1002-1');
    expect(markBusy(again, aJob({jobId: 1002}), NOW + 300_000).bootMs).toBeUndefined();
  });

  test('ends when a sweep saw the runner online, if GitHub was late with the job', () => {
    expect(markBusy({...booting, onlineAt: NOW + 30_000}, aJob(), NOW + 400_000).bootMs).toBe(30_000);
  });

  test('is timed of a runner that was swapped while both jobs waited', () => {
    const job = aJob({jobId: 1002, status: 'in_progress'});
    const runner = aRunner(aJob(), {state: 'booting', stateAt: NOW, covers: '1001-1'});
    const assigned = aRunner(job, {state: 'booting', stateAt: NOW + 5_000, covers: '1002-1'});
    const displaced = aJob({status: 'queued', runner: runner.name});
    const swapped = swap({job, runner, assigned, displaced, pools: [], now: NOW + 40_000});
    expect(swapped.runner?.bootMs).toBe(40_000);
    expect(swapped.assigned).toMatchObject({covers: '1001-1', spare: false});
    expect(swapped.assigned && markBusy(swapped.assigned, aJob(), NOW + 50_000).bootMs).toBe(45_000);
  });
});

describe('the boots on record', () => {
  test('are the last 50, each runner once', () => {
    const first = withBoots([], [boot(2), boot(1)]);
    expect(first.map(({at}) => at - NOW)).toEqual([1, 2]);
    expect(withBoots(first, [boot(2), boot(1)])).toBe(first);
    const many = withBoots(
      first,
      Array.from({length: 50}, (_, n) => boot(n + 3)),
    );
    expect([many.length, many[0]?.at]).toEqual([50, NOW + 3]);
    // It still runs, and was passed by fifty others.
    expect(withBoots(many, [boot(1)])).toBe(many);
  });

  test('have a median', () => {
    expect(medianMs([])).toBeUndefined();
    expect(medianMs([boot(1, 20), boot(2, 90), boot(3, 30)])).toBe(30);
    expect(medianMs([boot(1, 20), boot(2, 90), boot(3, 30), boot(4, 40)])).toBe(35);
  });
});

describe('a runner version', () => {
  test('is the latest by its numbers', () => {
    const download = (text: string) => ({platform: 'linux-x64', version: text, sha256: null});
    expect(latestVersion(['2.9.0', '2.338.0', '2.337.10'].map(download))).toBe('2.338.0');
    expect(latestVersion([])).toBeNull();
  });

  test('stays in use for three days after its last runner', () => {
    const used = versionsInUse([version()], new Map([['2.338.0', 2]]), {now: NOW + DAY, isComplete: true});
    expect(used.map((one) => [one.version, one.runners])).toEqual([
      ['2.338.0', 2],
      ['2.335.0', 0],
    ]);
    expect(versionsInUse(used, new Map(), {now: NOW + 3 * DAY, isComplete: true})).toMatchObject([
      {version: '2.338.0'},
    ]);
  });

  test('has no fewer runners after a sweep that did not see all', () => {
    expect(
      versionsInUse([version({runners: 5})], new Map([['2.335.0', 2]]), {now: NOW, isComplete: false}),
    ).toMatchObject([{runners: 5}]);
  });

  test.each<[Partial<VersionInUse>, boolean]>([
    [{}, false],
    [{runtimeEndsAt: NOW + 10 * DAY + 1}, false],
    [{runtimeEndsAt: NOW + 10 * DAY}, true],
    [{runtimeEndsAt: NOW + 20 * DAY, registrationEndsAt: NOW + 9 * DAY}, true],
    [{runtimeEndsAt: NOW - DAY}, true],
    [{runtimeEndsAt: NOW + DAY, toldAt: NOW - DAY + 1}, false],
    [{runtimeEndsAt: NOW + DAY, toldAt: NOW - DAY}, true],
  ])('%j is told: %p', (overrides, isTold) => {
    expect(isEndToTell(version(overrides), NOW)).toBe(isTold);
  });
});
