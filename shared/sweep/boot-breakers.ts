import {bootBreaker} from '../model/breaker';
import type {Context} from '../ports';
import {closeBreaker} from '../runners/breakers';
import {type Observed, registrationOf} from './observed';

/** A runner of the template came online after the last one that did not: the row is broken. */
export async function closeBootBreakers(context: Context, observed: Observed): Promise<void> {
  const {pools, runners} = observed;
  for (const pool of pools) {
    const name = bootBreaker(pool);
    const breaker = name && (await context.store.get('breakers', name));
    if (!name || !breaker) continue;
    const cameUp = runners?.some(
      (runner) =>
        runner.pool === pool.name &&
        runner.createdAt > breaker.failedAt &&
        registrationOf(observed, runner).registration?.seen.status === 'online',
    );
    if (cameUp) await closeBreaker(context.store, name);
  }
}
