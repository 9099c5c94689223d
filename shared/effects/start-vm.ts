import type {Pool} from '../model/pool';
import {startVmTask} from '../model/tasks';
import {active, isStopping, starting} from '../model/vm';
import type {Context} from '../ports';
import {isGoingDown, isUp} from '../providers/vm';
import type {OperationOptions, StartResult} from './operations';
import {refusal} from './vm/refusal';
import {changeVm} from './vm/vm-document';
import {vmToOperate} from './vm/vm-to-operate';

/**
 * Starts a pool's persistent VM because somebody asked for it, and returns when Compute Engine has accepted. A task waits for the rest: its
 * runner's labels, and the stop when no job comes. Throws what Compute Engine refuses.
 */
export async function startVm(context: Context, pool: Pool, {dryRun}: OperationOptions): Promise<StartResult> {
  const {vm, machine, status} = await vmToOperate(context, pool);
  if (isUp(status)) return {status: 'already_running'};
  const document = await context.store.get('vms', vm.id);
  if (isGoingDown(status) || (document && isStopping(document, context.clock.now()))) return {status: 'stopping'};
  if (dryRun) return {status: 'starting', operation: null};

  const begun = await machine.beginStart();
  if (begun.kind !== 'begun' && begun.kind !== 'done') throw refusal(vm, begun);
  const {version} = await changeVm(context, vm, (known, now) => starting(active(known, now), now));
  await context.tasks.enqueue(startVmTask(context.deployment, vm, version));
  context.logger.info(`VM ${vm.instance} is started by hand`, {decision: 'start_by_hand', vm: vm.instance});
  return {status: 'starting', operation: begun.kind === 'begun' ? begun.operation.name : null};
}
