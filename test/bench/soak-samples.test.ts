import {growthOf, sampleOf} from './soak-samples';

const samples = (values: readonly number[]) => values.map((value) => ({residentBytes: value, handles: value / 10}));

test('the growth leaves the first quarter out, in which everything gets warm', () => {
  expect(growthOf(samples([1, 2, 50, 60, 90, 95, 100, 120]), 'residentBytes')).toEqual({early: 60, late: 120});
});

test('the growth is of the field that is asked for', () => {
  expect(growthOf(samples([10, 20, 30, 40]), 'handles')).toEqual({early: 2, late: 4});
});

test('a sample holds the memory and the open handles of a process that runs', () => {
  const sample = sampleOf({residentBytes: () => 5, child: {pid: process.pid}} as Parameters<typeof sampleOf>[0]);
  expect(sample.residentBytes).toBe(5);
  expect(sample.handles).toBeGreaterThan(2);
});
