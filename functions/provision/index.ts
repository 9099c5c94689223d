import type {HttpFunction} from '@google-cloud/functions-framework';
import {readEnvironment} from '../../shared/config/variables';
import type {Outcome} from '../../shared/decisions';
import {serveFunction} from '../../shared/http/framework';
import {createTaskFunction} from '../../shared/http/task-function';
import type {Demand, JobEvent} from '../../shared/model/job-event';
import {takesRepository} from '../../shared/model/matching';
import type {ProvisionTask} from '../../shared/model/task-payload';
import type {Context} from '../../shared/ports';
import {createRequestedRunner} from '../../shared/runners/create';
import {serveDemand} from '../../shared/runners/demand';
import {checkQueuedAgain} from '../../shared/runners/requeue';
import {recordRun} from '../../shared/runners/run';
import {createServices, type ServicesOptions} from '../../shared/services';
import {endRunOnVm, recordJobOfOtherPool, recordVmEvent} from '../../shared/vms/records';
import {serveDemandOnVm, startVmById} from '../../shared/vms/start';
import {findVmForEvent, findVmOfPool} from '../../shared/vms/vms';

/** The pool serves the repository, as `webhook` has found before: a task alone makes no runner for whatever repository it names. */
function isServed({pools}: Context, {pool: name, repository}: JobEvent): boolean {
  const pool = pools.find((one) => one.name === name);
  return pool !== undefined && takesRepository(pool, repository);
}

/** A job needs a runner: the persistent VM of its pool is started, or a runner is made in a pool that makes them. */
async function serveJob(context: Context, demand: Demand): Promise<Outcome> {
  const job = 'event' in demand ? demand.event : await context.store.get('jobs', demand.job);
  if (!job) return {decision: 'unknown_job'};
  const vm = findVmOfPool(context, job.pool);
  return vm ? serveDemandOnVm(context, vm, demand) : serveDemand(context, job, demand);
}

/** `waiting` and `in_progress`: which runner or VM runs the job, and what that changes for others. */
async function recordEvent(context: Context, event: JobEvent): Promise<Outcome> {
  const vm = findVmForEvent(context, event);
  if (vm) return recordVmEvent(context, vm, event);
  const {change} = await recordRun(context, event);
  await recordJobOfOtherPool(context, event, change);
  return {decision: change};
}

/**
 * Demand, and where jobs run. `event`: a job is queued, waits or runs. `demand`: a job needs a runner again. `queued_again`: is a job that ran
 * queued once more? `make`: somebody asked for a runner. `vm`: somebody started a persistent VM by hand.
 */
async function provision(context: Context, task: ProvisionTask): Promise<Outcome> {
  switch (task.kind) {
    case 'event':
      if (task.event.status !== 'queued') return recordEvent(context, task.event);
      return isServed(context, task.event) ? serveJob(context, {event: task.event}) : {decision: 'not_served'};
    case 'demand':
      return serveJob(context, {job: task.job});
    case 'queued_again':
      return checkQueuedAgain(context, task, endRunOnVm);
    case 'make':
      return createRequestedRunner(context, task.runner);
    case 'vm':
      return startVmById(context, task.vm);
  }
}

/** Cloud Tasks' callback of the queue `provision`. */
export function createProvision(options: ServicesOptions): HttpFunction {
  return createTaskFunction('provision', createServices('provision', options), provision);
}

serveFunction('provision', createProvision({env: readEnvironment()}));
