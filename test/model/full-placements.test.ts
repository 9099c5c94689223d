import {FULL_MS, type FullPlacement, withFullPlacement} from '../../shared/model/full-placements';

const NOW = 1_000_000;
const placement = {place: 'us-central1-a', machineType: 'c4a-standard-4', spot: true};
const other = {...placement, spot: false};

function recorded(before: readonly FullPlacement[], now: number): readonly FullPlacement[] {
  return withFullPlacement(before, placement, now) ?? before;
}

test('a full placement is on record for three minutes', () => {
  expect(recorded([], NOW)).toEqual([{placement, until: NOW + FULL_MS}]);
});

test('of a burst that finds the same placement full, one execution a minute writes it', () => {
  const first = recorded([], NOW);
  expect(withFullPlacement(first, placement, NOW + 59_999)).toBeUndefined();
  expect(recorded(first, NOW + 60_000)).toEqual([{placement, until: NOW + 60_000 + FULL_MS}]);
});

test('the same zone with another machine type or model is another placement', () => {
  expect(withFullPlacement(recorded([], NOW), other, NOW)?.map((each) => each.placement)).toEqual([placement, other]);
});

test('what may be tried again leaves the record', () => {
  expect(withFullPlacement(recorded([], NOW), other, NOW + FULL_MS)?.map((each) => each.placement)).toEqual([other]);
});
