import {MINUTE_MS} from '../durations';
import {findHostVm} from '../hosts/host-vm';
import {enqueueStart, planCheck} from '../hosts/start-vm';
import {heldBackPauseMs, type JobDocument, type JobKey, jobKeyOf, markHeldBack} from '../model/job';
import {isEnding, isOnlineOnRecord, type RunnerDocument, unassign} from '../model/runner';
import {ALL_POOLS, jobOfHolder, newSlot, slotIsFree} from '../model/slot';
import {demandTask, idleCheckTask, vmCheckTask} from '../model/tasks';
import {type Context, poolOf} from '../ports';
import {writeDeadLetter} from '../runners/give-up';
import {findFreeSlot, readKeptSlots, serveOldestOpenJob, setSlotHolder} from '../runners/slots';
import {findVmById} from '../vms/vms';
import type {Repaired} from './rule';

/** Makes the job open again whose runner is over. */
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

/** Moves a queued job of a removed pool to `pool`, and frees the slots that the job kept. */
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
 * Unassigns a runner that waited `idleMinutes` for its job. The job is not tried again for a while and gets a dead letter with the reason.
 * The runner ends like any unassigned one: after three more readings, deregistered first.
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

/** Logs and stores a dead letter: GitHub does not give the job to a runner that waits for it, and what a person can check. */
async function reportHeldBack(context: Context, runner: RunnerDocument, job: JobDocument): Promise<void> {
  const {logger, store, clock} = context;
  const key = jobKeyOf(job);
  const times = job.heldBack ?? 1;
  const minutes = Math.round(heldBackPauseMs(times) / MINUTE_MS);
  const message = `GitHub does not give job ${key} of ${job.repository} to runner ${runner.name}, which is online, idle and has its labels. ${questionToPerson(context, runner, job)} The job is tried again in ${minutes} minutes`;
  logger.error(message, {
    decision: 'dead_letter',
    reason: 'runner_idle',
    job: key,
    runner: runner.name,
    pool: job.pool,
    repository: job.repository,
    ...(job.url ? {url: job.url} : {}),
  });
  await writeDeadLetter(store, {
    task: `held-back-${runner.name}`,
    queue: 'provision',
    body: {kind: 'demand', job: key},
    error: message,
    reason: 'runner_idle',
    job: key,
    jobUrl: job.url,
    attempts: times,
    now: clock.now(),
  });
}

function questionToPerson(context: Context, {scope, pool}: RunnerDocument, {repository}: JobDocument): string {
  if (scope.kind === 'repository') {
    return `Do the Actions settings of ${repository}, its organization and enterprise allow self-hosted runners of the repository?`;
  }
  const group = poolOf(context, pool)?.runnerGroup ?? 'Default';
  return `Does runner group ${group} of ${scope.org} admit ${repository}, and this workflow?`;
}

/** Records that the runner is online. The job may have begun since it was seen: then nothing is written. */
export async function noteOnline({store, clock}: Context, name: string): Promise<Repaired> {
  return store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    if (!runner || runner.covers === null || runner.runs !== null) return 'void';
    if (isEnding(runner) || isOnlineOnRecord(runner)) return 'void';
    transaction.set('runners', name, {...runner, onlineAt: clock.now()});
    return 'done';
  });
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

export async function startHostVm(context: Context, id: string): Promise<Repaired> {
  const vm = findHostVm(context, id);
  if (!vm) return 'void';
  await enqueueStart(context, vm);
  return 'done';
}

export async function repeatHostVmCheck(context: Context, id: string): Promise<Repaired> {
  const vm = findHostVm(context, id);
  if (!vm) return 'void';
  await planCheck(context, vm, 0);
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

/** Assigns a free slot of the limit over all pools to the runner. */
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
