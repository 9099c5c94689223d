import type {JobDocument, JobKey} from '../model/job';
import {isEphemeral} from '../model/pool';
import {ALL_POOLS, jobHolder, newSlot, type SlotDocument, slotId, slotIsFree} from '../model/slot';
import {demandTask} from '../model/tasks';
import {type Context, poolOf} from '../ports';
import type {Random} from '../random';
import type {Found, Store, Transaction} from '../store/store';

/**
 * A slot of `pool` became free: enqueues a task for the oldest open job that it can serve. Without a limit over all pools that is a job of
 * the pool; with one, the oldest job of any pool that has a free slot of its own.
 */
export async function serveOldestOpenJob(context: Context, pool: string, cause: string): Promise<void> {
  const [oldest] = await openJobsToServe(context, pool, 1);
  if (oldest) await context.tasks.enqueue(demandTask(oldest.job, cause));
}

/** An open job, and a slot of its pool that looked free. Null: the slot that became free serves the job. */
export interface JobToServe {
  readonly job: JobKey;
  readonly own: SlotCandidate | null;
}

/** At most `limit` open jobs, oldest first, that a slot of `pool` can serve when it becomes free. */
export async function openJobsToServe(context: Context, pool: string, limit: number): Promise<JobToServe[]> {
  if (context.maxRunners === undefined) {
    return (await findOpenJobs(context, pool, limit)).map(({id}) => ({job: id, own: null}));
  }
  const making = context.pools.filter((one) => isEphemeral(one) && one.maxRunners > 0);
  const found = await Promise.all(making.map(({name}) => findOpenJobs(context, name, limit)));
  const oldestFirst = found.flat().sort((a, b) => a.data.queuedAt - b.data.queuedAt);
  const free = new Map<string, SlotCandidate | null | undefined>([[pool, null]]);
  const serving: JobToServe[] = [];
  for (const {id, data} of oldestFirst) {
    if (!free.has(data.pool)) free.set(data.pool, await freeSlotOf(context, data.pool));
    const own = free.get(data.pool);
    if (own !== undefined) serving.push({job: id, own});
    if (serving.length === limit) break;
  }
  return serving;
}

async function freeSlotOf({store, random, pools}: Context, pool: string): Promise<SlotCandidate | undefined> {
  const maxRunners = pools.find(({name}) => name === pool)?.maxRunners ?? 0;
  return findFreeSlot(store, {pool, maxRunners, random});
}

/** Keys of the pools' open jobs, oldest first, at most `limit`. */
export async function oldestOpenJobs(context: Context, pools: readonly string[], limit: number): Promise<JobKey[]> {
  const found = (await Promise.all(pools.map((pool) => findOpenJobs(context, pool, limit)))).flat();
  const oldestFirst = found.sort((a, b) => a.data.queuedAt - b.data.queuedAt);
  return oldestFirst.slice(0, limit).map(({id}) => id);
}

function findOpenJobs(context: Context, pool: string, limit: number): Promise<Found<'jobs'>[]> {
  return context.store.find('jobs', {where: {pool, demand: 'open'}, orderBy: 'queuedAt', limit});
}

/** A slot as a transaction read it. */
export interface SlotRead extends SlotCandidate {
  readonly document: SlotDocument | undefined;
}

/** The slots that a runner holds: one of its pool, and one of the limit over all pools (null: there is no such limit). */
export interface Slots<S extends SlotCandidate = SlotCandidate> {
  readonly own: S;
  readonly all: S | null;
}

/** Slots that looked free before the transaction, and may have been taken since. Undefined: none looked free. */
export type SlotCandidates = {[K in keyof Slots]: Slots[K] | undefined};

/** Number of slots of a pool, or of all pools together (`ALL_POOLS`). 0: no such pool, or no limit over all pools. */
export function slotLimit(context: Pick<Context, 'pools' | 'maxRunners'>, pool: string): number {
  return (pool === ALL_POOLS ? context.maxRunners : poolOf(context, pool)?.maxRunners) ?? 0;
}

/** Any slot of the pool, and one of the limit over all pools, at random and without a read: they may be in use. */
export function guessSlots(
  {random, maxRunners: limit}: Pick<Context, 'random' | 'maxRunners'>,
  {name: pool, maxRunners}: {readonly name: string; readonly maxRunners: number},
): SlotCandidates {
  const all = limit === undefined ? null : guessSlot({pool: ALL_POOLS, maxRunners: limit, random});
  return {own: guessSlot({pool, maxRunners, random}), all};
}

/** Finds a free slot of the pool, and one of the limit over all pools. */
export async function findSlots(
  {store, random, maxRunners: limit}: Pick<Context, 'store' | 'random' | 'maxRunners'>,
  {name: pool, maxRunners}: {readonly name: string; readonly maxRunners: number},
): Promise<SlotCandidates> {
  const all = limit === undefined ? null : await findFreeSlot(store, {pool: ALL_POOLS, maxRunners: limit, random});
  return {own: await findFreeSlot(store, {pool, maxRunners, random}), all};
}

/** Which limit is reached: that of the pool, or the one over all pools; undefined: none. Reads counts alone, and changes nothing. */
async function reachedLimit(
  context: Pick<Context, 'store' | 'pools' | 'maxRunners'>,
  pool: string,
): Promise<'pool' | 'all pools' | undefined> {
  const isReached = async (of: string) => {
    const [made, free] = await Promise.all([
      context.store.count('slots', {pool: of}),
      context.store.count('slots', {pool: of, holder: null}),
    ]);
    return made - free >= slotLimit(context, of);
  };
  if (await isReached(pool)) return 'pool';
  return context.maxRunners !== undefined && (await isReached(ALL_POOLS)) ? 'all pools' : undefined;
}

/**
 * Why the pool may have no further runner now, in a sentence without a point at its end; undefined: it may. Reads counts alone, and changes
 * nothing.
 */
export async function noSlotBecause(
  context: Pick<Context, 'store' | 'pools' | 'maxRunners'>,
  pool: string,
): Promise<string | undefined> {
  const limit = slotLimit(context, pool);
  if (limit === 0) return `pool ${pool} is drained: its maxRunners is 0, and no runner is made`;
  const reached = await reachedLimit(context, pool);
  if (reached === 'pool') return `pool ${pool} is full: ${limit} of ${limit} runners are in use or on their way`;
  const ofAll = slotLimit(context, ALL_POOLS);
  return reached && `all pools together are full: ${ofAll} of ${ofAll} runners are in use or on their way`;
}

/** The slots that a runner left to the job when it was over, as far as they are still kept for the job. */
export async function readKeptSlots(
  transaction: Transaction,
  key: string,
  {slot, slotOfAll}: Pick<JobDocument, 'slot' | 'slotOfAll'>,
): Promise<readonly (SlotRead & {readonly document: SlotDocument})[]> {
  const ids = [slot, slotOfAll].filter((id) => typeof id === 'string');
  const documents = await Promise.all(ids.map((id) => transaction.get('slots', id)));
  return ids.flatMap((id, index) => {
    const document = documents[index];
    return document?.holder === jobHolder(key) ? [{id, pool: document.pool, n: document.n, document}] : [];
  });
}

/** Gives the slot another holder; null: none. A slot above a limit that was lowered is deleted instead. */
export function setSlotHolder(
  context: Pick<Context, 'pools' | 'maxRunners'>,
  transaction: Transaction,
  {id, pool, n}: SlotCandidate,
  holder: string | null,
  now: number,
): void {
  if (n < slotLimit(context, pool)) transaction.set('slots', id, newSlot({pool, n}, holder, now));
  else transaction.delete('slots', id);
}

/** The slots for a job: those kept for it, else the candidates. Undefined: the job's pool, or all pools together, are full. */
export async function readSlots(
  context: Pick<Context, 'pools' | 'maxRunners'>,
  transaction: Transaction,
  kept: readonly SlotRead[],
  candidates: SlotCandidates,
): Promise<Slots<SlotRead> | undefined> {
  const usable = kept.filter(({pool, n}) => n < slotLimit(context, pool));
  const own = usable.find(({pool}) => pool !== ALL_POOLS) ?? (await readSlot(transaction, candidates.own));
  const ofAll = usable.find(({pool}) => pool === ALL_POOLS) ?? (await readSlot(transaction, candidates.all));
  // mutation: limit over all pools
  const all = context.maxRunners === undefined ? null : ofAll;
  return own && all !== undefined ? {own, all} : undefined;
}

async function readSlot(
  transaction: Transaction,
  slot: SlotCandidate | null | undefined,
): Promise<SlotRead | undefined> {
  return slot ? {...slot, document: await transaction.get('slots', slot.id)} : undefined;
}

/** Whether both slots are free, or held by `holder`. */
export function areFree({own, all}: Slots<SlotRead>, holder?: string): boolean {
  return [own, all].every((slot) => !slot || slotIsFree(slot.document) || slot.document?.holder === holder);
}

/** Gives both slots to the runner, in a transaction that found them free. */
export function takeSlots(transaction: Transaction, {own, all}: Slots, holder: string, now: number): void {
  transaction.set('slots', own.id, newSlot(own, holder, now));
  if (all) transaction.set('slots', all.id, newSlot(all, holder, now));
}

/** Free slots read by one query, of which a random one is taken. Few, because each is a billed read; several, so that concurrent executions rarely choose the same. */
const FREE_SLOTS_READ = 20;

/** Queries that may return only slots above the limit: enough for a limit that was lowered by 1,000. */
const MAX_LOOKS = 50;

/** A slot that looked free, and may have been taken since; or one that a runner holds. */
export interface SlotCandidate {
  readonly id: string;
  readonly pool: string;
  readonly n: number;
}

/** What a pool has: so many slots, of which one is taken at random. */
interface SlotsOfPool {
  readonly pool: string;
  readonly maxRunners: number;
  readonly random: Random;
}

/** Any slot, which may be in use. Undefined: the pool has none. */
function guessSlot({pool, maxRunners, random}: SlotsOfPool): SlotCandidate | undefined {
  // mutation: drained pool
  if (maxRunners === 0) return undefined;
  const n = Math.floor(random.next() * maxRunners);
  return {id: slotId(pool, n), pool, n};
}

/**
 * Finds a slot that is probably free, without reading all slots in use; undefined: the pool is full. Tries a random slot, then the documents
 * of free slots, then, if there are fewer documents than `maxRunners`, a number without document. The caller takes the slot in a transaction
 * that reads it again (`slotIsFree`, `newSlot`), and looks for another if it is taken.
 */
export async function findFreeSlot(
  store: Store,
  {pool, maxRunners, random}: SlotsOfPool,
): Promise<SlotCandidate | undefined> {
  const guessed = guessSlot({pool, maxRunners, random});
  if (!guessed) return undefined;
  if (slotIsFree(await store.get('slots', guessed.id))) return guessed;
  for (let look = 0; look < MAX_LOOKS; look++) {
    const free = await store.find('slots', {where: {pool, holder: null}, limit: FREE_SLOTS_READ});
    const within = free.filter(({data}) => data.n < maxRunners);
    const chosen = within[Math.floor(random.next() * within.length)];
    if (chosen) return {id: chosen.id, pool, n: chosen.data.n};
    if (free.length === 0) break;
    await deleteFreeSlots(
      store,
      free.map(({id}) => id),
    );
  }
  const made = await store.count('slots', {pool});
  if (made >= maxRunners) return undefined;
  return findUnusedNumber(store, pool, maxRunners, Math.floor(random.next() * maxRunners));
}

/** Deletes free slots above a limit that was lowered: queries would return them instead of usable slots, and the count would include them. */
async function deleteFreeSlots(store: Store, ids: readonly string[]): Promise<void> {
  await store.transaction(async (transaction) => {
    const slots = await Promise.all(ids.map((id) => transaction.get('slots', id)));
    ids.forEach((id, index) => {
      if (slots[index]?.holder === null) transaction.delete('slots', id);
    });
  });
}

/** The first number without a document, counted from `start` and continued at 0. */
async function findUnusedNumber(
  store: Store,
  pool: string,
  maxRunners: number,
  start: number,
): Promise<SlotCandidate | undefined> {
  for (let step = 0; step < maxRunners; step++) {
    const n = (start + step) % maxRunners;
    const id = slotId(pool, n);
    if ((await store.get('slots', id)) === undefined) return {id, pool, n};
  }
  return undefined;
}
