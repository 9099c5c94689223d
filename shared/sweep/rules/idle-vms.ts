import {MINUTE_MS} from '../../durations';
import {waitsForVm} from '../../model/job';
import type {Observed} from '../observed';
import type {PlannedAction, Rule} from '../rule';

/** The check of a VM takes a minute or two beyond `idleMinutes`. This many milliseconds later the check was lost. */
const LOST_AFTER_MS = 10 * MINUTE_MS;

/** How often the sweep starts a check of one VM, in milliseconds. A check that finds the VM busy schedules the next one itself. */
const REPEAT_INTERVAL_MS = 60 * MINUTE_MS;

/** Starts a new check whether the persistent VM has to stop. */
interface CheckVm extends PlannedAction {
  readonly kind: 'vm_check';
  readonly reason: 'lost_stop';
  readonly vm: string;
  readonly reading: number;
}

/** Repeats the lost check of a persistent VM that runs without a job long after its stop was due. */
export const checkIdleVms: Rule<CheckVm> = {
  plan: planChecks,
  act: async ({vm, reading}, repairs) => ({decision: await repairs.repeatVmCheck(vm, reading)}),
  subject: ({vm}) => ({vm}),
};

function planChecks({vms, jobs}: Observed, now: number): CheckVm[] {
  return vms.flatMap(({id, pools, idleMinutes, document}): CheckVm[] => {
    const forMs = now - document.activeAt - idleMinutes * MINUTE_MS;
    if (document.state === 'stopped' || document.runs.length > 0 || forMs < LOST_AFTER_MS) return [];
    if (document.stopLeaseUntil > now) return [];
    if ([...jobs.values()].some((job) => waitsForVm(job) && pools.includes(job.pool))) return [];
    // An even number starts a new check. The number grows, so that the task name is new.
    const reading = 2 * (1_000 + Math.floor(forMs / REPEAT_INTERVAL_MS));
    return [{kind: 'vm_check', reason: 'lost_stop', vm: id, reading}];
  });
}
