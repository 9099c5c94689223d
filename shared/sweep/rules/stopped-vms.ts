import {waitsForVm} from '../../model/job';
import {isBeingStarted, isBeingStopped, type VmDocument} from '../../model/vm';
import {isSeenStopped, type Observed, webhookGraceMs} from '../observed';
import type {DemandJob, Rule} from '../rule';

/** How long the name of the task stays the same, in milliseconds: in this time a stopped VM is demanded once. */
const RESTART_INTERVAL_MS = 60_000;

/** Starts a persistent VM that stopped by itself (power-off in the guest, host error, stop by hand) while a job waits for it. */
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
    if (!isSeenStopped(vm) || isInTransition(document, now)) return [];
    const waiting = [...jobs].filter(
      ([key, job]) =>
        pools.includes(job.pool) &&
        waitsForVm(job) &&
        now - job.updatedAt >= webhookGraceMs(webhooks) &&
        seen.get(key)?.job.status === 'queued',
    );
    const [oldest] = waiting.sort(([, a], [, b]) => a.queuedAt - b.queuedAt);
    if (!oldest) return [];
    const cause = `vm-down-${Math.floor(now / RESTART_INTERVAL_MS)}`;
    return [{kind: 'demand', reason: 'vm_down', job: oldest[0], cause}];
  });
}

/** Whether a start or stop of the VM is running, or a start that found no capacity is being retried. */
function isInTransition(document: VmDocument, now: number): boolean {
  return isBeingStarted(document, now) || isBeingStopped(document, now) || document.startFailures > 0;
}
