import type {Outcome} from '../../decisions';
import {type JobDocument, jobKeyOf} from '../../model/job';
import {applyJobEvent, type Demand} from '../../model/job-event';
import {isOver} from '../../model/runner';
import {queuedAgainTask} from '../../model/tasks';
import {type Context, poolOf} from '../../ports';
import type {Store} from '../../store/store';
import {ensureStarted} from './ensure-started';
import {coverByVm, recordVmJob} from './record-vm-job';
import {judgeJob, notWanted, turnAway} from './take-job';
import type {Vm} from './vms';

/**
 * A job that the VM is for: it is on record, and the VM up, or this fails and is tried again. One that asks for labels that the VM's
 * runner does not have is turned away; in a pool that is drained (`maxRunners: 0`) it waits.
 */
export async function serveVm(context: Context, vm: Vm, demand: Demand): Promise<Outcome> {
  const asking = 'event' in demand ? demand.event : await context.store.get('jobs', demand.job);
  if (asking && poolOf(context, asking.pool)?.maxRunners === 0) return leaveOpen(context, demand);
  const {lacked, seen} = asking?.status === 'queued' ? await judgeJob(context, vm, asking) : {lacked: []};
  if (lacked.length > 0) return turnAway(context, vm, demand, lacked);
  const job =
    'event' in demand ? (await recordVmJob(context, vm, demand.event, seen)).job : await cover(context, vm, demand.job);
  if ('event' in demand && job?.status === 'in_progress' && (await isRunnerGone(context.store, job))) {
    await context.tasks.enqueue(queuedAgainTask(jobKeyOf(job), job.runner, demand.event.delivery));
  }
  if (job?.status !== 'queued') return notWanted(job);
  return ensureStarted(context, vm);
}

/** The job is on record as running on a runner of ours that is over, or on none of ours. */
async function isRunnerGone(store: Store, {runner}: JobDocument): Promise<boolean> {
  const document = runner === null ? undefined : await store.get('runners', runner);
  return !document || isOver(document);
}

/** The job is on record, and neither starts the VM nor keeps it up. */
async function leaveOpen({store, clock}: Context, demand: Demand): Promise<Outcome> {
  return store.transaction(async (transaction) => {
    const now = clock.now();
    const existing = await transaction.get('jobs', 'event' in demand ? jobKeyOf(demand.event) : demand.job);
    const job = 'event' in demand ? applyJobEvent(existing, demand.event, now).job : existing;
    if (job?.status !== 'queued') return notWanted(job);
    if (job.demand !== 'covered') transaction.set('jobs', jobKeyOf(job), {...job, demand: 'open', updatedAt: now});
    return {decision: 'waits_for_slot'};
  });
}

/** Also a job that had been given up: it is asked for again. */
async function cover(context: Context, vm: Vm, key: string): Promise<JobDocument | undefined> {
  return context.store.transaction(async (transaction) => {
    const job = await transaction.get('jobs', key);
    if (job?.status !== 'queued' || job.demand === 'covered') return job;
    coverByVm(transaction, vm, {...job, updatedAt: context.clock.now()});
    return job;
  });
}
