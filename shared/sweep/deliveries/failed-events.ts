import {DAY_MS} from '../../durations';
import type {DiscoveredDelivery} from '../../github/github';
import type {FailedEvent} from '../../model/deliveries';

/** Maximum size of one document, estimated by its JSON, which is longer than what Firestore counts: no document exceeds 256 KiB. */
const MAX_PAGE_BYTES = 200 * 1024;
/** 25,000 events of the App’s hook. Events that do not fit are read when there is room. */
const MAX_PAGES = 20;
/** GitHub redelivers nothing older than this. */
export const RETENTION_MS = 3 * DAY_MS;
const ACTIONS = new Set(['queued', 'waiting', 'in_progress', 'completed']);

export type Page = Readonly<Record<string, FailedEvent>>;

interface Kept {
  readonly page: number;
  readonly bytes: number;
  readonly event: FailedEvent;
}

/**
 * The `workflow_job` events that did not arrive, by GUID, on pages of one document each. An event that is over stays until none of its
 * attempts can be read again: otherwise such an attempt would count as a new event.
 */
export class FailedEvents {
  readonly #kept = new Map<string, Kept>();
  readonly #bytes: number[];
  readonly #changed = new Set<number>();
  /** GUIDs of the events that arrived, as far as this sweep has read. */
  readonly #arrived = new Set<string>();

  constructor(pages: readonly Page[] = []) {
    this.#bytes = pages.map(() => 0);
    for (const [page, events] of pages.entries()) {
      for (const [guid, event] of Object.entries(events)) this.#put(guid, event, page);
    }
    this.#changed.clear();
  }

  /** Number of pages. */
  get pages(): number {
    return this.#bytes.length;
  }

  /** Numbers of the pages that changed since they were read or saved. */
  get changed(): readonly number[] {
    return [...this.#changed].sort((a, b) => a - b);
  }

  page(number: number): Page {
    const events: [string, FailedEvent][] = [];
    for (const [guid, {page, event}] of this.#kept) if (page === number) events.push([guid, event]);
    return Object.fromEntries(events);
  }

  markSaved(): void {
    this.#changed.clear();
  }

  get(guid: string): FailedEvent | undefined {
    return this.#kept.get(guid)?.event;
  }

  /** The events that are not over. */
  open(): [guid: string, event: FailedEvent][] {
    return [...this.#kept].filter(([, {event}]) => !event.isOver).map(([guid, {event}]) => [guid, event]);
  }

  /**
   * Adds one attempt; the attempts are added newest first, as GitHub lists them. Returns false when the attempt does not fit: then nothing
   * has changed.
   */
  addAttempt(hook: string, delivery: DiscoveredDelivery): boolean {
    const {guid, id, action, deliveredAt} = delivery;
    if (delivery.event !== 'workflow_job' || action === null || !ACTIONS.has(action)) return true;
    const known = this.get(guid);
    if (delivery.ok) {
      this.#arrived.add(guid);
      if (known && !known.isOver) this.set(guid, {...known, isOver: true, last: Math.max(known.last, deliveredAt)});
      return true;
    }
    if (this.#arrived.has(guid) || known?.isOver) return true;
    if (!known) {
      const event = {
        hook,
        id,
        action,
        at: deliveredAt,
        last: deliveredAt,
        listed: deliveredAt,
        tries: 0,
        isOver: false,
      };
      return this.#add(guid, event);
    }
    const isNewer = deliveredAt > known.listed;
    if (isNewer || deliveredAt < known.at) {
      this.set(guid, {
        ...known,
        ...(isNewer ? {id, listed: deliveredAt, last: Math.max(known.last, deliveredAt)} : {}),
        at: Math.min(known.at, deliveredAt),
      });
    }
    return true;
  }

  /** Replaces a stored event. Throws `RangeError` for an unknown GUID. */
  set(guid: string, event: FailedEvent): void {
    const kept = this.#kept.get(guid);
    if (!kept) throw new RangeError(`found no failed event ${guid} to change`);
    this.#drop(guid, kept);
    this.#put(guid, event, kept.page);
  }

  /**
   * Deletes events that are over and whose attempts are not read again: those before the horizon of their hook, and those that GitHub no
   * longer lists.
   */
  deleteOver(horizonOf: (hook: string) => number, now: number): void {
    for (const [guid, kept] of [...this.#kept]) {
      const {isOver, last, hook, listed} = kept.event;
      const isOutOfSight = Math.max(last, listed) < horizonOf(hook) || last < now - RETENTION_MS;
      if (isOver && isOutOfSight) this.#drop(guid, kept);
    }
    while (this.#bytes.length > 0 && this.#bytes.at(-1) === 0) {
      this.#bytes.pop();
      this.#changed.delete(this.#bytes.length);
    }
  }

  #add(guid: string, event: FailedEvent): boolean {
    const bytes = sizeOf(guid, event);
    // mutation: page with room
    const free = this.#bytes.findIndex((used) => used + bytes <= MAX_PAGE_BYTES);
    if (free < 0 && this.#bytes.length >= MAX_PAGES) return false;
    this.#put(guid, event, free < 0 ? this.#bytes.length : free);
    return true;
  }

  #put(guid: string, event: FailedEvent, page: number): void {
    const bytes = sizeOf(guid, event);
    this.#kept.set(guid, {page, bytes, event});
    this.#bytes[page] = (this.#bytes[page] ?? 0) + bytes;
    this.#changed.add(page);
  }

  #drop(guid: string, {page, bytes}: Kept): void {
    this.#kept.delete(guid);
    this.#bytes[page] = (this.#bytes[page] ?? 0) - bytes;
    this.#changed.add(page);
  }
}

/** Size of the event in bytes, with room for growing numbers. */
function sizeOf(guid: string, event: FailedEvent): number {
  return guid.length + JSON.stringify(event).length + 8;
}
