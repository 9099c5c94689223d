import type {Store, Transaction} from '../../shared/store/store';

/** Operations as Firestore bills them. */
export interface Billed {
  reads: number;
  /** Reads of `facts`, which every process keeps in memory for minutes, whatever the jobs. They are not among `reads`. */
  factReads: number;
  writes: number;
  deletes: number;
  /** What was written, in order: collection and id. */
  readonly written: string[];
}

/**
 * A store that counts: a document read is a read, a query costs at least one, a count one per 1,000 documents, and a transaction each
 * time that its body runs.
 * @see https://cloud.google.com/firestore/docs/understand-performance-and-pricing#operations
 */
export function countedStore(store: Store): {readonly store: Store; readonly billed: Billed} {
  const billed: Billed = {reads: 0, factReads: 0, writes: 0, deletes: 0, written: []};
  const counted: Store = {
    get: (collection, id) => {
      billed[collection === 'facts' ? 'factReads' : 'reads'] += 1;
      return store.get(collection, id);
    },
    find: async (collection, find) => {
      const found = await store.find(collection, find);
      billed.reads += Math.max(1, found.length);
      return found;
    },
    count: async (collection, where) => {
      const count = await store.count(collection, where);
      billed.reads += Math.max(1, Math.ceil(count / 1000));
      return count;
    },
    transaction: (body) => store.transaction((transaction) => body(counting(transaction, billed))),
  };
  return {store: counted, billed};
}

function counting(transaction: Transaction, billed: Billed): Transaction {
  return {
    get: (collection, id) => {
      billed.reads += 1;
      return transaction.get(collection, id);
    },
    set: (collection, id, data) => {
      billed.writes += 1;
      billed.written.push(`${collection}/${id}`);
      transaction.set(collection, id, data);
    },
    delete: (collection, id) => {
      billed.deletes += 1;
      transaction.delete(collection, id);
    },
  };
}
