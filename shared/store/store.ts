import type {BreakerDocument} from '../model/breaker';
import type {DeliveriesDocument, FailedEventsDocument} from '../model/deliveries';
import type {JobDocument} from '../model/job';
import type {KeyDocument} from '../model/lease';
import type {RunnerDocument} from '../model/runner';
import type {SlotDocument} from '../model/slot';
import type {LockDocument} from '../model/sweep';
import type {DeadLetterDocument} from '../model/tasks';
import type {VmDocument} from '../model/vm';

/** Equality on every field given. */
export type Where<C extends CollectionName> = Partial<Collections[C]>;

/** Ordered by a field, ascending; or by id, after one: a page of a listing, for which equality alone needs no composite index. */
export type Find<C extends CollectionName> = {readonly where: Where<C>; readonly limit: number} & (
  | {readonly orderBy?: keyof Collections[C] & string; readonly after?: never}
  | {readonly orderBy?: never; readonly after: string}
);

export interface Found<C extends CollectionName> {
  readonly id: string;
  readonly data: Collections[C];
}

/**
 * Reads first, then writes: a read after a write throws. Holds no side effect: the body runs again on contention.
 */
export interface Transaction {
  get<C extends CollectionName>(collection: C, id: string): Promise<Collections[C] | undefined>;
  /** Replaces the whole document, or makes it. */
  set<C extends CollectionName>(collection: C, id: string, data: Collections[C]): void;
  delete<C extends CollectionName>(collection: C, id: string): void;
}

/**
 * Documents in collections, with serializable transactions. One contract over Firestore and memory (test/contracts/store.ts).
 * A document whose `expireAt` has passed is treated as absent by get and find, whether or not the TTL policy has removed it yet; `count`
 * counts what is stored.
 * Throws `Unavailable` when the database does not answer in time or contention does not end.
 */
export interface Store {
  get<C extends CollectionName>(collection: C, id: string): Promise<Collections[C] | undefined>;
  find<C extends CollectionName>(collection: C, find: Find<C>): Promise<Found<C>[]>;
  count<C extends CollectionName>(collection: C, where: Where<C>): Promise<number>;
  transaction<T>(body: (transaction: Transaction) => Promise<T>): Promise<T>;
}

export interface Collections {
  jobs: JobDocument;
  runners: RunnerDocument;
  slots: SlotDocument;
  keys: KeyDocument;
  breakers: BreakerDocument;
  deadletters: DeadLetterDocument;
  vms: VmDocument;
  locks: LockDocument | DeliveriesDocument | FailedEventsDocument;
}

export type CollectionName = keyof Collections;
