import {SeededRandom} from '../emulators/seeded-random';

/** One source of chance for each purpose, so that a change in one does not change the others. */
export function randomOf(seed: number, purpose: string): SeededRandom {
  let hash = seed >>> 0;
  for (const character of purpose) hash = Math.imul(hash ^ character.charCodeAt(0), 0x01000193) >>> 0;
  return new SeededRandom(hash);
}
