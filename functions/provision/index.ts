import type {HttpFunction} from '@google-cloud/functions-framework';
import {readEnvironment} from '../../shared/config/variables';
import type {Outcome} from '../../shared/decisions';
import {serveFunction} from '../../shared/http/framework';
import {createTaskFunction} from '../../shared/http/task-function';
import type {Demand, JobEvent} from '../../shared/model/job-event';
import {takesRepository} from '../../shared/model/matching';
import type {ProvisionTask} from '../../shared/model/task-payload';
import type {Context} from '../../shared/ports';
import {makeRunner} from '../../shared/runners/create';
import {serveDemand} from '../../shared/runners/demand';
import {lookAgain} from '../../shared/runners/requeue';
import {recordRun} from '../../shared/runners/run';
import {createServices, type ServicesOptions} from '../../shared/services';
import {endRunOnVm, hearVmEvent, noteForeignRun} from '../../shared/vms/records';
import {serveVm, startById} from '../../shared/vms/start';
import {vmOfEvent, vmOfPool} from '../../shared/vms/vms';

/** Whether the pool serves the repository. `webhook` has checked this before; the check here keeps a task from creating a runner for any repository that it names. */
function isServed({pools}: Context, {pool: name, repository}: JobEvent): boolean {
  const pool = pools.find((one) => one.name === name);
  return pool !== undefined && takesRepository(pool, repository);
}

/** Serves a job that needs a runner: starts the persistent VM of its pool, or assigns or creates a runner. */
async function serve(context: Context, demand: Demand): Promise<Outcome> {
  const job = 'event' in demand ? demand.event : await context.store.get('jobs', demand.job);
  if (!job) return {decision: 'unknown_job'};
  const vm = vmOfPool(context, job.pool);
  return vm ? serveVm(context, vm, demand) : serveDemand(context, job, demand);
}

/** `waiting` and `in_progress`: records the runner or VM that runs the job, and the consequences for other jobs and runners. */
async function record(context: Context, event: JobEvent): Promise<Outcome> {
  const vm = vmOfEvent(context, event);
  if (vm) return hearVmEvent(context, vm, event);
  const {change} = await recordRun(context, event);
  await noteForeignRun(context, event, change);
  return {decision: change};
}

/**
 * Performs a task of the queue `provision`. `event`: a job is queued, waiting or in progress. `demand`: a job needs a runner again.
 * `queued_again`: checks whether GitHub has queued a job again whose runner is gone. `make`: the API requested a runner. `vm`: the API
 * requested the start of a persistent VM.
 */
async function provision(context: Context, task: ProvisionTask): Promise<Outcome> {
  switch (task.kind) {
    case 'event':
      if (task.event.status !== 'queued') return record(context, task.event);
      return isServed(context, task.event) ? serve(context, {event: task.event}) : {decision: 'not_served'};
    case 'demand':
      return serve(context, {job: task.job});
    case 'queued_again':
      return lookAgain(context, task, endRunOnVm);
    case 'make':
      return makeRunner(context, task.runner);
    case 'vm':
      return startById(context, task.vm);
  }
}

/** Cloud Tasks' callback of the queue `provision`. */
export function createProvision(options: ServicesOptions): HttpFunction {
  return createTaskFunction('provision', createServices('provision', options), provision);
}

serveFunction('provision', createProvision({env: readEnvironment()}));
