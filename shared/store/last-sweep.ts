import type {CollectionName} from './documents';
import type {Store} from './store';

/**
 * When the last sweep ended, in milliseconds since the epoch; undefined until one has left its document, `locks/sweep`. It belongs to the
 * sweep: read here without depending on more of it than that one field.
 */
export async function lastSweepAt(store: Store): Promise<number | undefined> {
  const sweep: unknown = await store.get('locks' as CollectionName, 'sweep');
  if (typeof sweep !== 'object' || sweep === null) return undefined;
  const finishedAt: unknown = Reflect.get(sweep, 'finishedAt');
  return typeof finishedAt === 'number' ? finishedAt : undefined;
}
