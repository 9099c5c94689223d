import {type JobKey, markHeldBack} from '../model/job';
import {unassign} from '../model/runner';
import {ALL_POOLS, jobOfHolder, newSlot, slotIsFree} from '../model/slot';
import {demandTask, idleCheckTask, vmCheckTask} from '../model/tasks';
import {type Context, poolOf} from '../ports';
import {findFreeSlot, readKeptSlots, serveOldestOpenJob, setSlotHolder} from '../runners/slots';
import {findVmById} from '../vms/vms';
import {reportHeldBack} from './held-back';
import type {Repaired} from './rule';

/** The job whose runner is over is demand again. */
export async function reopenJob(
  context: Context,
  {job: key, runner: name}: {readonly job: JobKey; readonly runner: string | null},
): Promise<Repaired> {
  const cause = await context.store.transaction(async (transaction) => {
    const job = await transaction.get('jobs', key);
    const runner = name === null ? undefined : await transaction.get('runners', name);
    if (job?.demand !== 'covered' || job.runner !== name || runner?.covers === key || runner?.runs === key) {
      return undefined;
    }
    transaction.set('jobs', key, {...job, demand: 'open', runner: null, updatedAt: context.clock.now()});
    return `lost-${name ?? 'none'}-${job.creations}`;
  });
  if (cause === undefined) return 'void';
  await context.tasks.enqueue(demandTask(key, cause));
  return 'done';
}

/** The job waits for a pool that is not configured any more: it is demand of the one that takes it now, and its slot goes with the old one. */
export async function moveJob(
  context: Context,
  {job: key, pool}: {readonly job: JobKey; readonly pool: string},
): Promise<Repaired> {
  const from = await context.store.transaction(async (transaction) => {
    const job = await transaction.get('jobs', key);
    if (job?.status !== 'queued' || job.demand === 'covered' || poolOf(context, job.pool)) return undefined;
    const now = context.clock.now();
    for (const slot of await readKeptSlots(transaction, key, job)) setSlotHolder(context, transaction, slot, null, now);
    const open = {demand: 'open', runner: null, slot: null, slotOfAll: null} as const;
    transaction.set('jobs', key, {...job, ...open, pool, updatedAt: now});
    return job.pool;
  });
  if (from === undefined) return 'void';
  await context.tasks.enqueue(demandTask(key, `moved-from-${from}-to-${pool}`));
  return 'done';
}

/**
 * A runner waited for its job for `idleMinutes`: GitHub holds the job back. The job is left alone for a while, with a dead letter that says
 * why, and the runner goes as a spare one does: three more readings, deregistered first.
 */
export async function releaseIdle(context: Context, name: string): Promise<Repaired> {
  const released = await context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const runner = await transaction.get('runners', name);
    const job = runner?.covers ? await transaction.get('jobs', runner.covers) : undefined;
    if (!runner?.covers || runner.runs !== null) return undefined;
    const spare = unassign(runner, now);
    const waits = job?.status === 'queued' && job.runner === name ? job : undefined;
    const held = waits && markHeldBack(waits, now);
    if (held) transaction.set('jobs', runner.covers, held);
    transaction.set('runners', name, spare);
    return {spare, held};
  });
  if (released?.held) await reportHeldBack(context, released.spare, released.held);
  if (!released?.spare.spare) return 'void';
  await context.tasks.enqueue(idleCheckTask(released.spare, 0, 0));
  return 'done';
}

export async function repeatIdleCheck(context: Context, name: string, reading: number): Promise<Repaired> {
  const runner = await context.store.get('runners', name);
  if (!runner?.spare) return 'void';
  await context.tasks.enqueue(idleCheckTask(runner, reading, 0));
  return 'done';
}

export async function repeatVmCheck(context: Context, id: string, reading: number): Promise<Repaired> {
  const vm = findVmById(context, id);
  const document = vm && (await context.store.get('vms', id));
  if (!vm || !document) return 'void';
  await context.tasks.enqueue(
    vmCheckTask(context.deployment, vm, {version: document.version, reading, delaySeconds: 0}),
  );
  return 'done';
}

export async function freeSlot(context: Context, id: string, holder: string): Promise<Repaired> {
  const now = context.clock.now();
  const pool = await context.store.transaction(async (transaction) => {
    const slot = await transaction.get('slots', id);
    const key = jobOfHolder(holder);
    const job = key === undefined ? undefined : await transaction.get('jobs', key);
    const runner = key === undefined ? await transaction.get('runners', holder) : undefined;
    if (runner?.slot === id || runner?.slotOfAll === id) return undefined;
    if (slot?.holder !== holder || job?.slot === id || job?.slotOfAll === id) return undefined;
    transaction.set('slots', id, newSlot(slot, null, now));
    return slot.pool;
  });
  if (pool === undefined) return 'void';
  await serveOldestOpenJob(context, pool, `slot-${id}-lost-by-${holder}`);
  return 'done';
}

/** The runner takes a slot of all pools, where one is free. */
export async function countRunner(context: Context, name: string): Promise<Repaired> {
  const {store, random, clock, maxRunners = 0} = context;
  const free = await findFreeSlot(store, {pool: ALL_POOLS, maxRunners, random});
  if (!free) return 'void';
  return store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    const slot = await transaction.get('slots', free.id);
    if (!runner?.slot || runner.slotOfAll || !slotIsFree(slot)) return 'void';
    transaction.set('slots', free.id, newSlot(free, name, clock.now()));
    transaction.set('runners', name, {...runner, slotOfAll: free.id});
    return 'done';
  });
}
