import {type JobDocument, jobKeyOf} from '../../model/job';
import {applyJobEvent, type JobChange, type JobEvent} from '../../model/job-event';
import {
  active,
  isStopping,
  runsJob,
  runsNoMore,
  type SeenLabels,
  started,
  type VmDocument,
  withSeenLabels,
} from '../../model/vm';
import type {Context} from '../../ports';
import type {Transaction} from '../../store/store';
import {changeVm, readVm} from './vm-document';
import {isRunnerOf, type Vm} from './vms';

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
    const job = change.kind === 'opened' ? covered(vm, change.job) : change.job;
    if (isNotOfVm(vm, existing, change.kind, event)) {
      transaction.set('jobs', jobKeyOf(event), job);
      return {change: change.kind, job, document};
    }
    const known = seen ? {...document, seenLabels: withSeenLabels(document.seenLabels, seen)} : document;
    const next = heard(vm, active(known, now, event), change.kind, event, now);
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
export async function recordForeignJob(context: Context, vm: Vm, event: JobEvent): Promise<VmDocument> {
  const kind = event.status === 'completed' ? 'finished' : 'started';
  return changeVm(context, vm, (known, now) => heard(vm, active(known, now, event), kind, event, now));
}

/** Writes the job down as covered by the VM, in a transaction whose reads are done by the caller. */
export function coverByVm(transaction: Transaction, vm: Vm, job: JobDocument): void {
  transaction.set('jobs', jobKeyOf(job), covered(vm, job));
}

function covered({pools}: Vm, job: JobDocument): JobDocument {
  const own = pools.find(({pool}) => pool.name === job.pool);
  return {...job, demand: 'covered', runner: own?.runnerName ?? null};
}

function heard(vm: Vm, document: VmDocument, change: JobChange['kind'], event: JobEvent, now: number): VmDocument {
  const key = jobKeyOf(event);
  if (change === 'finished' || change === 'parked') return runsNoMore(document, key);
  if (change !== 'started' || !event.runnerName || !isRunnerOf(vm, event.runnerName)) return document;
  // Who runs a job is up, unless that is about to end.
  return runsJob(isStopping(document, now) ? document : started(document, now), key);
}
