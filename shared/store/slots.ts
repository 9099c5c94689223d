import {slotId, slotIsFree} from '../model/slot';
import type {Random} from '../random';
import type {Store} from './store';

/** Free slots looked at, of which one is tried: few, because each is a read; some, so that takers at once do not meet. */
const LOOK_AT = 20;

/** Looks past slots above the limit; enough for a limit that was lowered by 1,000. */
const LOOKS = 50;

/** A slot that looked free, and may have been taken since. */
export interface SlotCandidate {
  readonly id: string;
  readonly pool: string;
  readonly n: number;
}

/**
 * A slot that is probably free, or undefined when the pool is full; without reading all the slots in use: first any slot, which in a pool
 * with room is free more often than not; then a document that is free; then, while there are fewer documents than `maxRunners`, a number
 * that has none yet. Taking it is a read and a write in the caller's
 * transaction (`slotIsFree`, `takenSlot`); who finds it taken looks again.
 */
export async function findFreeSlot(
  store: Store,
  {pool, maxRunners, random}: {pool: string; maxRunners: number; random: Random},
): Promise<SlotCandidate | undefined> {
  // mutation: drained pool
  if (maxRunners === 0) return undefined;
  const guess = Math.floor(random.next() * maxRunners);
  const guessed = {id: slotId(pool, guess), pool, n: guess};
  if (slotIsFree(await store.get('slots', guessed.id))) return guessed;
  for (let look = 0; look < LOOKS; look++) {
    const free = await store.find('slots', {where: {pool, holder: null}, limit: LOOK_AT});
    const within = free.filter(({data}) => data.n < maxRunners);
    const chosen = within[Math.floor(random.next() * within.length)];
    if (chosen) return {id: chosen.id, pool, n: chosen.data.n};
    if (free.length === 0) break;
    await removeFree(
      store,
      free.map(({id}) => id),
    );
  }
  const made = await store.count('slots', {pool});
  if (made >= maxRunners) return undefined;
  return unmadeSlot(store, pool, maxRunners, Math.floor(random.next() * maxRunners));
}

/** Free slots above a limit that was lowered: they would hide the others, and count as made. */
async function removeFree(store: Store, ids: readonly string[]): Promise<void> {
  await store.transaction(async (transaction) => {
    const slots = await Promise.all(ids.map((id) => transaction.get('slots', id)));
    ids.forEach((id, index) => {
      if (slots[index]?.holder === null) transaction.delete('slots', id);
    });
  });
}

/** The first number from `start` on, round the circle, that has no document. */
async function unmadeSlot(
  store: Store,
  pool: string,
  maxRunners: number,
  start: number,
): Promise<SlotCandidate | undefined> {
  for (let step = 0; step < maxRunners; step++) {
    const n = (start + step) % maxRunners;
    const id = slotId(pool, n);
    if ((await store.get('slots', id)) === undefined) return {id, pool, n};
  }
  return undefined;
}
