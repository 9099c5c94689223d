import type {GceVmProviderConfig, Pool} from '../../../config/config';
import type {VmDocument, VmState} from '../../../store/documents';
import type {Store} from '../../../store/store';
import {jobIdOf, type RunnerView} from './runner-view';
import {timeOf} from './time';

/** A pool whose runner lives on one VM. */
export type VmPool = Pool & {readonly provider: GceVmProviderConfig};

/** A persistent VM as it is configured, with what is on record of it. */
export interface PersistentVm {
  /** `<zone>.<instance>`, as in the store. */
  readonly id: string;
  readonly zone: string;
  readonly provider: GceVmProviderConfig;
  /** Every pool that shares it, in the order of the configuration; at least one. */
  readonly pools: readonly Pool[];
  /** Undefined: nothing has been asked of it yet. */
  readonly document: VmDocument | undefined;
}

export function isVmPool(pool: Pool): pool is VmPool {
  return pool.provider.type === 'gce-vm';
}

/** The VMs of the configured pools, by id. `zone`: where those are that name none. */
export async function persistentVms(
  store: Store,
  pools: readonly Pool[],
  zone: string | undefined,
): Promise<PersistentVm[]> {
  const byId = new Map<string, {zone: string; provider: GceVmProviderConfig; pools: Pool[]}>();
  for (const pool of pools.filter(isVmPool)) {
    const at = pool.provider.zone ?? zone ?? 'unknown';
    const id = `${at}.${pool.provider.instance}`;
    const known = byId.get(id);
    if (known) known.pools.push(pool);
    else byId.set(id, {zone: at, provider: pool.provider, pools: [pool]});
  }
  const ids = [...byId].sort(([a], [b]) => (a < b ? -1 : 1));
  return Promise.all(ids.map(async ([id, vm]) => ({id, ...vm, document: await store.get('vms', id)})));
}

/** In the words of a runner. Compute Engine has the last word; this is what Slipway has made of it. */
export function vmStateOf({document}: PersistentVm): RunnerView['state'] {
  const running = document && document.runs.length > 0 ? 'busy' : 'idle';
  const states: Record<VmState, RunnerView['state']> = {
    starting: 'booting',
    running,
    stopping: 'draining',
    stopped: 'stopped',
  };
  return states[document?.state ?? 'stopped'];
}

export function vmView(vm: PersistentVm): RunnerView {
  const [pool] = vm.pools;
  const scope = pool?.scope;
  const [only, ...others] = scope?.kind === 'repositories' ? scope.patterns : [];
  return {
    id: vm.id,
    name: vm.provider.runnerName ?? vm.provider.instance,
    pool: pool?.name ?? '',
    type: 'gce-vm',
    state: vmStateOf(vm),
    repository: only && others.length === 0 && !/[*!]/.test(only) ? only : null,
    org: scope?.kind === 'organization' ? scope.org : null,
    labels: [...(pool?.requires ?? [])],
    job_id: jobIdOf(vm.document?.runs[0]),
    zone: vm.zone,
    machine_type: null,
    spot: null,
    created_at: null,
    state_at: vm.document ? timeOf(vm.document.stateAt) : null,
  };
}
