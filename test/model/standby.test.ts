import {parseRunnerName} from '../../shared/model/names';
import {
  balanceStandby,
  claimStandby,
  endStandby,
  fitsPlacement,
  makeReady,
  newStandby,
  releaseStandby,
  type StandbyDocument,
  standbyName,
  wantedStandby,
} from '../../shared/model/standby';
import {NOW} from '../builders/lifecycle';
import {aStandby} from '../builders/standby';

const HOUR = 3600_000;

test('the name of a standby machine says its pool and that it is one, and follows from its key', () => {
  const name = standbyName('slipway', 'arm', 'sweep-1-0');
  expect(parseRunnerName('slipway', name)).toEqual({pool: 'arm', tag: expect.stringMatching(/^s[a-z0-9]{10}$/), n: 1});
  expect(standbyName('slipway', 'arm', 'sweep-1-0')).toBe(name);
  expect(standbyName('slipway', 'arm', 'sweep-1-1')).not.toBe(name);
});

describe('a standby machine', () => {
  test('is claimed once', () => {
    const claimed = claimStandby(aStandby(), '1001-1', NOW);
    expect(claimed).toMatchObject({state: 'claimed', claimedBy: '1001-1', isHeld: false});
    expect(claimed && claimStandby(claimed, '1002-1', NOW)).toBeUndefined();
  });

  test.each(['preparing', 'claimed', 'failed', 'expired'] as const)('that is %s is not claimed', (state) => {
    expect(claimStandby(aStandby({state}), '1001-1', NOW)).toBeUndefined();
  });

  test('that a job has claimed is not ended, and is not deleted', () => {
    const claimed = aStandby({state: 'claimed'});
    expect(endStandby(claimed, 'expired', 'is a day old', NOW)).toBeUndefined();
    expect(releaseStandby(claimed, NOW)).toBeUndefined();
  });

  test('that is ended is held until its deletion was accepted', () => {
    const ended = endStandby(aStandby(), 'expired', 'is a day old', NOW);
    expect(ended).toMatchObject({state: 'expired', isHeld: true, because: 'is a day old'});
    expect(ended && releaseStandby(ended, NOW)).toMatchObject({state: 'expired', isHeld: false});
  });

  test('keeps the first reason for its end', () => {
    const failed = aStandby({state: 'failed', because: 'did not boot'});
    expect(endStandby(failed, 'expired', 'is a day old', NOW)).toBe(failed);
  });

  test('becomes ready with what it was made from', () => {
    expect(makeReady(aStandby({state: 'preparing'}), 'template 7', NOW)).toMatchObject({
      ...{state: 'ready', fingerprint: 'template 7'},
    });
  });

  test.each<[string, Partial<StandbyDocument>]>([
    ['has expired', {state: 'expired'}],
    ['was claimed', {state: 'claimed'}],
  ])('that %s does not become ready', (_, overrides) => {
    expect(makeReady(aStandby(overrides), undefined, NOW)).toBeUndefined();
  });

  test('without a machine does not become ready', () => {
    const machine = newStandby({name: 'n', pool: 'arm', provider: 'gce', hold: 'stopped', now: NOW});
    expect(makeReady(machine, undefined, NOW)).toBeUndefined();
  });
});

test.each([
  ['any job', {}, true],
  ['one of its machine type', {machineType: 't2a-standard-4'}, true],
  ['none of another machine type', {machineType: 'c4a-standard-8'}, false],
  ['none of another disk', {diskGb: 200}, false],
  ['none that wants a spot machine', {spot: true}, false],
  ['one that wants none', {spot: false}, true],
])('a standby machine serves %s', (_, wanted, fits) => {
  expect(fitsPlacement(aStandby({billedType: 't2a-standard-4'}), wanted)).toBe(fits);
});

describe('a pool', () => {
  const named = (name: string, overrides: Partial<StandbyDocument> = {}) => aStandby({name, ...overrides});
  const surplusOf = (machines: readonly StandbyDocument[], wanted: number, now = NOW) =>
    balanceStandby(machines, wanted, now).surplus.map(({machine}) => machine.name);

  test('with too few standby machines misses the rest, those that are prepared counted', () => {
    expect(balanceStandby([named('a'), named('b', {state: 'preparing'})], 5, NOW)).toEqual({surplus: [], missing: 3});
  });

  test('with too many gives up those that are not ready, then the oldest', () => {
    const machines = [named('old', {createdAt: NOW - HOUR}), named('made', {state: 'preparing'}), named('young')];
    expect(surplusOf(machines, 1)).toEqual(['old', 'made']);
  });

  test('gets a successor before a machine is a day old, and keeps the old one until then', () => {
    const old = named('old', {createdAt: NOW - 23.5 * HOUR});
    expect(balanceStandby([old], 1, NOW)).toEqual({surplus: [], missing: 1});
    expect(surplusOf([old, named('next', {state: 'preparing'})], 1)).toEqual([]);
    expect(surplusOf([old, named('next')], 1)).toEqual(['old']);
  });

  test('gives up a machine that is a day old, whatever there is in its place', () => {
    expect(surplusOf([named('old', {createdAt: NOW - 24 * HOUR})], 1)).toEqual(['old']);
  });

  test('does not count what has failed', () => {
    expect(balanceStandby([named('a', {state: 'failed'})], 1, NOW)).toEqual({surplus: [], missing: 1});
  });

  test('wants what its schedule says, and no more than maxRunners', () => {
    const standby = {hold: 'stopped', count: [{cron: '* 12 * * *', timezone: 'UTC', count: 9}]} as const;
    expect(wantedStandby({standby, maxRunners: 5}, NOW, undefined)).toBe(5);
    expect(wantedStandby({standby, maxRunners: 5}, NOW + HOUR, undefined)).toBe(0);
    expect(wantedStandby({standby: {hold: 'stopped', count: 3}, maxRunners: 0}, NOW, undefined)).toBe(0);
    expect(wantedStandby({maxRunners: 5}, NOW, undefined)).toBe(0);
    expect(wantedStandby({standby: {hold: 'stopped', count: 3}, maxRunners: 5}, NOW, 2)).toBe(2);
    expect(wantedStandby({standby: {hold: 'stopped', count: 3}, maxRunners: 5}, NOW, 0)).toBe(0);
  });
});
