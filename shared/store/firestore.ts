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
import type {CollectionName, Collections, Find, Found, Store, Where} from './store';

/** For one read or one whole transaction with its retries: well below the lease of a task. */
const TIMEOUT_MS = 15_000;

export interface FirestoreOptions {
  readonly clock: Clock;
  readonly project: string;
  readonly database?: string;
  /** `host:port` of Google's emulator. */
  readonly emulatorHost?: string;
}

export interface FirestoreStore extends Store {
  /** Once nothing is under way any more. */
  close(): Promise<void>;
}

/**
 * The store in Firestore. `expireAt` is a timestamp there, because its TTL policy wants one; every other time is a number. A document
 * whose `expireAt` has passed is absent, although the policy may leave it for a day.
 * @see https://cloud.google.com/firestore/docs/ttl
 */
export function createFirestoreStore(options: FirestoreOptions): FirestoreStore {
  const {clock} = options;
  const firestore = connect(options);
  const underWay = new Set<Promise<unknown>>();

  /** Our own errors out of a transaction's body pass; everything else of Firestore's is worth another try later. */
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
    find: <C extends CollectionName>(collection: C, {where, orderBy, after, limit}: Find<C>) =>
      call(`query ${collection}`, async () => {
        const filtered = filter(firestore.collection(collection), where);
        const byField = orderBy ? filtered.orderBy(orderBy) : filtered;
        const ordered = after === undefined ? byField : filtered.orderBy(FieldPath.documentId()).startAfter(after);
        const found: Found<C>[] = [];
        // An expired document takes nobody's place: on to the next page until there are enough.
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
          // Google's client tries again on its own: not for a caller who was told that it took too long.
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

/** A document as Firestore holds it. */
interface Stored {
  readonly expireAt: Timestamp;
}

function connect({project, database, emulatorHost}: FirestoreOptions): Firestore {
  const place = {
    projectId: project,
    ...(database ? {databaseId: database} : {}),
    ignoreUndefinedProperties: true,
    // gRPC serves listeners, of which there are none; it takes longer to load and to connect.
    preferRest: true,
  };
  if (!emulatorHost) return new Firestore(place);
  // Without `auth` the client would first ask the metadata server for credentials that an emulator does not want.
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
