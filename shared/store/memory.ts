import type {Clock} from '../clock';
import {Unavailable} from '../errors';
import type {Between, CollectionName, Collections, Find, Found, Store, Transaction, Where} from './store';

/** Attempts of one transaction. Of colliding transactions one always commits, so this is the largest number of concurrent ones. */
const MAX_ATTEMPTS = 100;

export interface MemoryStoreOptions {
  readonly clock: Clock;
  /** Runs the body of each transaction this many additional times and discards the results, to prove that the body has no side effect. */
  readonly extraRuns?: number;
}

/** A store in the memory of one process, with the optimistic transactions of Firestore. */
export function createMemoryStore({clock, extraRuns = 0}: MemoryStoreOptions): Store {
  const collections = new Map<CollectionName, IndexedCollection<Collections[CollectionName]>>();
  /** Version of each document by path, also of deleted ones. */
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
    return data && data.expireAt > clock.now() ? copyOf(data) : undefined;
  };

  /** Matching documents in the order of ids, not copied. */
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
        const copy = copyOf(data);
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
    async find<C extends CollectionName>(collection: C, {where, orderBy, between, after, limit}: Find<C>) {
      await Promise.resolve();
      const found = matching(collection, where).filter(({id}) => after === undefined || id > after);
      // The sort is stable: equal ones stay in the order of their ids.
      if (orderBy) found.sort((a, b) => compare(a.data[orderBy], b.data[orderBy]));
      const inside = orderBy && between ? found.filter((one) => isBetween(one.id, one.data[orderBy], between)) : found;
      return copyOf(inside.slice(0, limit));
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

/** A deep copy of what Firestore can hold: plain values, lists and maps. For a document `structuredClone` takes eight times as long. */
function copyOf<T>(value: T): T {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map(copyOf) as T;
  const copy = {...value} as Record<string, unknown>;
  for (const name of Object.keys(copy)) copy[name] = copyOf(copy[name]);
  return copy as T;
}

class Discarded extends Error {}

/** Runs the body as a transaction and rolls it back. */
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

function isBetween(id: string, value: unknown, {after, last}: Between): boolean {
  if (typeof value !== 'number' || value > last) return false;
  return !after || value > after.value || (value === after.value && id > after.id);
}

function compare(a: unknown, b: unknown): number {
  if (a === b) return 0;
  return (a as number | string) < (b as number | string) ? -1 : 1;
}

/** One collection in memory, indexed by field values: the cost of a query depends on its result, not on the size of the collection. */
export class IndexedCollection<Document extends object> {
  readonly documents = new Map<string, Document>();
  /** Field → value → ids. A field is indexed at the first query for it. */
  readonly #indexes = new Map<string, Map<unknown, Set<string>>>();

  set(id: string, document: Document): void {
    this.delete(id);
    this.documents.set(id, document);
    for (const [field, index] of this.#indexes) add(index, fieldOf(document, field), id);
  }

  delete(id: string): void {
    const before = this.documents.get(id);
    if (!before) return;
    this.documents.delete(id);
    for (const [field, index] of this.#indexes) {
      const value = fieldOf(before, field);
      const ids = index.get(value);
      ids?.delete(id);
      if (ids?.size === 0) index.delete(value);
    }
  }

  /** The documents that have all these values, in no particular order. */
  *where(fields: Readonly<Record<string, unknown>>): Generator<[string, Document]> {
    const wanted = Object.entries(fields);
    const narrowed = wanted.map(([field, value]) => this.#index(field).get(value) ?? new Set<string>());
    const fewest = narrowed.reduce<Set<string> | undefined>(
      (best, ids) => (best && best.size <= ids.size ? best : ids),
      undefined,
    );
    for (const id of fewest ?? this.documents.keys()) {
      const document = this.documents.get(id);
      if (document && wanted.every(([field, value]) => fieldOf(document, field) === value)) yield [id, document];
    }
  }

  #index(field: string): Map<unknown, Set<string>> {
    const known = this.#indexes.get(field);
    if (known) return known;
    const index = new Map<unknown, Set<string>>();
    for (const [id, document] of this.documents) add(index, fieldOf(document, field), id);
    this.#indexes.set(field, index);
    return index;
  }
}

function add(index: Map<unknown, Set<string>>, value: unknown, id: string): void {
  const ids = index.get(value);
  if (ids) ids.add(id);
  else index.set(value, new Set([id]));
}

function fieldOf(document: object, field: string): unknown {
  return (document as Record<string, unknown>)[field];
}
