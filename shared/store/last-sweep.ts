import type {SweepSummary} from '../model/sweep';
import type {Store} from './store';

/** What the last sweep saw and did; undefined until there was one. */
export async function lastSweep(store: Store): Promise<SweepSummary | undefined> {
  const lock = await store.get('locks', 'sweep');
  return lock && 'last' in lock ? (lock.last ?? undefined) : undefined;
}
