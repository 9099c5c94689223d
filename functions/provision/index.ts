import type {HttpFunction} from '@google-cloud/functions-framework';
import {readEnvironment} from '../../shared/config/variables';
import type {Outcome} from '../../shared/decisions';
import {startHostVm} from '../../shared/hosts/start-vm';
import {serveFunction} from '../../shared/http/framework';
import {createTaskFunction} from '../../shared/http/task-function';
import type {Demand, JobEvent} from '../../shared/model/job-event';
import {poolServes} from '../../shared/model/matching';
import type {Context} from '../../shared/ports';
import {createRequestedRunner} from '../../shared/runners/create-requested';
import {serveDemand} from '../../shared/runners/fallback';
import {checkQueuedAgain} from '../../shared/runners/requeue';
import {recordRun} from '../../shared/runners/run';
import {prepareStandby} from '../../shared/runners/standby-prepare';
import {createServices, type ServicesOptions} from '../../shared/services';
import {endRunOnVm, recordJobOfOtherPool, recordVmEvent} from '../../shared/vms/records';
import {serveDemandOnVm, startVmById} from '../../shared/vms/start';
import {findVmForEvent, findVmOfPool} from '../../shared/vms/vms';

/** A job needs a runner: starts the persistent VM of the job's pool, or creates a runner. */
async function serveJob(context: Context, demand: Demand): Promise<Outcome> {
  const job = 'event' in demand ? demand.event : await context.store.get('jobs', demand.job);
  if (!job) return {decision: 'unknown_job'};
  const vm = findVmOfPool(context, job.pool);
  return vm ? serveDemandOnVm(context, vm, demand) : serveDemand(context, job, demand);
}

/** Records `waiting` or `in_progress`: which runner or VM runs the job, and what follows for other jobs. */
async function recordEvent(context: Context, event: JobEvent): Promise<Outcome> {
  const vm = findVmForEvent(context, event);
  if (vm) return recordVmEvent(context, vm, event);
  const {change} = await recordRun(context, event);
  await recordJobOfOtherPool(context, event, change);
  return {decision: change};
}

/** The function that Cloud Tasks calls with tasks for `provision`. Their kinds are described in `shared/model/task-payload.ts`. */
export function createProvision(options: ServicesOptions): HttpFunction {
  return createTaskFunction('provision', createServices('provision', options), async (context, task) => {
    switch (task.kind) {
      case 'event':
        if (task.event.status !== 'queued') return recordEvent(context, task.event);
        // The configuration may have changed since `webhook` matched the event.
        if (!poolServes(context.pools, task.event.pool, task.event.repository)) return {decision: 'not_served'};
        return serveJob(context, {event: task.event});
      case 'demand':
        return serveJob(context, {job: task.job});
      case 'queued_again':
        return checkQueuedAgain(context, task, endRunOnVm);
      case 'make':
        return createRequestedRunner(context, task.runner);
      case 'standby':
        return prepareStandby(context, task.runner);
      case 'vm':
        return (await startHostVm(context, task.vm)) ?? startVmById(context, task.vm);
    }
  });
}

serveFunction('provision', createProvision({env: readEnvironment()}));
