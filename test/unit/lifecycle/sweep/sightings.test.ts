import {Sightings} from '../../../../shared/sweep/persistence';
import {NOW} from '../../../builders/lifecycle';

test('sightings fill half of what a document of the sweep may have, however many things with however long names are wrong', () => {
  const sightings = new Sightings({}, NOW);
  for (let n = 0; n < 20_000; n++)
    sightings.see(`ghost repo ${'o'.repeat(39)}/${'r'.repeat(100)} ${'n'.repeat(58)}${n}`);
  const next = sightings.next();
  expect(Object.keys(next).length).toBeGreaterThan(500);
  expect(Buffer.byteLength(JSON.stringify(next))).toBeLessThan(132 * 1024);
});

test('the oldest sightings stay when there is not room for all, so that they come to be believed', () => {
  const before = Object.fromEntries(Array.from({length: 500}, (_, n) => [`vm old-${n}`, NOW]));
  const sightings = new Sightings(before, NOW + 60_000);
  for (let n = 0; n < 20_000; n++) sightings.see(`vm new-${n}`);
  for (const key of Object.keys(before)) sightings.see(key);
  expect(sightings.next()).toMatchObject(before);
});
