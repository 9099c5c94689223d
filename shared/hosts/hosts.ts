import type {ContainerDocument} from '../model/container';
import {type Host, type HostDocument, isSilent, slotsOfHost} from '../model/host';
import type {VmDocument, VmState} from '../model/vm';
import type {Context} from '../ports';
import type {Store} from '../store/store';
import {vmId} from '../vms/vms';

/** A host as configured, with what is on record of it. */
export interface KnownHost extends Host {
  /** Undefined: it has never called. */
  readonly document: HostDocument | undefined;
  /** Containers that count against its capacity. */
  readonly used: number;
  readonly silent: boolean;
  /** What is on record of its VM; undefined: nothing, or it has none. */
  readonly vmDocument: VmDocument | undefined;
}

/** The hosts with their records: for each, one document and one count, and the document of its VM. */
export async function readHosts(
  {store, hosts, clock}: Pick<Context, 'store' | 'hosts' | 'clock'>,
  names?: readonly string[],
): Promise<readonly KnownHost[]> {
  const wanted = names ? hosts.filter(({name}) => names.includes(name)) : hosts;
  return Promise.all(
    wanted.map(async (host) => {
      const [document, used, vmDocument] = await Promise.all([
        store.get('hosts', host.name),
        countUsed(store, host.name),
        host.vm ? store.get('vms', vmId(host.vm)) : undefined,
      ]);
      return {...host, document, used, vmDocument, silent: isSilent(document, clock.now())};
    }),
  );
}

/** Slots of the host's capacity that are in use. */
async function countUsed(store: Store, host: string): Promise<number> {
  const pool = slotsOfHost(host);
  const [made, free] = await Promise.all([store.count('slots', {pool}), store.count('slots', {pool, holder: null})]);
  return made - free;
}

/** Containers of one host, or of all, that are read at most. */
const MAX_CONTAINERS = 5_000;

/** The containers that a sync or the sweep has to look at; of all hosts unless one is named. */
export async function openContainers(store: Store, host?: string): Promise<readonly ContainerDocument[]> {
  const where = {open: true, ...(host === undefined ? {} : {host})};
  const found = await store.find('containers', {where, limit: MAX_CONTAINERS});
  return found.map(({data}) => data);
}

/** A sentence about a host that gets nothing new: `builder is full (7 of 7)`. */
export function describeHost(host: KnownHost): string {
  const {name, document, used, capacity, silent, vm, vmDocument} = host;
  if (vm && silent && vmDocument?.state === 'starting') {
    return `VM ${vm.instance} of host ${name} is starting since ${new Date(vmDocument.stateAt).toISOString()}`;
  }
  const unheard = whyUnheard(host);
  if (unheard) return unheard.because;
  if (vm && document?.vmIsDown) return `VM ${vm.instance} of host ${name} is stopped, and is started for jobs`;
  if (typeof document?.seenAt !== 'number') return `host ${name} has never called`;
  if (silent) return `host ${name} has not called since ${new Date(document.seenAt).toISOString()}`;
  if (used >= capacity) return `host ${name} is full (${used} of ${capacity} containers)`;
  return `host ${name} has room (${used} of ${capacity} containers)`;
}

/** Of a host whose VM was started, and whose agent did not call since: what to say, and what to do. Undefined: it is not so. */
export function whyUnheard({name, silent, vm, vmDocument}: KnownHost): {because: string; do: string} | undefined {
  const start = vmDocument?.unheard;
  if (!vm || !start || !silent) return undefined;
  const at = new Date(start.startedAt).toISOString();
  const log = `gcloud compute instances get-serial-port-output ${vm.instance} --zone=${vm.zone}`;
  return {
    because: `VM ${vm.instance} of host ${name} is down: its agent did not call after the last start at ${at}`,
    do: `Does slipway-docker-host start with the VM, and reach the API? ${log} tells, while the VM is up. Then start the VM once: it counts as mended when its agent calls.`,
  };
}

/** Whether the host may take containers, now or once its VM is up. */
export function isUsable(host: KnownHost): boolean {
  return !host.silent || (host.vm !== undefined && !host.vmDocument?.unheard);
}

/** State of the host's VM on record; null: it has none. */
export function stateOfHostVm({vm, silent, document, vmDocument}: KnownHost): VmState | null {
  if (!vm) return null;
  if (!silent) return 'running';
  const state = vmDocument?.state ?? 'stopped';
  return state === 'running' && document?.vmIsDown ? 'stopped' : state;
}

/** Whether the host does not call because its VM is down until a job needs it, or starts for one, which is in order. */
export function isSilentInOrder(host: KnownHost): boolean {
  return host.silent && host.vm !== undefined && stateOfHostVm(host) !== 'running' && !host.vmDocument?.unheard;
}
