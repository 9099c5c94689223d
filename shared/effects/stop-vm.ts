import {LeaseHeld} from '../errors';
import type {Pool} from '../model/pool';
import {vmCheckTask} from '../model/tasks';
import type {DrainedRunner} from '../model/vm';
import type {Context} from '../ports';
import {isDown, isGoingDown} from '../providers/vm';
import type {OperationOptions, StopResult} from './operations';
import {claimStop, recordRunningOn} from './vm/claim-stop';
import {drain, labelsToDrain, restoreLabels} from './vm/drain-vm';
import {findRunners, observeVm} from './vm/observe-vm';
import {refusal} from './vm/refusal';
import {readVm} from './vm/vm-document';
import {vmToOperate} from './vm/vm-to-operate';
import type {Vm} from './vm/vms';

/** Until the VM should be down: then its stop is put on record. */
const SETTLED_AFTER_SECONDS = 60;

/**
 * Stops a pool's persistent VM because somebody asked for it, and returns when Compute Engine has accepted. Refused while it works or a job
 * waits for it, unless `force`: then its job is lost. A job that still waits when the VM is down has it started again.
 */
export async function stopVm(
  context: Context,
  pool: Pool,
  {dryRun, force}: OperationOptions & {force: boolean},
): Promise<StopResult> {
  const {vm, machine, status} = await vmToOperate(context, pool);
  if (isDown(status)) return {status: 'already_stopped'};
  if (isGoingDown(status)) return {status: 'stopping', operation: null};

  const document = await readVm(context.store, vm, context.clock.now());
  const seen = force ? undefined : await observeVm(context, vm, document);
  if (seen && seen.kind !== 'idle') return {status: 'busy'};
  if (dryRun) return {status: 'stopping', operation: null};

  const drained = labelsToDrain(seen?.runners ?? [], document);
  const claimed = await claimStop(context, vm, {version: document.version, drained, byHand: true});
  if (!claimed) throw new LeaseHeld(`something just happened with VM ${vm.instance}; ask again`, 5);
  if (await becameBusy(context, vm, drained)) return {status: 'busy'};
  const begun = await machine.beginStop();
  if (begun.kind !== 'begun' && begun.kind !== 'done') {
    await restoreLabels(context, vm, await recordRunningOn(context, vm));
    throw refusal(vm, begun);
  }
  await context.tasks.enqueue(
    vmCheckTask(context.deployment, vm, {version: claimed.version, reading: 0, delaySeconds: SETTLED_AFTER_SECONDS}),
  );
  context.logger.info(`VM ${vm.instance} is stopped by hand`, {decision: 'stop_by_hand', vm: vm.instance, force});
  return {status: 'stopping', operation: begun.kind === 'begun' ? begun.operation.name : null};
}

/** GitHub may have given the runner a job before it lost its label. */
async function becameBusy(context: Context, vm: Vm, drained: readonly DrainedRunner[]): Promise<boolean> {
  if (drained.length === 0) return false;
  await drain(context, vm, drained);
  const document = await context.store.get('vms', vm.id);
  const runners = document ? await findRunners(context, vm, document) : [];
  if (!runners.some(({registration}) => registration.busy)) return false;
  await restoreLabels(context, vm, await recordRunningOn(context, vm));
  return true;
}
