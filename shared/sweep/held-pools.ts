import {breakersOf} from '../effects/breakers';
import type {Pool} from '../model/pool';
import type {Context} from '../ports';
import {perhapsOpen} from '../store/breakers';

/** Pools for which nothing is to be made now. */
export async function heldPools(context: Context): Promise<Set<string>> {
  const {pools, store, clock} = context;
  const breakers = new Map(pools.map(({name, scope}) => [name, breakersOf(context, name, ownerIn(scope))]));
  const held = new Set<string>();
  for (const breaker of await perhapsOpen(store, [...new Set([...breakers.values()].flat())])) {
    const found = await store.get('breakers', breaker);
    if (!found?.open || found.nextProbeAt <= clock.now()) continue;
    for (const [pool, names] of breakers) if (names.includes(breaker)) held.add(pool);
  }
  return held;
}

/** Whose installation acts for the pool, as far as its patterns tell. */
function ownerIn(scope: Pool['scope']): string {
  return scope.kind === 'organization' ? scope.org : (scope.patterns.find((each) => !each.startsWith('!')) ?? '');
}
