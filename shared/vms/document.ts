import {newVm, type VmDocument} from '../model/vm';
import type {Context} from '../ports';
import type {Transaction} from '../store/store';
import type {Vm} from './vms';

/** The VM's document; the first one for a VM that is not on record. */
export async function readVm(reader: Pick<Transaction, 'get'>, vm: Vm, now: number): Promise<VmDocument> {
  return (await reader.get('vms', vm.id)) ?? newVm(vm, now);
}

/** Changes the VM's document in a transaction, and returns the changed document. */
export async function changeVm(
  context: Context,
  vm: Vm,
  change: (document: VmDocument, now: number) => VmDocument,
): Promise<VmDocument> {
  return context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const changed = change(await readVm(transaction, vm, now), now);
    transaction.set('vms', vm.id, changed);
    return changed;
  });
}
