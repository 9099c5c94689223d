import {Refused} from '../../errors';
import type {Pool} from '../../model/pool';
import type {Context} from '../../ports';
import type {PersistentVm, VmStatus} from '../../providers/vm';
import {type Vm, vmOfPool} from './vms';

export interface VmToOperate {
  readonly vm: Vm;
  readonly machine: PersistentVm;
  readonly status: VmStatus;
}

/** The persistent VM of a pool, for an operation by hand. Throws `Refused` when the pool has none, or Compute Engine does not. */
export async function vmToOperate(context: Context, pool: Pool): Promise<VmToOperate> {
  const vm = vmOfPool(context, pool.name);
  if (!vm) throw new Refused(`pool ${pool.name} has no persistent VM; expected a pool of type gce-vm`);
  const machine = context.vm(vm);
  const status = await machine.status();
  if (status === undefined) throw new Refused(`found no VM ${vm.instance} in ${vm.zone}; expected it to exist`);
  return {vm, machine, status};
}
