import {PersistenceTracker} from '../../shared/sweep/persistence';
import {NOW} from '../builders/lifecycle';

test('stored sightings take at most half of the size of a document, whatever their number and the length of their names', () => {
  const tracker = new PersistenceTracker({}, NOW);
  for (let n = 0; n < 20_000; n++)
    tracker.observe(`ghost repo ${'o'.repeat(39)}/${'r'.repeat(100)} ${'n'.repeat(58)}${n}`);
  const next = tracker.toJSON();
  expect(Object.keys(next).length).toBeGreaterThan(500);
  expect(Buffer.byteLength(JSON.stringify(next))).toBeLessThan(132 * 1024);
});

test('the oldest sightings are kept when there is no room for all, so that they can persist', () => {
  const before = Object.fromEntries(Array.from({length: 500}, (_, n) => [`vm old-${n}`, NOW]));
  const tracker = new PersistenceTracker(before, NOW + 60_000);
  for (let n = 0; n < 20_000; n++) tracker.observe(`vm new-${n}`);
  for (const key of Object.keys(before)) tracker.observe(key);
  expect(tracker.toJSON()).toMatchObject(before);
});
