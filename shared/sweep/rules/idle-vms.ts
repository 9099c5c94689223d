import {waitsForVm} from '../../model/job';
import type {Observed} from '../observed';
import type {PlannedAction, Rule} from '../rule';

/** The VM's own check takes a minute or two beyond `idleMinutes`; after this long the check was lost. */
const LOST_AFTER_MS = 10 * 60_000;

/** A check that finds the VM busy schedules the next one itself: the sweep begins another one no more often than this. */
const REPEAT_INTERVAL_MS = 60 * 60_000;

/** Begins a new round of readings that decide whether the persistent VM stops. */
interface CheckVm extends PlannedAction {
  readonly kind: 'vm_check';
  readonly reason: 'lost_stop';
  readonly vm: string;
  readonly reading: number;
}

/** Checks a persistent VM that is up with nothing to do, long after its stop was due: its own check was lost. */
export const checkIdleVms: Rule<CheckVm> = {
  plan: planChecks,
  act: async ({vm, reading}, repairs) => ({decision: await repairs.repeatVmCheck(vm, reading)}),
  subject: ({vm}) => ({vm}),
};

function planChecks({vms, jobs}: Observed, now: number): CheckVm[] {
  return vms.flatMap(({id, pools, idleMinutes, document}): CheckVm[] => {
    const forMs = now - document.activeAt - idleMinutes * 60_000;
    if (document.state === 'stopped' || document.runs.length > 0 || forMs < LOST_AFTER_MS) return [];
    if (document.stopLeaseUntil > now) return [];
    if ([...jobs.values()].some((job) => waitsForVm(job) && pools.includes(job.pool))) return [];
    // An even number begins a new round of readings; one that grows is a name that no task had before.
    const reading = 2 * (1_000 + Math.floor(forMs / REPEAT_INTERVAL_MS));
    return [{kind: 'vm_check', reason: 'lost_stop', vm: id, reading}];
  });
}
