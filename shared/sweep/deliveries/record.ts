import {DAY_MS} from '../../durations';
import {Unavailable} from '../../errors';
import type {DeliveriesDocument, HookReading} from '../../model/deliveries';
import type {Context} from '../../ports';
import type {Collections} from '../../store/store';
import {SWEEP_LOCK} from '../lock';
import {FailedEvents, type Page, RETENTION_MS} from './failed-events';
import type {Allowance} from './schedule';

const DOCUMENT_ID = 'deliveries';
const DOCUMENT_RETENTION_MS = RETENTION_MS + DAY_MS;
/** Hooks on record. Each takes less than 1 KB; a token can see more, which are then read as if for the first time. */
const MAX_HOOKS = 200;
/** Pages in one transaction: well below Firestore’s limits of 10 MiB and of time. */
const PAGES_PER_TRANSACTION = 4;

/** The hooks and the failed events. Stored in documents of their own, so that no outage makes the lock document too large. */
export interface DeliveryRecord {
  readonly hooks: Map<string, HookReading>;
  allowance: Allowance;
  readonly events: FailedEvents;
  /** Number of stored pages. */
  pages: number;
}

export async function loadDeliveries({store}: Pick<Context, 'store'>): Promise<DeliveryRecord> {
  const found = await store.get('locks', DOCUMENT_ID);
  const stored: Pick<DeliveriesDocument, 'hooks' | 'allowance' | 'pages'> =
    found && 'hooks' in found ? found : {hooks: {}, allowance: {calls: 0, at: 0}, pages: 0};
  const pages: Page[] = [];
  for (let page = 0; page < stored.pages; page++) {
    const document = await store.get('locks', `${DOCUMENT_ID}-${page}`);
    pages.push(document && 'events' in document ? document.events : {});
  }
  return {
    hooks: new Map(Object.entries(stored.hooks)),
    allowance: stored.allowance,
    events: new FailedEvents(pages),
    pages: stored.pages,
  };
}

/**
 * Stores the changes: the pages before the document that says how far GitHub was read. Throws `Unavailable` when `holder` has lost the lock
 * to another sweep, which has written a newer record.
 */
export async function saveDeliveries(context: Context, holder: string, record: DeliveryRecord): Promise<void> {
  const {events} = record;
  const now = context.clock.now();
  const expireAt = now + DOCUMENT_RETENTION_MS;
  const changed = events.changed.map(
    (page) => [`${DOCUMENT_ID}-${page}`, {events: events.page(page), expireAt}] as const,
  );
  for (let from = 0; from < changed.length; from += PAGES_PER_TRANSACTION) {
    await write(context, holder, changed.slice(from, from + PAGES_PER_TRANSACTION));
  }
  const hooks = [...record.hooks]
    .filter(([, {since}]) => now - since < RETENTION_MS)
    .sort(([, a], [, b]) => b.since - a.since)
    .slice(0, MAX_HOOKS);
  const document = {hooks: Object.fromEntries(hooks), allowance: record.allowance, pages: events.pages, expireAt};
  const gone = Array.from(
    {length: Math.max(0, record.pages - events.pages)},
    (_, n) => `${DOCUMENT_ID}-${events.pages + n}`,
  );
  await write(context, holder, [[DOCUMENT_ID, document]], gone);
  record.pages = events.pages;
  events.markSaved();
}

async function write(
  {store}: Context,
  holder: string,
  documents: readonly (readonly [string, Collections['locks']])[],
  gone: readonly string[] = [],
): Promise<void> {
  await store.transaction(async (transaction) => {
    const lock = await transaction.get('locks', SWEEP_LOCK);
    if (!lock || !('holder' in lock) || lock.holder !== holder) {
      throw new Unavailable('another sweep has taken over: what this one read of deliveries is not kept', 60);
    }
    for (const [id, document] of documents) transaction.set('locks', id, document);
    for (const id of gone) transaction.delete('locks', id);
  });
}
