import {DAY_MS} from '../durations';
import type {JobKey} from './job';

/**
 * `slots/<pool>.<n>`, and `slots/_all.<n>` for the limit over all pools, with 0 ≤ n < maxRunners. A runner exists only with a slot, which
 * makes the limit hard. One document per slot, because one counter would be a hot spot in Firestore.
 */
export interface SlotDocument {
  readonly pool: string;
  readonly n: number;
  /** Runner name, or `job:<job key>` while it is kept for a job; null: free. */
  readonly holder: string | null;
  readonly expireAt: number;
}

/** Effectively no expiry: there are never more documents than slots, and Firestore would delete a slot that a runner still holds. */
const SLOT_RETENTION_MS = 10 * 365 * DAY_MS;

/** Stands for a pool's name in slots of the limit over all pools. No pool can have this name. */
export const ALL_POOLS = '_all';

export function slotId(pool: string, n: number): string {
  return `${pool}.${n}`;
}

/** The pool and the number of a slot, from its id. No pool's name has a point. */
export function parseSlotId(id: string): {readonly pool: string; readonly n: number} {
  const point = id.lastIndexOf('.');
  return {pool: id.slice(0, point), n: Number(id.slice(point + 1))};
}

export function slotIsFree(slot: SlotDocument | undefined): boolean {
  return slot === undefined || slot.holder === null;
}

/** Starts the holder of a slot that is kept for a job. */
const JOB_HOLDER_PREFIX = 'job:';

/** Holder of a slot that is kept for a job: `job:<job key>`. No runner can have such a name. */
export function jobHolder(job: JobKey): string {
  return `${JOB_HOLDER_PREFIX}${job}`;
}

/** The job for which a slot of this holder is kept; undefined: the holder is a runner. */
export function jobOfHolder(holder: string): JobKey | undefined {
  return holder.startsWith(JOB_HOLDER_PREFIX) ? holder.slice(JOB_HOLDER_PREFIX.length) : undefined;
}

/** The document of a slot with the given holder: a runner's name, `job:<job key>`, or null for a free slot. */
export function newSlot({pool, n}: {pool: string; n: number}, holder: string | null, now: number): SlotDocument {
  return {pool, n, holder, expireAt: now + SLOT_RETENTION_MS};
}
