import {perMinute} from './burst';
import {BurstWatch} from './burst-watch';
import {percentile} from './result';

test('a burst is timed from a job’s first delivery to its first VM, and every VM of a job is counted', async () => {
  const watch = new BurstWatch();
  watch.delivered('a', 100);
  watch.delivered('b', 200);
  watch.delivered('a', 250);
  watch.inserted('b', 260);
  watch.inserted('a', 300);
  watch.inserted('a', 900);
  await watch.until(2);
  expect(watch.latenciesMs().sort((a, b) => a - b)).toEqual([60, 200]);
  expect(watch.spanMs()).toBe(200);
  expect(Object.fromEntries(watch.vmsPerJob)).toEqual({a: 2, b: 1});
});

test('a rate counts the gaps between the first and the last, not the ends', () => {
  expect(perMinute([0, 500, 1_000, 1_500])).toBe(120);
});

test('a percentile is the value at its rank', () => {
  const hundred = Array.from({length: 100}, (_, index) => 100 - index);
  expect(percentile(hundred, 0.5)).toBe(51);
  expect(percentile(hundred, 0.99)).toBe(100);
  expect(percentile([7], 0.99)).toBe(7);
});
