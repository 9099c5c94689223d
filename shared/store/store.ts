import type {BreakerDocument} from '../model/breaker';
import type {ContainerDocument} from '../model/container';
import type {DeliveriesDocument, FailedEventsDocument} from '../model/deliveries';
import type {FactsDocument} from '../model/facts';
import type {HostDocument} from '../model/host';
import type {JobDocument} from '../model/job';
import type {KeyDocument} from '../model/lease';
import type {RunnerDocument} from '../model/runner';
import type {SlotDocument} from '../model/slot';
import type {StandbyDocument} from '../model/standby';
import type {LockDocument, UnservedDocument} from '../model/sweep';
import type {DeadLetterDocument} from '../model/tasks';
import type {UsageCursor, UsageDocument} from '../model/usage';
import type {VmDocument} from '../model/vm';

/** Every given field must be equal. */
export type Where<C extends CollectionName> = Partial<Collections[C]>;

/**
 * In ascending order of a field, and of ids where that is the same; or in the order of ids, after the id `after`: a page of a listing, for which
 * equality needs no composite index.
 */
export type Find<C extends CollectionName> = {readonly where: Where<C>; readonly limit: number} & (
  | {readonly orderBy?: keyof Collections[C] & string; readonly between?: Between; readonly after?: never}
  | {readonly orderBy?: never; readonly between?: never; readonly after: string}
);

/** A part of what is in the order of a field that is a number. `last` is part of it, `after` is not. */
export interface Between {
  /** The value of the field and the id of a document; an empty id comes before every document. Undefined: from the first one. */
  readonly after?: {readonly value: number; readonly id: string};
  readonly last: number;
}

export interface Found<C extends CollectionName> {
  readonly id: string;
  readonly data: Collections[C];
}

/** Reads come before writes: a read after a write throws. The body must have no side effect, because it runs again on contention. */
export interface Transaction {
  get<C extends CollectionName>(collection: C, id: string): Promise<Collections[C] | undefined>;
  /** Creates the document or replaces it completely. */
  set<C extends CollectionName>(collection: C, id: string, data: Collections[C]): void;
  delete<C extends CollectionName>(collection: C, id: string): void;
}

/**
 * Documents in collections, with serializable transactions. Firestore and memory pass the same contract (test/contracts/store.ts). `get`
 * and `find` treat a document whose `expireAt` has passed as absent, even before the TTL policy deletes it; `count` counts what is stored.
 * Throws `Unavailable` when the database does not answer in time or the contention does not end.
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
  standby: StandbyDocument;
  keys: KeyDocument;
  breakers: BreakerDocument;
  deadletters: DeadLetterDocument;
  vms: VmDocument;
  hosts: HostDocument;
  containers: ContainerDocument;
  facts: FactsDocument;
  locks: LockDocument | DeliveriesDocument | FailedEventsDocument | UnservedDocument;
  usage: UsageDocument | UsageCursor;
}

export type CollectionName = keyof Collections;
