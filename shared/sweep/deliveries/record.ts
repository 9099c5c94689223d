import {Unavailable} from '../../errors';
import type {DeliveriesDocument, HookReading} from '../../model/deliveries';
import type {Context} from '../../ports';
import type {Collections} from '../../store/store';
import {SWEEP_LOCK} from '../lock';
import {FailedEvents, type Page, RETENTION_MS} from './failed-events';
import type {Allowance} from './schedule';

const ID = 'deliveries';
const KEPT_MS = RETENTION_MS + 24 * 3600_000;

/** Each has less than 1 KB: hooks beyond that, of a token alone, are looked at as if for the first time. */
const MOST_HOOKS = 200;

/** Pages in one transaction: well below Firestore's 10 MiB, and done in its time. */
const PAGES_A_TRANSACTION = 4;

/** What is known of the hooks and of the events that did not arrive; in documents of its own, so that no outage makes the lock too large. */
export interface DeliveryRecord {
  readonly hooks: Map<string, HookReading>;
  allowance: Allowance;
  readonly events: FailedEvents;
  /** How many pages are stored. */
  pages: number;
}

export async function loadDeliveries({store}: Pick<Context, 'store'>): Promise<DeliveryRecord> {
  const found = await store.get('locks', ID);
  const stored: Pick<DeliveriesDocument, 'hooks' | 'allowance' | 'pages'> =
    found && 'hooks' in found ? found : {hooks: {}, allowance: {calls: 0, at: 0}, pages: 0};
  const pages: Page[] = [];
  for (let page = 0; page < stored.pages; page++) {
    const document = await store.get('locks', `${ID}-${page}`);
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
 * Writes what changed: the pages first, since what says how far GitHub was read must not be ahead of them. Throws `Unavailable` when the
 * lease of `holder` was lost: then another sweep has written a newer record.
 */
export async function saveDeliveries(context: Context, holder: string, record: DeliveryRecord): Promise<void> {
  const {events} = record;
  const now = context.clock.now();
  const expireAt = now + KEPT_MS;
  const changed = events.changed.map((page) => [`${ID}-${page}`, {events: events.page(page), expireAt}] as const);
  for (let from = 0; from < changed.length; from += PAGES_A_TRANSACTION) {
    await write(context, holder, changed.slice(from, from + PAGES_A_TRANSACTION));
  }
  const hooks = [...record.hooks]
    .filter(([, {since}]) => now - since < RETENTION_MS)
    .sort(([, a], [, b]) => b.since - a.since)
    .slice(0, MOST_HOOKS);
  const document = {hooks: Object.fromEntries(hooks), allowance: record.allowance, pages: events.pages, expireAt};
  const gone = Array.from({length: Math.max(0, record.pages - events.pages)}, (_, n) => `${ID}-${events.pages + n}`);
  await write(context, holder, [[ID, document]], gone);
  record.pages = events.pages;
  events.written();
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
