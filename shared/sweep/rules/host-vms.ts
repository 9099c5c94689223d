import {MINUTE_MS} from '../../durations';
import {isBooting, mayStart} from '../../model/host-vm';
import {isBeingStopped} from '../../model/vm';
import type {Observed, SeenHost} from '../observed';
import type {PlannedAction, Rule} from '../rule';

/** A check of a VM is due when its time is over. This many milliseconds later the check was lost. */
const LOST_AFTER_MS = 10 * MINUTE_MS;

interface KeepHostVm extends PlannedAction {
  readonly kind: 'start_host' | 'check_host';
  readonly reason: 'vm_down' | 'lost_stop';
  readonly vm: string;
}

/**
 * Makes up for lost tasks of Docker hosts' VMs: starts one that is down while a container is assigned to the host, and checks one that runs
 * long after it was to be stopped.
 */
export const keepHostVms: Rule<KeepHostVm> = {
  plan: (observed, now) => observed.hosts.flatMap((host) => planFor(observed, host, now)),
  act: async ({kind, vm}, repairs) => ({
    decision: kind === 'start_host' ? await repairs.startHostVm(vm) : await repairs.checkHostVm(vm),
  }),
  subject: ({vm}) => ({vm}),
};

function planFor({containers}: Observed, host: SeenHost, now: number): KeepHostVm[] {
  const {vm, name, silent} = host;
  if (!vm) return [];
  // Of what was handed over nobody knows whether it runs: the host tells when it is up.
  const isWaitedFor = containers.some(
    (one) => one.host === name && !one.leaving && (one.state === 'assigned' || one.state === 'handed_over'),
  );
  if (silent && isWaitedFor && (!vm.document || mayStart(vm.document, vm, now))) {
    return [{kind: 'start_host', reason: 'vm_down', vm: vm.id}];
  }
  return isCheckLost(host, now) ? [{kind: 'check_host', reason: 'lost_stop', vm: vm.id}] : [];
}

function isCheckLost({vm, document: host, idleMinutes, silent}: SeenHost, now: number): boolean {
  const document = vm?.document;
  if (!vm || (document && (isBeingStopped(document, now) || isBooting(document, vm, now)))) return false;
  if (document?.state === 'starting') return now - document.stateAt >= vm.bootMinutes * MINUTE_MS + LOST_AFTER_MS;
  if (document?.state === 'stopping') return now - document.stateAt >= LOST_AFTER_MS;
  // One that is on no record as up calls: it was there before its host had a VM.
  if (document?.state !== 'running' && silent) return false;
  const idleSince = host?.idleSince ?? null;
  return (
    idleSince !== null && now - Math.max(idleSince, document?.stateAt ?? 0) >= idleMinutes * MINUTE_MS + LOST_AFTER_MS
  );
}
