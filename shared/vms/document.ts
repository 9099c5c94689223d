import {newVm, type VmDocument} from '../model/vm';
import type {Context} from '../ports';
import type {VmReference} from '../providers/persistent-vm';
import type {Transaction} from '../store/store';

/** A VM with the id of its document, `<zone>.<instance>`. */
export type RecordedVm = VmReference & {readonly id: string};

/** The VM's document; the first one for a VM that is not on record. */
export async function readVm(reader: Pick<Transaction, 'get'>, vm: RecordedVm, now: number): Promise<VmDocument> {
  return (await reader.get('vms', vm.id)) ?? newVm(vm, now);
}

/** Changes the VM's document in a transaction, and returns the changed document. */
export async function changeVm(
  context: Pick<Context, 'store' | 'clock'>,
  vm: RecordedVm,
  change: (document: VmDocument, now: number) => VmDocument,
): Promise<VmDocument> {
  return context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const changed = change(await readVm(transaction, vm, now), now);
    transaction.set('vms', vm.id, changed);
    return changed;
  });
}
