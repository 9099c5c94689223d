import {PersistenceTracker} from '../../shared/sweep/persistence';
import {NOW} from '../builders/lifecycle';

test('sightings fill half of what a document of the sweep may have, however many things with however long names are wrong', () => {
  const tracker = new PersistenceTracker({}, NOW);
  for (let n = 0; n < 20_000; n++)
    tracker.observe(`ghost repo ${'o'.repeat(39)}/${'r'.repeat(100)} ${'n'.repeat(58)}${n}`);
  const next = tracker.toJSON();
  expect(Object.keys(next).length).toBeGreaterThan(500);
  expect(Buffer.byteLength(JSON.stringify(next))).toBeLessThan(132 * 1024);
});

test('the oldest sightings stay when there is not room for all, so that they come to be believed', () => {
  const before = Object.fromEntries(Array.from({length: 500}, (_, n) => [`vm old-${n}`, NOW]));
  const tracker = new PersistenceTracker(before, NOW + 60_000);
  for (let n = 0; n < 20_000; n++) tracker.observe(`vm new-${n}`);
  for (const key of Object.keys(before)) tracker.observe(key);
  expect(tracker.toJSON()).toMatchObject(before);
});
