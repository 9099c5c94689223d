import type {Pool} from '../config/config';
import {NoCapacity, QuotaExceeded, Refused, Unavailable, Uncertain} from '../errors';
import {taskName} from '../lifecycle/naming';
import {active, isStopping, newVm, starting} from '../lifecycle/vm';
import {isGoingDown, isUp, type NotReady, type VmRefusal} from '../providers/vm';
import type {Context} from './context';
import type {OperationOptions, StartResult} from './operations';
import {vmOfPool} from './vm/vms';

/**
 * Starts a pool's persistent VM because somebody asked for it, and returns when Compute Engine has accepted. A task waits for the rest: its
 * runner's labels, and the stop when no job comes. Throws what Compute Engine refuses.
 */
export async function startVm(context: Context, pool: Pool, {dryRun}: OperationOptions): Promise<StartResult> {
  const vm = vmOfPool(context, pool.name);
  if (!vm) throw new Refused(`pool ${pool.name} has no persistent VM; expected a pool of type gce-vm`);
  const machine = context.vm(vm);
  const status = await machine.status();
  if (status === undefined) throw new Refused(`found no VM ${vm.instance} in ${vm.zone}; expected it to exist`);
  if (isUp(status)) return {status: 'already_running'};
  const document = await context.store.get('vms', vm.id);
  if (isGoingDown(status) || (document && isStopping(document, context.clock.now()))) return {status: 'stopping'};
  if (dryRun) return {status: 'starting', operation: null};

  const begun = await machine.beginStart();
  if (begun.kind !== 'begun' && begun.kind !== 'done') throw refusal(begun);
  const version = await context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const next = starting(active((await transaction.get('vms', vm.id)) ?? newVm(vm, now), now), now);
    transaction.set('vms', vm.id, next);
    return next.version;
  });
  await context.tasks.enqueue({
    queue: 'provision',
    name: taskName(`start/${context.deployment}/${vm.id}/${version}`, 'start', vm.instance, version),
    body: {kind: 'vm', vm: vm.id},
  });
  context.logger.info(`VM ${vm.instance} is started by hand`, {decision: 'start_by_hand', vm: vm.instance});
  return {status: 'starting', operation: begun.kind === 'begun' ? begun.operation.name : null};
}

/** Compute Engine's no, as an error for whoever asked. */
export function refusal(refused: NotReady | VmRefusal): Error {
  switch (refused.kind) {
    case 'not_ready':
      return new Unavailable(`the VM is ${refused.status}, neither up nor down`, refused.retryAfterSeconds);
    case 'no_capacity':
      return new NoCapacity(refused.message, 60);
    case 'quota':
      return new QuotaExceeded(refused.message, 60);
    case 'rate_limited':
      return new Unavailable(refused.message, refused.retryAfterSeconds);
    case 'uncertain':
      return new Uncertain(refused.message, 10);
    case 'missing':
    case 'refused':
      return new Refused(refused.message);
  }
}
