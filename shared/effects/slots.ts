import type {JobDocument} from '../model/job';
import {ALL_POOLS, jobHolder, type SlotDocument, slotIsFree, takenSlot} from '../model/slot';
import {type Context, poolOf} from '../ports';
import {findFreeSlot, type SlotCandidate} from '../store/slots';
import type {Transaction} from '../store/store';

/** A slot as a transaction read it. */
export interface SlotRead extends SlotCandidate {
  readonly document: SlotDocument | undefined;
}

/** What a runner holds: a slot of its pool, and one of all pools together where these have a limit (null: they have none). */
export interface Slots<S extends SlotCandidate = SlotCandidate> {
  readonly own: S;
  readonly all: S | null;
}

/** Slots that looked free, each undefined where none does, and may have been taken since. */
export type SlotsInSight = {[K in keyof Slots]: Slots[K] | undefined};

/** How many slots there are of a pool, or of all pools together. None of the latter: there is no such limit. */
export function slotLimit(context: Pick<Context, 'pools' | 'maxRunners'>, pool: string): number {
  return (pool === ALL_POOLS ? context.maxRunners : poolOf(context, pool)?.maxRunners) ?? 0;
}

/** A free slot of the pool and one of all pools. The latter is looked for first: where they are full, most pools have room. */
export async function findSlots(
  {store, random, maxRunners: limit}: Pick<Context, 'store' | 'random' | 'maxRunners'>,
  {name: pool, maxRunners}: {readonly name: string; readonly maxRunners: number},
): Promise<SlotsInSight> {
  const all = limit === undefined ? null : await findFreeSlot(store, {pool: ALL_POOLS, maxRunners: limit, random});
  return {own: await findFreeSlot(store, {pool, maxRunners, random}), all};
}

/** The slots that are kept for the job, by a runner that went. */
export async function readKept(
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

/** The slot has another holder, or is free (null). One above a limit that was lowered goes for good. */
export function giveSlot(
  context: Pick<Context, 'pools' | 'maxRunners'>,
  transaction: Transaction,
  {id, pool, n}: SlotCandidate,
  holder: string | null,
  now: number,
): void {
  if (n < slotLimit(context, pool)) transaction.set('slots', id, takenSlot({pool, n}, holder, now));
  else transaction.delete('slots', id);
}

/** The job's kept slots, and for what it lacks those in sight; undefined: its pool, or all pools together, are full. */
export async function readSlots(
  context: Pick<Context, 'pools' | 'maxRunners'>,
  transaction: Transaction,
  kept: readonly SlotRead[],
  inSight: SlotsInSight,
): Promise<Slots<SlotRead> | undefined> {
  const usable = kept.filter(({pool, n}) => n < slotLimit(context, pool));
  const own = usable.find(({pool}) => pool !== ALL_POOLS) ?? (await readSlot(transaction, inSight.own));
  const ofAll = usable.find(({pool}) => pool === ALL_POOLS) ?? (await readSlot(transaction, inSight.all));
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

/** Whether nobody took one of them since it looked free. `holder`: who may have it already. */
export function areFree({own, all}: Slots<SlotRead>, holder?: string): boolean {
  return [own, all].every((slot) => !slot || slotIsFree(slot.document) || slot.document?.holder === holder);
}

/** Takes both for the runner, in a transaction that found them free. */
export function takeSlots(transaction: Transaction, {own, all}: Slots, holder: string, now: number): void {
  transaction.set('slots', own.id, takenSlot(own, holder, now));
  if (all) transaction.set('slots', all.id, takenSlot(all, holder, now));
}
