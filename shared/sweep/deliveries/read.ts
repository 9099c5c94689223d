import {Refused} from '../../errors';
import type {DeliveryPage, HookReference} from '../../github/github';
import type {HookReading, UnreadDeliveries} from '../../model/deliveries';
import {isTimeUp, type Sweep, tryList} from '../context';
import {type FailedEvents, RETENTION_MS} from './failed-events';
import {hookKey} from './hooks';
import {healthAfter} from './schedule';

/** An attempt that was under way when the list was read, 30 s at the longest, is in the next one. */
const OVERLAP_MS = 2 * 60_000;

/** The first sweep of a hook reads the deliveries of this long. */
const FIRST_LOOK_MS = 3 * 3600_000;

/** Of the newest attempts of a hook, and of all lists in one sweep. What was read counts; the rest is read by the next ones. */
const MOST_NEWEST_PAGES = 10;
const MOST_PAGES = 20;
const MOST_PARTS = 4;

/** Pages that one sweep may still read. */
export interface PageBudget {
  left: number;
}

export function pageBudget(): PageBudget {
  return {left: MOST_PAGES};
}

export interface Look {
  readonly reading: HookReading;
  /** How many attempts were read. */
  readonly seen: number;
}

/**
 * Reads a hook's attempts since the last look, newest first, then what earlier looks left. Each page counts as it is read: failures are
 * taken into `events`, and what could not be read, or has no room there, is remembered as unread. Undefined when nothing could be read.
 */
export async function lookAtHook(
  sweep: Sweep,
  hook: HookReference,
  before: HookReading | undefined,
  {events, pages}: {readonly events: FailedEvents; readonly pages: PageBudget},
): Promise<Look | undefined> {
  const now = sweep.context.clock.now();
  const last = before ?? {since: now - FIRST_LOOK_MS, unread: [], isDown: false, probedAt: 0, recoveredAt: 0};
  const reader = new Reader(sweep, hook, events);
  const until = Math.max(last.since - OVERLAP_MS, now - RETENTION_MS);

  const first = await reader.page({cursor: null, failuresOnly: false});
  if (!first || first === 'gone') return undefined;
  pages.left -= 1;
  const reading = healthAfter(last, first.deliveries);
  const all: UnreadDeliveries = {until, from: null, cursor: null, failuresOnly: false};
  const newest = await reader.readOn(first, all, Math.min(pages.left, MOST_NEWEST_PAGES - 1), pages);
  // Of a long backlog, failures are read first.
  // mutation: deliveries left unread
  const rest = newest && {...newest, from: newest.cursor, failuresOnly: true};
  const parts = merged([...(rest ? [rest] : []), ...last.unread]);

  const unread: UnreadDeliveries[] = [];
  for (const part of parts) {
    const left = await reader.part({...part, until: Math.max(part.until, now - RETENTION_MS)}, pages);
    if (left) unread.push(left);
  }
  return {reading: {...reading, since: now, unread}, seen: reader.seen};
}

/** Attempts before this time are not read again. */
export function horizonOf({since, unread}: HookReading): number {
  return Math.min(since - OVERLAP_MS, ...unread.map(({until}) => until));
}

class Reader {
  seen = 0;
  #failed = false;
  readonly #key: string;

  constructor(
    private readonly sweep: Sweep,
    private readonly hook: HookReference,
    private readonly events: FailedEvents,
  ) {
    this.#key = hookKey(hook);
  }

  /** Undefined when the page cannot be read; `gone`: GitHub does not know the cursor any more. */
  async page({
    cursor,
    failuresOnly,
  }: Pick<UnreadDeliveries, 'cursor' | 'failuresOnly'>): Promise<DeliveryPage | 'gone' | undefined> {
    let isGone = false;
    const page = await tryList(this.sweep, 'the deliveries', async () => {
      try {
        return await this.sweep.discovery.deliveries(this.hook, {cursor, failuresOnly});
      } catch (error) {
        isGone = cursor !== null && error instanceof Refused;
        throw error;
      }
    });
    if (!page) this.#failed = true;
    else if (page.unreadable > 0) this.sweep.incomplete.push(`${page.unreadable} deliveries of another shape`);
    return isGone ? 'gone' : page;
  }

  /** Reads on from a page that was read. Returns what is left of the part. */
  async readOn(
    first: DeliveryPage,
    part: UnreadDeliveries,
    most: number,
    pages: PageBudget,
  ): Promise<UnreadDeliveries | undefined> {
    let {cursor} = part;
    let page: DeliveryPage | 'gone' | undefined = first;
    for (let read = 0; page && page !== 'gone'; read++) {
      // A page without room for all its failures is read again when there is room.
      if (!this.#take(page, part.until)) return {...part, cursor};
      const oldest = page.deliveries.at(-1)?.deliveredAt ?? Number.POSITIVE_INFINITY;
      if (page.next === null || oldest < part.until) return undefined;
      cursor = page.next;
      if (read >= most || isTimeUp(this.sweep)) return {...part, cursor};
      page = await this.page({cursor, failuresOnly: part.failuresOnly});
      pages.left -= 1;
    }
    return {...part, cursor};
  }

  /** A part that an earlier look left: failures, then everything. Returns what is left of it. */
  async part(part: UnreadDeliveries, pages: PageBudget): Promise<UnreadDeliveries | undefined> {
    if (pages.left < 1 || this.#failed || isTimeUp(this.sweep)) return part;
    const first = await this.page(part);
    pages.left -= 1;
    // Without its cursor, the part begins at the newest attempt.
    if (first === 'gone') return {...part, from: null, cursor: null};
    if (!first) return part;
    const left = await this.readOn(first, part, pages.left, pages);
    if (left || !part.failuresOnly) return left;
    return this.part({...part, cursor: part.from, failuresOnly: false}, pages);
  }

  /** Takes the page's failures in, but for attempts before `until`: an earlier look read those. */
  #take({deliveries}: DeliveryPage, until: number): boolean {
    const wanted = deliveries.filter(({deliveredAt}) => deliveredAt >= until);
    this.seen += wanted.length;
    return wanted.every((delivery) => this.events.take(this.#key, delivery));
  }
}

/** Keeps the number of parts small: joins the oldest two into one, which is read from its newest end again. */
function merged(parts: readonly UnreadDeliveries[]): UnreadDeliveries[] {
  if (parts.length <= MOST_PARTS) return [...parts];
  const [newer, older] = parts.slice(-2);
  if (!newer || !older) return [...parts];
  // Where everything was read already, the part has become shorter.
  const from = newer.failuresOnly ? newer.from : newer.cursor;
  const one = {until: Math.min(newer.until, older.until), from, cursor: newer.cursor, failuresOnly: true};
  return merged([...parts.slice(0, -2), one]);
}
