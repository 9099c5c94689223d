import type {Observed} from '../lifecycle/sweep/observed';
import {closeBreaker} from '../store/breakers';
import {bootBreaker} from './breakers';
import type {Context} from './context';

/** A runner of the template came online after the last one that did not: the row is broken. */
export async function closeBootBreakers(context: Context, {pools, scopes, runners}: Observed): Promise<void> {
  const online = new Set<string>();
  for (const scope of scopes.values()) {
    for (const {name, status} of scope.runners) if (status === 'online') online.add(name);
  }
  for (const pool of pools) {
    const name = bootBreaker(pool);
    const breaker = name && (await context.store.get('breakers', name));
    if (!name || !breaker) continue;
    const cameUp = runners?.some(
      (runner) => runner.pool === pool.name && online.has(runner.name) && runner.createdAt > breaker.failedAt,
    );
    if (cameUp) await closeBreaker(context.store, name);
  }
}
