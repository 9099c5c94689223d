import {waitsForVm} from '../../model/job';
import {isBeingStarted, isStopping, type VmDocument} from '../../model/vm';
import {isSeenDown, type Observed, settledMs} from '../observed';
import type {DemandJob, Rule} from '../rule';

/** A stopped VM is asked for once in this time: a task of one name is created once. */
const RESTART_EVERY_MS = 60_000;

/** Starts a persistent VM again that stopped by itself (a power off in the guest, a host error, a stop by hand) while a job waits for it. */
export const restartStoppedVms: Rule<DemandJob<'vm_down'>> = {
  plan: planRestarts,
  act: async ({job, cause}, repairs) => {
    await repairs.demandJob(job, cause);
    return {decision: 'demanded'};
  },
  subject: ({job}) => ({job}),
};

function planRestarts(observed: Observed, now: number): DemandJob<'vm_down'>[] {
  const {vms, jobs, seen, webhooks} = observed;
  return vms.flatMap((vm): DemandJob<'vm_down'>[] => {
    const {pools, document} = vm;
    if (!isSeenDown(vm) || isSeenTo(document, now)) return [];
    const waiting = [...jobs].filter(
      ([key, job]) =>
        pools.includes(job.pool) &&
        waitsForVm(job) &&
        now - job.updatedAt >= settledMs(webhooks) &&
        seen.get(key)?.job.status === 'queued',
    );
    const [oldest] = waiting.sort(([, a], [, b]) => a.queuedAt - b.queuedAt);
    if (!oldest) return [];
    const cause = `vm-down-${Math.floor(now / RESTART_EVERY_MS)}`;
    return [{kind: 'demand', reason: 'vm_down', job: oldest[0], cause}];
  });
}

/** Whether a start or a stop of the VM is under way, or starts fail for lack of capacity and are retried. */
function isSeenTo(document: VmDocument, now: number): boolean {
  return isBeingStarted(document, now) || isStopping(document, now) || document.startFailures > 0;
}
