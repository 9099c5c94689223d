import type {Clock} from '../clock';
import {Unavailable} from '../errors';
import {IndexedCollection} from './memory-index';
import type {CollectionName, Collections, Find, Found, Store, Transaction, Where} from './store';

/** Of those that collide one always commits: as many collide at most as run at once. */
const MAX_ATTEMPTS = 100;

export interface MemoryStoreOptions {
  readonly clock: Clock;
  /** Runs each transaction's body this many times more, discarding all but the last: proves that it has no side effect. */
  readonly extraRuns?: number;
}

/** The store of one process: Firestore's optimistic transactions, without Firestore. */
export function createMemoryStore({clock, extraRuns = 0}: MemoryStoreOptions): Store {
  const collections = new Map<CollectionName, IndexedCollection<Collections[CollectionName]>>();
  /** By path; of documents that were deleted too. */
  const versions = new Map<string, number>();
  let version = 0;

  function stored<C extends CollectionName>(name: C): IndexedCollection<Collections[C]> {
    const known = collections.get(name) as IndexedCollection<Collections[C]> | undefined;
    if (known) return known;
    const made = new IndexedCollection<Collections[CollectionName]>();
    collections.set(name, made);
    return made as unknown as IndexedCollection<Collections[C]>;
  }

  const read = <C extends CollectionName>(collection: C, id: string): Collections[C] | undefined => {
    const data = stored(collection).documents.get(id);
    return data && data.expireAt > clock.now() ? structuredClone(data) : undefined;
  };

  /** By id, as Firestore has them; not copied yet. */
  function matching<C extends CollectionName>(collection: C, where: Where<C>): Found<C>[] {
    const found: Found<C>[] = [];
    for (const [id, data] of stored(collection).where(where)) if (data.expireAt > clock.now()) found.push({id, data});
    return found.sort((a, b) => compare(a.id, b.id));
  }

  async function attempt<T>(body: (transaction: Transaction) => Promise<T>): Promise<{value: T} | 'conflict'> {
    const seen = new Map<string, number>();
    const writes = new Map<string, () => void>();
    const value = await body({
      async get(collection, id) {
        if (writes.size > 0) throw new RangeError(`read of ${collection}/${id} after a write: reads come first`);
        await Promise.resolve();
        const path = `${collection}/${id}`;
        seen.set(path, versions.get(path) ?? 0);
        return read(collection, id);
      },
      set(collection, id, data) {
        const copy = structuredClone(data);
        writes.set(`${collection}/${id}`, () => stored(collection).set(id, copy));
      },
      delete: (collection, id) => void writes.set(`${collection}/${id}`, () => stored(collection).delete(id)),
    });
    await Promise.resolve();
    for (const [path, at] of seen) if ((versions.get(path) ?? 0) !== at) return 'conflict';
    for (const [path, write] of writes) {
      write();
      versions.set(path, ++version);
    }
    return {value};
  }

  return {
    async get(collection, id) {
      await Promise.resolve();
      return read(collection, id);
    },
    async find<C extends CollectionName>(collection: C, {where, orderBy, after, limit}: Find<C>) {
      await Promise.resolve();
      const found = matching(collection, where).filter(({id}) => after === undefined || id > after);
      if (orderBy) found.sort((a, b) => compare(a.data[orderBy], b.data[orderBy]));
      return structuredClone(found.slice(0, limit));
    },
    async count(collection, where) {
      await Promise.resolve();
      return [...stored(collection).where(where)].length;
    },
    async transaction(body) {
      for (let run = 0; run < extraRuns; run++) await discard(attempt, body);
      for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
        const result = await attempt(body);
        if (result !== 'conflict') return result.value;
      }
      throw new Unavailable('the documents of a transaction kept changing; try again', 1);
    },
  };
}

class Discarded extends Error {}

/** Runs the body as a transaction that is then rolled back. */
async function discard<T>(
  attempt: (body: (transaction: Transaction) => Promise<T>) => Promise<unknown>,
  body: (transaction: Transaction) => Promise<T>,
): Promise<void> {
  await attempt(async (transaction) => {
    await body(transaction);
    throw new Discarded();
  }).catch((error: unknown) => {
    if (!(error instanceof Discarded)) throw error;
  });
}

function compare(a: unknown, b: unknown): number {
  if (a === b) return 0;
  return (a as number | string) < (b as number | string) ? -1 : 1;
}
