import type {Clock} from '../clock';

/**
 * A read whose answers are kept for `ms` by key; readers at the same time share one call. Failures and `undefined` are not kept:
 * what is missing may be made at any moment.
 */
export function remember<A, T>(
  clock: Pick<Clock, 'now'>,
  ms: number,
  keyOf: (argument: A) => string,
  read: (argument: A) => Promise<T>,
): (argument: A) => Promise<T> {
  const kept = new Map<string, {readonly value: Promise<T>; readonly until: number}>();
  return async (argument) => {
    const key = keyOf(argument);
    const known = kept.get(key);
    if (known && known.until > clock.now()) return known.value;
    const entry = {value: read(argument), until: clock.now() + ms};
    kept.set(key, entry);
    const forget = () => {
      if (kept.get(key) === entry) kept.delete(key);
    };
    try {
      const value = await entry.value;
      if (value === undefined) forget();
      return value;
    } catch (error) {
      forget();
      throw error;
    }
  };
}
