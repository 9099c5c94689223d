import {HOUR_MS, MINUTE_MS} from '../../durations';
import {Refused} from '../../errors';
import type {DeliveryPage, HookReference} from '../../github/github';
import type {HookReading, UnreadDeliveries} from '../../model/deliveries';
import {isTimeUp, type Sweep, tryList} from '../context';
import {type FailedEvents, RETENTION_MS} from './failed-events';
import {hookKey} from './hooks';
import {healthAfter} from './schedule';

/** Overlap of two reads, in milliseconds. An attempt that was running when the list was read (at most 30 s) is in the next list. */
const OVERLAP_MS = 2 * MINUTE_MS;
/** How far back the first read of a hook goes, in milliseconds. */
const FIRST_READ_MS = 3 * HOUR_MS;
/** Pages of the newest attempts of one hook, and pages of all hooks, that one sweep reads. The next sweeps read the rest. */
const MAX_NEWEST_PAGES = 10;
const MAX_PAGES = 20;
const MAX_PARTS = 4;

/** Number of pages that the sweep may still read. */
export interface PageBudget {
  left: number;
}

export function pageBudget(): PageBudget {
  return {left: MAX_PAGES};
}

export interface AttemptsRead {
  readonly reading: HookReading;
  /** Number of attempts that were read. */
  readonly seen: number;
}

/**
 * Reads the attempts of a hook since the last read, newest first, then the parts that earlier reads left. Adds failures to `events`.
 * Remembers as unread what could not be read or did not fit. Returns undefined when nothing could be read.
 */
export async function readAttempts(
  sweep: Sweep,
  hook: HookReference,
  before: HookReading | undefined,
  {events, pages}: {readonly events: FailedEvents; readonly pages: PageBudget},
): Promise<AttemptsRead | undefined> {
  const now = sweep.context.clock.now();
  const last = before ?? {since: now - FIRST_READ_MS, unread: [], isDown: false, probedAt: 0, recoveredAt: 0};
  const reader = new Reader(sweep, hook, events);
  const until = Math.max(last.since - OVERLAP_MS, now - RETENTION_MS);

  const first = await reader.readPage({cursor: null, failuresOnly: false});
  if (!first || first === 'gone') return undefined;
  pages.left -= 1;
  const reading = healthAfter(last, first.deliveries);
  const all: UnreadDeliveries = {until, from: null, cursor: null, failuresOnly: false};
  const newest = await reader.readPages(first, all, Math.min(pages.left, MAX_NEWEST_PAGES - 1), pages);
  // In a long backlog, failures are read first.
  // mutation: deliveries left unread
  const rest = newest && {...newest, from: newest.cursor, failuresOnly: true};
  const parts = limitParts([...(rest ? [rest] : []), ...last.unread]);

  const unread: UnreadDeliveries[] = [];
  for (const part of parts) {
    const left = await reader.readPart({...part, until: Math.max(part.until, now - RETENTION_MS)}, pages);
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

  /** Returns undefined when the page cannot be read; `gone`: GitHub no longer knows the cursor. */
  async readPage({
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

  /** Reads the pages after `first`. Returns the unread rest of the part. */
  async readPages(
    first: DeliveryPage,
    part: UnreadDeliveries,
    most: number,
    pages: PageBudget,
  ): Promise<UnreadDeliveries | undefined> {
    let {cursor} = part;
    let page: DeliveryPage | 'gone' | undefined = first;
    for (let read = 0; page && page !== 'gone'; read++) {
      // A page whose failures do not all fit is read again when there is room.
      if (!this.#take(page, part.until)) return {...part, cursor};
      const oldest = page.deliveries.at(-1)?.deliveredAt ?? Number.POSITIVE_INFINITY;
      if (page.next === null || oldest < part.until) return undefined;
      cursor = page.next;
      if (read >= most || isTimeUp(this.sweep)) return {...part, cursor};
      page = await this.readPage({cursor, failuresOnly: part.failuresOnly});
      pages.left -= 1;
    }
    return {...part, cursor};
  }

  /** Reads a part that an earlier read left: first failures, then all attempts. Returns the unread rest. */
  async readPart(part: UnreadDeliveries, pages: PageBudget): Promise<UnreadDeliveries | undefined> {
    if (pages.left < 1 || this.#failed || isTimeUp(this.sweep)) return part;
    const first = await this.readPage(part);
    pages.left -= 1;
    // Without its cursor, the part starts again at the newest attempt.
    if (first === 'gone') return {...part, from: null, cursor: null};
    if (!first) return part;
    const left = await this.readPages(first, part, pages.left, pages);
    if (left || !part.failuresOnly) return left;
    return this.readPart({...part, cursor: part.from, failuresOnly: false}, pages);
  }

  /** Adds the attempts of the page that are not older than `until`: an earlier read had the others. */
  #take({deliveries}: DeliveryPage, until: number): boolean {
    const wanted = deliveries.filter(({deliveredAt}) => deliveredAt >= until);
    this.seen += wanted.length;
    return wanted.every((delivery) => this.events.addAttempt(this.#key, delivery));
  }
}

/** Limits the number of parts: joins the oldest two. The joined part is read again from its newest end. */
function limitParts(parts: readonly UnreadDeliveries[]): UnreadDeliveries[] {
  if (parts.length <= MAX_PARTS) return [...parts];
  const [newer, older] = parts.slice(-2);
  if (!newer || !older) return [...parts];
  // A part of which everything was read has become shorter.
  const from = newer.failuresOnly ? newer.from : newer.cursor;
  const one = {until: Math.min(newer.until, older.until), from, cursor: newer.cursor, failuresOnly: true};
  return limitParts([...parts.slice(0, -2), one]);
}
