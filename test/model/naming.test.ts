import {jobKeyOf} from '../../shared/model/job';
import {newTag, parseRunnerName, RFC_1035, runnerName} from '../../shared/model/names';
import {taskName} from '../../shared/model/tasks';
import {SeededRandom} from '../emulators/seeded-random';

describe('runner names', () => {
  test('are <deployment>-<pool>-<job id>-<n>', () => {
    expect(runnerName('slipway', 'arm', 12877621891, 2)).toBe('slipway-arm-12877621891-2');
  });

  test('fit into RFC 1035 at their longest', () => {
    const name = runnerName('d'.repeat(20), 'p'.repeat(20), 9_999_999_999_999, 999);
    expect(name.length).toBeLessThanOrEqual(63);
    expect(name).toMatch(RFC_1035);
  });

  test('have a tag in place of the job id where no job asked for the runner', () => {
    const random = new SeededRandom(1);
    const tags = (['t', 's'] as const).flatMap((kind) => Array.from({length: 50}, () => newTag(kind, random)));
    expect(new Set(tags).size).toBe(100);
    for (const tag of tags) {
      expect(tag).toMatch(/^[st][a-z0-9]{10}$/);
      expect(parseRunnerName('slipway', runnerName('slipway', 'arm', tag, 1))).toEqual({pool: 'arm', tag, n: 1});
    }
  });

  test('refuse what would not be a valid name', () => {
    expect(() => runnerName('d'.repeat(50), 'pool', 12877621891, 1)).toThrow('shorten DEPLOYMENT');
  });

  test.each([
    ['slipway-arm-1001-1', {pool: 'arm', jobId: 1001, n: 1}],
    ['slipway-arm-64-large-1001-12', {pool: 'arm-64-large', jobId: 1001, n: 12}],
    ['slipway-arm-t0a9z0a9z0x-1', {pool: 'arm', tag: 't0a9z0a9z0x', n: 1}],
    ['slipway-arm-64-s64large0x0-2', {pool: 'arm-64', tag: 's64large0x0', n: 2}],
    ['slipway-arm-t0a9z0a9z0-1', undefined],
    ['slipway-arm-x0a9z0a9z0x-1', undefined],
    ['slipway-t0a9z0a9z0x-1001-1', {pool: 't0a9z0a9z0x', jobId: 1001, n: 1}],
    ['other-arm-1001-1', undefined],
    ['slipway-arm', undefined],
    ['slipwayarm-1001-1', undefined],
    ['GitHub Actions 5', undefined],
  ])('%s is parsed back', (name, expected) => {
    expect(parseRunnerName('slipway', name)).toEqual(expected);
  });
});

describe('task names', () => {
  test('are valid, start with a hash and are the same for the same work', () => {
    const name = taskName('some/key', 1001, 'a b/c');
    expect(name).toMatch(/^[0-9a-f]{16}-1001-a_b_c$/);
    expect(taskName('some/key', 1001, 'a b/c')).toBe(name);
    expect(taskName('other/key', 1001, 'a b/c')).not.toBe(name);
  });
});

test('a job is told apart by its run attempt', () => {
  expect(jobKeyOf({jobId: 1001, runAttempt: 2})).toBe('1001-2');
});
