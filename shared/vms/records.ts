import type {Outcome} from '../decisions';
import {type JobDocument, type JobKey, jobKeyOf} from '../model/job';
import {applyJobEvent, type JobChange, type JobEvent} from '../model/job-event';
import {LEASE_MS} from '../model/lease';
import {matchJob} from '../model/matching';
import {demandTask, vmCheckTask} from '../model/tasks';
import {
  addRunningJob,
  type DrainedRunner,
  isBeingStarted,
  isBeingStopped,
  markRunning,
  markStopped,
  markStopping,
  recordActivity,
  removeRunningJob,
  type SeenLabels,
  type VmDocument,
  withSeenLabels,
} from '../model/vm';
import type {Context} from '../ports';
import type {Transaction} from '../store/store';
import {changeVm, readVm} from './document';
import {isOwnRunner, logForeign, withOwnRunner} from './own-runner';
import {findVmOfPool, findVmOfRunner, isRunnerOf, type Vm} from './vms';

export interface VmRecord {
  readonly change: JobChange['kind'];
  readonly job: JobDocument;
  /** The VM's document as it stands now. */
  readonly document: VmDocument;
}

/**
 * Records an event of a job of the VM's pools. An event that changes the job is an activity, which makes a planned stop void. `seen`: labels
 * of a runner of the VM that were just read.
 */
export async function recordVmJob(context: Context, vm: Vm, event: JobEvent, seen?: SeenLabels): Promise<VmRecord> {
  return context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const existing = await transaction.get('jobs', jobKeyOf(event));
    const document = await readVm(transaction, vm, now);
    const change = applyJobEvent(existing, event, now);
    if (change.kind === 'unchanged') return {change: change.kind, job: change.job, document};
    const job = change.kind === 'opened' ? assignedToVm(vm, change.job) : change.job;
    if (isNotOfVm(vm, existing, change.kind, event)) {
      transaction.set('jobs', jobKeyOf(event), job);
      return {change: change.kind, job, document};
    }
    const known = seen ? {...document, seenLabels: withSeenLabels(document.seenLabels, seen)} : document;
    const next = applyToVm(vm, recordActivity(known, now, event), change.kind, event, now);
    transaction.set('jobs', jobKeyOf(event), job);
    transaction.set('vms', vm.id, next);
    return {change: change.kind, job, document: next};
  });
}

/** Whether an event of a rejected job (`dead`) is no activity of the VM: the job is not opened again, and no runner of the VM runs it. */
function isNotOfVm(vm: Vm, before: JobDocument | undefined, change: JobChange['kind'], event: JobEvent): boolean {
  if (before?.demand !== 'dead' || change === 'opened') return false;
  return event.runnerName === null || !isRunnerOf(vm, event.runnerName);
}

/** Records that the job is assigned to the VM, in a transaction whose reads are done. */
export function assignToVm(transaction: Transaction, vm: Vm, job: JobDocument): void {
  transaction.set('jobs', jobKeyOf(job), assignedToVm(vm, job));
}

function assignedToVm({pools}: Vm, job: JobDocument): JobDocument {
  const own = pools.find(({pool}) => pool.name === job.pool);
  return {...job, demand: 'covered', runner: own?.runnerName ?? null};
}

function applyToVm(vm: Vm, document: VmDocument, change: JobChange['kind'], event: JobEvent, now: number): VmDocument {
  const key = jobKeyOf(event);
  if (change === 'finished' || change === 'parked') return removeRunningJob(document, key);
  if (change !== 'started' || !event.runnerName || !isRunnerOf(vm, event.runnerName)) return document;
  // Who runs a job is up, unless that is about to end.
  return addRunningJob(isBeingStopped(document, now) ? document : markRunning(document, now), key);
}

/**
 * Claims the stop of the VM for the time of a lease: a job that arrives from here on waits until the VM is down, and then starts it again.
 * Undefined: there was newer activity than `version`, or another execution stops the VM. `byHand`: also makes planned stops void.
 */
export async function claimStop(
  context: Context,
  vm: Vm,
  {version, drained, byHand = false}: {version: number; drained: readonly DrainedRunner[]; byHand?: boolean},
): Promise<VmDocument | undefined> {
  return context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const document = await readVm(transaction, vm, now);
    if (document.version !== version || isBeingStopped(document, now)) return undefined;
    const claimed = markStopping(byHand ? recordActivity(document, now) : document, {now, leaseMs: LEASE_MS, drained});
    transaction.set('vms', vm.id, claimed);
    return claimed;
  });
}

/** Renews the lease of a stop. False: the stop is not claimed any more, or there was newer activity than `version` (undefined: any version). */
export async function renewStop(context: Context, vm: Pick<Vm, 'id'>, version: number | undefined): Promise<boolean> {
  return context.store.transaction(async (transaction) => {
    const document = await transaction.get('vms', vm.id);
    if (document?.state !== 'stopping' || (version !== undefined && document.version !== version)) return false;
    transaction.set('vms', vm.id, {...document, stopLeaseUntil: context.clock.now() + LEASE_MS});
    return true;
  });
}

/** Records that a claimed stop is not carried out, and the VM is still up. */
export async function recordStopCancelled(context: Context, vm: Vm): Promise<VmDocument> {
  return changeVm(context, vm, markRunning);
}

/**
 * Records that the VM is down. If a job waits, enqueues its task, which starts the VM again, and returns the job's key. `downAt`: since when,
 * where it went down by itself.
 */
export async function recordStopped(
  context: Context,
  vm: Vm,
  version: number,
  downAt?: number,
): Promise<JobKey | undefined> {
  await context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const document = await transaction.get('vms', vm.id);
    // Another execution may be starting the VM again.
    if (!document || document.state === 'stopped' || isBeingStarted(document, now)) return;
    transaction.set('vms', vm.id, markStopped(document, now, downAt));
  });
  const [oldest] = await queuedJobs(context, vm);
  if (!oldest) return undefined;
  const key = jobKeyOf(oldest);
  await context.tasks.enqueue(demandTask(key, `vm-stopped-${vm.id}-${version}`));
  return key;
}

/** Records a `waiting`, `in_progress` or `completed` event of a job of the VM's pools, and plans the VM's stop unless the job runs. */
export async function recordVmEvent(context: Context, vm: Vm, event: JobEvent): Promise<Outcome> {
  const ownEvent = await withOwnRunner(context, vm, event);
  if (ownEvent !== event && (await isForeignJob(context, event))) return {decision: 'foreign', reason: vm.instance};
  const {change, document} = await recordVmJob(context, vm, ownEvent);
  // Also for a repeated event: the execution before may have crashed between the record and the plan.
  if (event.status !== 'in_progress') await planStop(context, vm, document);
  return {decision: change, reason: vm.instance};
}

/** Whether the event was accepted only for the runner's name: no pool matches the job, and the job is not on record. */
async function isForeignJob({pools, store}: Context, event: JobEvent): Promise<boolean> {
  const {repository, labels} = event;
  if (matchJob({repository, labels, isPublic: false}, pools).kind === 'matched') return false;
  return (await store.get('jobs', jobKeyOf(event))) === undefined;
}

/**
 * Records on a persistent VM a job of another pool, which its runner took because it has all of the job's labels. `change`: what the event
 * changed about the job; only a start or an end is recorded.
 */
export async function recordJobOfOtherPool(context: Context, event: JobEvent, change: string): Promise<void> {
  const vm = event.runnerName ? findVmOfRunner(context, event.runnerName) : undefined;
  if (!vm || (change !== 'started' && change !== 'finished')) return;
  if (!(await isOwnRunner(context, vm, event))) return logForeign(context, vm, event);
  const document = await changeVm(context, vm, (known, now) =>
    applyToVm(vm, recordActivity(known, now, event), change, event, now),
  );
  if (change === 'finished') await planStop(context, vm, document);
}

/** Records that the VM of the job's pool, if the pool has one, does not run the job any more, because it is queued again. */
export async function endRunOnVm(context: Context, job: JobDocument): Promise<void> {
  const vm = findVmOfPool(context, job.pool);
  if (vm) await changeVm(context, vm, (document) => removeRunningJob(document, jobKeyOf(job)));
}

async function planStop(context: Context, vm: Vm, {version}: VmDocument): Promise<void> {
  await context.tasks.enqueue(
    vmCheckTask(context.deployment, vm, {version, reading: 0, delaySeconds: vm.idleMinutes * 60}),
  );
}

/** Waiting jobs of one pool that are read at once. */
const MAX_QUEUED_JOBS = 20;

/** The queued jobs on record that wait for the VM, oldest first. */
export async function queuedJobs(context: Context, {pools}: Vm): Promise<JobDocument[]> {
  const found = await Promise.all(
    pools.map(({pool}) =>
      context.store.find('jobs', {
        where: {pool: pool.name, status: 'queued', demand: 'covered'},
        limit: MAX_QUEUED_JOBS,
      }),
    ),
  );
  return found
    .flat()
    .map(({data}) => data)
    .sort((a, b) => a.queuedAt - b.queuedAt);
}
