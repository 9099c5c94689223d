import {regionOf} from '../../../shared/model/names';
import {placeOrder} from '../../../shared/providers/placements';

const ZONES = ['us-central1-c', 'us-central1-a', 'us-central1-f'];

test('the order is the configured order, rotated', () => {
  const rotations = ZONES.map((_, start) => [...ZONES.slice(start), ...ZONES.slice(0, start)].join());
  for (let n = 1; n <= 20; n++) expect(rotations).toContain(placeOrder(`slipway-arm-${n}-1`, ZONES).join());
});

test('the same runner name gives the same order everywhere', () => {
  // First four bytes of sha256("slipway-arm-1-1"), big endian, modulo 3: fixed here so that a change of the hash is noticed.
  expect(placeOrder('slipway-arm-1-1', ZONES)).toEqual(placeOrder('slipway-arm-1-1', [...ZONES]));
  expect(placeOrder('slipway-arm-1-1', ZONES)[0]).toBe(ZONES[1]);
});

test('a burst is spread over all zones', () => {
  const starts = Array.from({length: 300}, (_, n) => placeOrder(`slipway-arm-${n}-1`, ZONES)[0]);
  for (const zone of ZONES) expect(starts.filter((start) => start === zone).length).toBeGreaterThan(60);
});

test.each([
  ['one zone', ['a'], ['a']],
  ['no zone', [], []],
])('%s is left as it is', (_, zones, expected) => {
  expect(placeOrder('r', zones)).toEqual(expected);
});

test('the region of a zone is what comes before its letter', () => {
  expect(regionOf('northamerica-northeast1-b')).toBe('northamerica-northeast1');
});
