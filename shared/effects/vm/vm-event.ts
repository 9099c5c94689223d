import type {Outcome} from '../../decisions';
import {type JobDocument, jobKeyOf} from '../../model/job';
import type {JobEvent} from '../../model/job-event';
import {matchJob} from '../../model/matching';
import {parseRunnerName} from '../../model/names';
import {vmCheckTask} from '../../model/tasks';
import {runsNoMore, type VmDocument} from '../../model/vm';
import type {Context} from '../../ports';
import {isOwnRunner, logForeign, withOwnRunner} from './own-runner';
import {recordForeignJob, recordVmJob} from './record-vm-job';
import {changeVm} from './vm-document';
import {type Vm, vmOfPool, vmOfRunner} from './vms';

/** The VM whose event it is: its pool's, unless a runner that was made for a job took it. */
export function vmOfEvent(context: Context, {pool, runnerName}: JobEvent): Vm | undefined {
  if (runnerName && parseRunnerName(context.deployment, runnerName)) return undefined;
  return vmOfPool(context, pool);
}

/** `waiting`, `in_progress` and `completed` of a job of the VM. When nothing runs on it any more, its stop is planned. */
export async function hearVmEvent(context: Context, vm: Vm, event: JobEvent): Promise<Outcome> {
  const heard = await withOwnRunner(context, vm, event);
  if (heard !== event && (await isNoJobOfOurs(context, event))) return {decision: 'foreign', reason: vm.instance};
  const {change, document} = await recordVmJob(context, vm, heard);
  // A repeated event plans it again: the one before may have got no further than the record.
  if (event.status !== 'in_progress') await planStop(context, vm, document);
  return {decision: change, reason: vm.instance};
}

/** The event came for the runner's name alone. */
async function isNoJobOfOurs({pools, store}: Context, event: JobEvent): Promise<boolean> {
  const {repository, labels} = event;
  if (matchJob({repository, labels, isPublic: false}, pools).kind === 'matched') return false;
  return (await store.get('jobs', jobKeyOf(event))) === undefined;
}

/**
 * A job of a pool of another kind ran on a persistent VM, whose runner had all its labels. `change`: what the event changed about the job;
 * one that changed nothing is left out.
 */
export async function noteForeignRun(context: Context, event: JobEvent, change: string): Promise<void> {
  const vm = event.runnerName ? vmOfRunner(context, event.runnerName) : undefined;
  if (!vm || (change !== 'started' && change !== 'finished')) return;
  if (!(await isOwnRunner(context, vm, event))) return logForeign(context, vm, event);
  const document = await recordForeignJob(context, vm, event);
  if (change === 'finished') await planStop(context, vm, document);
}

/** The job is queued again: the VM of its pool, if the pool has one, runs it no more. */
export async function endRunOnVm(context: Context, job: JobDocument): Promise<void> {
  const vm = vmOfPool(context, job.pool);
  if (vm) await changeVm(context, vm, (document) => runsNoMore(document, jobKeyOf(job)));
}

async function planStop(context: Context, vm: Vm, {version}: VmDocument): Promise<void> {
  await context.tasks.enqueue(
    vmCheckTask(context.deployment, vm, {version, reading: 0, delaySeconds: vm.idleMinutes * 60}),
  );
}
