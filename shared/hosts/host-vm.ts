import {type Host, isDocker} from '../model/host';
import {isBooting} from '../model/host-vm';
import type {VmDocument} from '../model/vm';
import type {Context} from '../ports';
import {isStopped, isStopping} from '../providers/persistent-vm';
import type {RecordedVm} from '../vms/document';
import {vmId} from '../vms/vms';

/** The VM that is a Docker host: started for jobs, and stopped when the host is idle. */
export interface HostVm extends RecordedVm {
  readonly host: Host;
  /** The longest `bootMinutes` of the host's pools: in this time after a start its agent has to call. */
  readonly bootMinutes: number;
}

/** Where no pool has the host any more. */
const DEFAULT_BOOT_MINUTES = 5;

/** The VM of a host; undefined: somebody else keeps the host running. */
export function vmOfHost({pools}: Pick<Context, 'pools'>, host: Host): HostVm | undefined {
  if (!host.vm) return undefined;
  const own = pools.filter(isDocker).filter(({provider}) => provider.hosts.includes(host.name));
  const bootMinutes = own.length === 0 ? DEFAULT_BOOT_MINUTES : Math.max(...own.map((pool) => pool.bootMinutes));
  return {...host.vm, id: vmId(host.vm), host, bootMinutes};
}

/** The host's VM of this id, `<zone>.<instance>`; undefined: no host has it. */
export function findHostVm(context: Pick<Context, 'pools' | 'hosts'>, id: string): HostVm | undefined {
  const host = context.hosts.find(({vm}) => vm && vmId(vm) === id);
  return host && vmOfHost(context, host);
}

/**
 * Of a host that does not call: a sentence that says that its VM is down or starting, which is in order. Undefined: that is not the reason.
 * Throws errors of Compute Engine.
 */
export async function whyVmIsDown(
  context: Pick<Context, 'pools' | 'vm' | 'clock'>,
  host: Host & {readonly vmDocument: VmDocument | undefined},
): Promise<string | undefined> {
  const vm = vmOfHost(context, host);
  if (!vm) return undefined;
  const status = await context.vm(vm).status();
  const what = `VM ${vm.instance} of host ${host.name}`;
  if (status === undefined) return undefined;
  if (isStopped(status) || isStopping(status)) return `${what} is ${status}, and is started for jobs`;
  const isComing = host.vmDocument && isBooting(host.vmDocument, vm, context.clock.now());
  return isComing ? `${what} is ${status}, and its agent has not called yet` : undefined;
}
