import {
  FieldPath,
  Firestore,
  type Transaction as FirestoreTransaction,
  type Query,
  Timestamp,
} from '@google-cloud/firestore';
import {GoogleAuth, PassThroughClient} from 'google-auth-library';
import {type Clock, withDeadline} from '../clock';
import {SlipwayError, Unavailable} from '../errors';
import type {Between, CollectionName, Collections, Find, Found, Store, Where} from './store';

/** Time-out of one read, or of one transaction with its retries, in milliseconds; well below the lease of a task. */
const TIMEOUT_MS = 15_000;

export interface FirestoreOptions {
  readonly clock: Clock;
  readonly project: string;
  readonly database?: string;
  /** `host:port` of the Firestore emulator. */
  readonly emulatorHost?: string;
}

export interface FirestoreStore extends Store {
  /** Closes the connection after the running calls have ended. */
  close(): Promise<void>;
}

/**
 * The store in Firestore. `expireAt` is stored as a timestamp, as the TTL policy requires; every other time is a number. A document whose
 * `expireAt` has passed counts as absent, although the policy may delete it a day later.
 * @see https://cloud.google.com/firestore/docs/ttl
 */
export function createFirestoreStore(options: FirestoreOptions): FirestoreStore {
  const {clock} = options;
  const firestore = connect(options);
  const underWay = new Set<Promise<unknown>>();

  /** Runs one call with the time-out. Typed errors of a transaction body pass unchanged; errors of Firestore become `Unavailable`. */
  async function call<T>(what: string, work: (deadline: Deadline) => Promise<T>): Promise<T> {
    const deadline = {passed: false};
    const working = work(deadline);
    const settled = working.then(ignore, ignore).then(() => void underWay.delete(settled));
    underWay.add(settled);
    try {
      return await withDeadline(TIMEOUT_MS, working, () => {
        deadline.passed = true;
        return new Unavailable(`Firestore: ${what} took over ${TIMEOUT_MS} ms`, 5);
      });
    } catch (error) {
      if (error instanceof SlipwayError || !isFirestoreError(error)) throw error;
      throw new Unavailable(`Firestore: ${what} failed: ${explain(error)}`, 5, {cause: error});
    }
  }

  const unexpired = <C extends CollectionName>(data: Stored | undefined): Collections[C] | undefined => {
    if (!data) return undefined;
    const document = {...data, expireAt: data.expireAt.toMillis()} as unknown as Collections[C];
    return document.expireAt > clock.now() ? document : undefined;
  };

  return {
    get: (collection, id) =>
      call(`read ${collection}`, async () => {
        const snapshot = await firestore.collection(collection).doc(id).get();
        return unexpired(snapshot.data() as Stored | undefined);
      }),
    find: <C extends CollectionName>(collection: C, {where, orderBy, between, after, limit}: Find<C>) =>
      call(`query ${collection}`, async () => {
        const filtered = filter(firestore.collection(collection), where);
        const byField = orderBy ? inOrder(filtered, orderBy, between) : filtered;
        const ordered = after === undefined ? byField : filtered.orderBy(FieldPath.documentId()).startAfter(after);
        const found: Found<C>[] = [];
        // Expired documents do not count towards the limit: reads pages until there are enough.
        for (let page = ordered.limit(limit); ; ) {
          const {docs} = await page.get();
          for (const document of docs) {
            const data = unexpired<C>(document.data() as Stored);
            if (data) found.push({id: document.id, data});
          }
          const last = docs.at(-1);
          if (!last || docs.length < limit || found.length >= limit) return found.slice(0, limit);
          page = ordered.startAfter(last).limit(limit);
        }
      }),
    count: (collection, where) =>
      call(`count ${collection}`, async () => {
        const snapshot = await filter(firestore.collection(collection), where).count().get();
        return snapshot.data().count;
      }),
    transaction: (body) =>
      call('transaction', (deadline) =>
        firestore.runTransaction((transaction) => {
          // The client retries by itself, but the caller has already received a time-out.
          if (deadline.passed) throw new Unavailable('Firestore: given up', 5);
          const at = (collection: string, id: string) => firestore.collection(collection).doc(id);
          return body({
            get: async (collection, id) =>
              unexpired((await read(transaction, at(collection, id))) as Stored | undefined),
            set: (collection, id, data) => void transaction.set(at(collection, id), stored(data)),
            delete: (collection, id) => void transaction.delete(at(collection, id)),
          });
        }),
      ),
    close: async () => {
      await Promise.all(underWay);
      await firestore.terminate();
    },
  };
}

interface Deadline {
  readonly passed: boolean;
}

const ignore = () => undefined;

/** A stored document. */
interface Stored {
  readonly expireAt: Timestamp;
}

function connect({project, database, emulatorHost}: FirestoreOptions): Firestore {
  const place = {
    projectId: project,
    ...(database ? {databaseId: database} : {}),
    ignoreUndefinedProperties: true,
    // REST instead of gRPC, which is needed only for listeners, and takes longer to load and to connect.
    preferRest: true,
  };
  if (!emulatorHost) return new Firestore(place);
  // Without `auth` the client would first ask the metadata server for credentials, which an emulator does not need.
  const auth = new GoogleAuth({projectId: project, authClient: new PassThroughClient()});
  return new Firestore({
    ...place,
    host: emulatorHost,
    ssl: false,
    auth,
    customHeaders: {Authorization: 'Bearer owner'},
  });
}

async function read(transaction: FirestoreTransaction, reference: FirebaseFirestore.DocumentReference) {
  return (await transaction.get(reference)).data();
}

function stored(data: Collections[CollectionName]): FirebaseFirestore.DocumentData {
  return {...data, expireAt: Timestamp.fromMillis(data.expireAt)};
}

function filter<C extends CollectionName>(collection: Query, where: Where<C>): Query {
  return Object.entries(where).reduce((query, [field, value]) => query.where(field, '==', value), collection);
}

function inOrder(query: Query, field: string, between: Between | undefined): Query {
  if (!between) return query.orderBy(field);
  const {after, last} = between;
  const ordered = query.where(field, '<=', last).orderBy(field).orderBy(FieldPath.documentId());
  if (!after) return ordered;
  // No document has an empty id: every one with this value comes after it.
  return after.id === '' ? ordered.startAt(after.value) : ordered.startAfter(after.value, after.id);
}

/** gRPC status codes, as @grpc/grpc-js gives them. */
function isFirestoreError(error: unknown): error is Error & {code: number} {
  return error instanceof Error && typeof (error as {code?: unknown}).code === 'number';
}

function explain(error: Error & {code: number}): string {
  if (error.code === 5) return 'the database does not exist; create it, or set FIRESTORE_DATABASE to one that does';
  if (error.code === 7) return 'permission denied; the function’s service account needs roles/datastore.user';
  if (error.code === 9) return `${error.message}; a composite index is missing: apply the Terraform module`;
  return error.message;
}
