import {taskName} from '../../lifecycle/naming';
import type {Context} from '../../ports';
import type {Vm} from './vms';

/** Look number `reading`, in `delaySeconds`, whether the VM may stop. Void when there was activity of a newer version. */
export async function scheduleVmCheck(
  context: Context,
  vm: Vm,
  version: number,
  reading: number,
  delaySeconds: number,
): Promise<void> {
  await context.tasks.enqueue({
    queue: 'stop',
    name: taskName(`vm/${context.deployment}/${vm.id}/${version}/${reading}`, 'vm', vm.instance, version, reading),
    body: {kind: 'vm', vm: vm.id, version, reading},
    delaySeconds,
  });
}
