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
 * Records an event of a job that the VM is for. What is new in it is activity, which makes a planned stop void. `seen`: what labels a runner
 * of the VM had a moment ago.
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

/** What becomes of a job that was turned away is no activity of the VM, unless its runner took it all the same. */
function isNotOfVm(vm: Vm, before: JobDocument | undefined, change: JobChange['kind'], event: JobEvent): boolean {
  if (before?.demand !== 'dead' || change === 'opened') return false;
  return event.runnerName === null || !isRunnerOf(vm, event.runnerName);
}

/** A job that another pool was for ran on the VM: its runner had all the labels. */
async function recordForeignJob(context: Context, vm: Vm, event: JobEvent): Promise<VmDocument> {
  const kind = event.status === 'completed' ? 'finished' : 'started';
  return changeVm(context, vm, (known, now) => applyToVm(vm, recordActivity(known, now, event), kind, event, now));
}

/** Writes the job down as covered by the VM, in a transaction whose reads are done by the caller. */
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
 * Takes the right to stop the VM, for as long as a lease holds: from here on a job that arrives waits until the VM is down, and has it
 * started again. Undefined when there was newer activity, or another execution is at it. `byHand` makes planned stops void.
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

/** False when the claim is void: there was newer activity than `version`, or somebody else went on. Undefined: of any version. */
export async function renewStop(context: Context, vm: Vm, version: number | undefined): Promise<boolean> {
  return context.store.transaction(async (transaction) => {
    const document = await transaction.get('vms', vm.id);
    if (document?.state !== 'stopping' || (version !== undefined && document.version !== version)) return false;
    transaction.set('vms', vm.id, {...document, stopLeaseUntil: context.clock.now() + LEASE_MS});
    return true;
  });
}

/** The stop is off. */
export async function recordStopCancelled(context: Context, vm: Vm): Promise<VmDocument> {
  return changeVm(context, vm, markRunning);
}

/** The VM is down. Returns the job that has it started again, when one waits. */
export async function recordStopped(context: Context, vm: Vm, version: number): Promise<JobKey | undefined> {
  await context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const document = await transaction.get('vms', vm.id);
    // Somebody is about to start it again.
    if (!document || document.state === 'stopped' || isBeingStarted(document, now)) return;
    transaction.set('vms', vm.id, markStopped(document, now));
  });
  const [oldest] = await queuedJobs(context, vm);
  if (!oldest) return undefined;
  const key = jobKeyOf(oldest);
  await context.tasks.enqueue(demandTask(key, `vm-stopped-${vm.id}-${version}`));
  return key;
}

/** `waiting`, `in_progress` and `completed` of a job of the VM. When nothing runs on it any more, its stop is planned. */
export async function recordVmEvent(context: Context, vm: Vm, event: JobEvent): Promise<Outcome> {
  const heard = await withOwnRunner(context, vm, event);
  if (heard !== event && (await isForeignJob(context, event))) return {decision: 'foreign', reason: vm.instance};
  const {change, document} = await recordVmJob(context, vm, heard);
  // A repeated event plans it again: the one before may have got no further than the record.
  if (event.status !== 'in_progress') await planStop(context, vm, document);
  return {decision: change, reason: vm.instance};
}

/** The event came for the runner's name alone. */
async function isForeignJob({pools, store}: Context, event: JobEvent): Promise<boolean> {
  const {repository, labels} = event;
  if (matchJob({repository, labels, isPublic: false}, pools).kind === 'matched') return false;
  return (await store.get('jobs', jobKeyOf(event))) === undefined;
}

/**
 * A job of a pool of another kind ran on a persistent VM, whose runner had all its labels. `change`: what the event changed about the job;
 * one that changed nothing is left out.
 */
export async function recordJobOfOtherPool(context: Context, event: JobEvent, change: string): Promise<void> {
  const vm = event.runnerName ? findVmOfRunner(context, event.runnerName) : undefined;
  if (!vm || (change !== 'started' && change !== 'finished')) return;
  if (!(await isOwnRunner(context, vm, event))) return logForeign(context, vm, event);
  const document = await recordForeignJob(context, vm, event);
  if (change === 'finished') await planStop(context, vm, document);
}

/** The job is queued again: the VM of its pool, if the pool has one, runs it no more. */
export async function endRunOnVm(context: Context, job: JobDocument): Promise<void> {
  const vm = findVmOfPool(context, job.pool);
  if (vm) await changeVm(context, vm, (document) => removeRunningJob(document, jobKeyOf(job)));
}

async function planStop(context: Context, vm: Vm, {version}: VmDocument): Promise<void> {
  await context.tasks.enqueue(
    vmCheckTask(context.deployment, vm, {version, reading: 0, delaySeconds: vm.idleMinutes * 60}),
  );
}

/** Jobs of one pool that are asked after in one look. */
const MAX_QUEUED_JOBS = 20;

/** The jobs on record that wait for the VM, oldest first. */
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
