import {allVms, type Vm} from '../../../effects/vm/vms';
import {isLabelPattern} from '../../../model/labels';
import {isSpeltOut} from '../../../model/names';
import {isPersistent, type Pool} from '../../../model/pool';
import type {VmDocument, VmState} from '../../../model/vm';
import type {Context} from '../../../ports';
import {jobIdOf, type RunnerView} from './runner-view';
import {timeOf} from './time';

/** A persistent VM as it is configured, with what is on record of it. */
export interface PersistentVm extends Vm {
  /** Undefined: nothing has been asked of it yet. */
  readonly document: VmDocument | undefined;
}

export function isVmPool(pool: Pool): boolean {
  return isPersistent(pool);
}

/** The VMs of the configured pools, by id. */
export async function persistentVms(context: Context): Promise<PersistentVm[]> {
  const vms = allVms(context).sort((a, b) => (a.id < b.id ? -1 : 1));
  return Promise.all(vms.map(async (vm) => ({...vm, document: await context.store.get('vms', vm.id)})));
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

/** Of the first of its pools, when several share it. */
export function vmView(vm: PersistentVm): RunnerView {
  const [first] = vm.pools;
  const scope = first?.pool.scope;
  const [only, ...others] = scope?.kind === 'repositories' ? scope.patterns : [];
  return {
    id: vm.id,
    name: first?.runnerName ?? vm.instance,
    pool: first?.pool.name ?? '',
    type: 'gce-vm',
    state: vmStateOf(vm),
    repository: only && others.length === 0 && isSpeltOut(only) ? only : null,
    org: scope?.kind === 'organization' ? scope.org : null,
    labels: (first?.pool.requires ?? []).filter((label) => !isLabelPattern(label)),
    job_id: jobIdOf(vm.document?.runs[0]),
    zone: vm.zone,
    machine_type: null,
    spot: null,
    created_at: null,
    state_at: vm.document ? timeOf(vm.document.stateAt) : null,
  };
}
