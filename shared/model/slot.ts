import type {JobKey} from './job';

/** `slots/<pool>.<n>`, and `slots/_all.<n>` of all pools together, 0 ≤ n < maxRunners: a document a runner, so that none is hot and the limit is hard. */
export interface SlotDocument {
  readonly pool: string;
  readonly n: number;
  /** Runner name, or `job:<job key>` while it is kept for a job; null: free. */
  readonly holder: string | null;
  readonly expireAt: number;
}

/** As good as for ever: there are never more documents than slots, and one that expired unnoticed would count as taken. */
const SLOT_RETENTION_MS = 10 * 365 * 24 * 3600 * 1000;

/** In place of a pool's name: slots of all pools together. No pool has this name. */
export const ALL_POOLS = '_all';

export function slotId(pool: string, n: number): string {
  return `${pool}.${n}`;
}

export function slotIsFree(slot: SlotDocument | undefined): boolean {
  return slot === undefined || slot.holder === null;
}

const JOB_HOLDER_PREFIX = 'job:';

/** Holder of a slot that is kept for a job: `job:<job key>`. No runner has such a name. */
export function jobHolder(job: JobKey): string {
  return `${JOB_HOLDER_PREFIX}${job}`;
}

/** The job for which a slot of this holder is kept; undefined: the holder is a runner. */
export function jobOfHolder(holder: string): JobKey | undefined {
  return holder.startsWith(JOB_HOLDER_PREFIX) ? holder.slice(JOB_HOLDER_PREFIX.length) : undefined;
}

/** The slot held by a runner, or by `job:<job key>`, or free (null). */
export function newSlot({pool, n}: {pool: string; n: number}, holder: string | null, now: number): SlotDocument {
  return {pool, n, holder, expireAt: now + SLOT_RETENTION_MS};
}
