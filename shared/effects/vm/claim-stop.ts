import {type JobKey, jobKeyOf} from '../../model/job';
import {LEASE_MS} from '../../model/lease';
import {demandTask} from '../../model/tasks';
import {
  active,
  type DrainedRunner,
  isBeingStarted,
  isStopping,
  started,
  stopped,
  stopping,
  type VmDocument,
} from '../../model/vm';
import type {Context} from '../../ports';
import {queuedJobs} from './observe-vm';
import {changeVm, readVm} from './vm-document';
import type {Vm} from './vms';

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
    if (document.version !== version || isStopping(document, now)) return undefined;
    const claimed = stopping(byHand ? active(document, now) : document, {now, leaseMs: LEASE_MS, drained});
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
export async function recordRunningOn(context: Context, vm: Vm): Promise<VmDocument> {
  return changeVm(context, vm, started);
}

/** The VM is down. Returns the job that has it started again, when one waits. */
export async function recordStopped(context: Context, vm: Vm, version: number): Promise<JobKey | undefined> {
  await context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const document = await transaction.get('vms', vm.id);
    // Somebody is about to start it again.
    if (!document || document.state === 'stopped' || isBeingStarted(document, now)) return;
    transaction.set('vms', vm.id, stopped(document, now));
  });
  const [oldest] = await queuedJobs(context, vm);
  if (!oldest) return undefined;
  const key = jobKeyOf(oldest);
  await context.tasks.enqueue(demandTask(key, `vm-stopped-${vm.id}-${version}`));
  return key;
}
