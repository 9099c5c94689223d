import {Unavailable} from '../errors';
import {fullBreaker} from '../model/breaker';
import {FULL_MS, withFullPlacement} from '../model/full-placements';
import type {Placement} from '../model/placement';
import type {Context} from '../ports';

/**
 * Tells other executions that the placement is full, at most once a minute: they read it with the breakers, before they create a machine. A store
 * that does not take it does not end the creation.
 */
export async function recordFullPlacement({store, clock}: Context, pool: string, placement: Placement): Promise<void> {
  const name = fullBreaker(pool);
  try {
    await store.transaction(async (transaction) => {
      const before = await transaction.get('breakers', name);
      const now = clock.now();
      const full = withFullPlacement(before?.full ?? [], placement, now);
      if (!full) return;
      const times = {failedAt: now, openedAt: before?.openedAt ?? now, nextProbeAt: now, expireAt: now + FULL_MS};
      transaction.set('breakers', name, {name, reason: 'full', open: true, failures: full.length, ...times, full});
    });
  } catch (error) {
    if (!(error instanceof Unavailable)) throw error;
  }
}
