import type {HttpFunction} from '@google-cloud/functions-framework';
import {readEnvironment} from '../../shared/config/environment';
import {type ControlPlaneOptions, controlPlane} from '../../shared/control-plane';
import type {Context} from '../../shared/effects/context';
import {makeRunner} from '../../shared/effects/make-runner';
import {recordRun} from '../../shared/effects/record-run';
import {lookAgain} from '../../shared/effects/requeue-job';
import {serveDemand} from '../../shared/effects/serve-demand';
import {startById} from '../../shared/effects/vm/ensure-started';
import {hearVmEvent, noteForeignRun, vmOfEvent} from '../../shared/effects/vm/vm-event';
import {serveFunction} from '../../shared/http/framework';
import {createTaskFunction} from '../../shared/http/task-function';
import type {JobEvent} from '../../shared/model/job-event';
import {takesRepository} from '../../shared/model/matching';
import type {ProvisionTask} from '../../shared/model/task-payload';

/** The pool serves the repository, as `webhook` has found before: a task alone makes no runner for whatever repository it names. */
function isServed({pools}: Context, {pool: name, repository}: JobEvent): boolean {
  const pool = pools.find((one) => one.name === name);
  return pool !== undefined && takesRepository(pool, repository);
}

/**
 * Demand. `queued` and a job that needs a runner again: make one, or start the VM. `waiting` and `in_progress`: write down who covers
 * whom. `queued_again`: is a job that ran queued once more? `make`: somebody asked for a runner. `vm`: somebody started it by hand.
 */
async function provision(context: Context, task: ProvisionTask): Promise<string> {
  if (task.kind === 'demand') return serveDemand(context, {job: task.job});
  if (task.kind === 'event' && task.event.status === 'queued') {
    return isServed(context, task.event) ? serveDemand(context, {event: task.event}) : 'not_served';
  }
  if (task.kind === 'queued_again') return lookAgain(context, task);
  if (task.kind === 'make') return makeRunner(context, task.runner);
  if (task.kind === 'vm') return startById(context, task.vm);
  const vm = vmOfEvent(context, task.event);
  if (vm) return hearVmEvent(context, vm, task.event);
  const record = await recordRun(context, task.event);
  await noteForeignRun(context, task.event, record);
  return record.change;
}

/** Cloud Tasks' callback of the queue `provision`. */
export function createProvision(options: ControlPlaneOptions): HttpFunction {
  return createTaskFunction('provision', controlPlane('provision', options), provision);
}

serveFunction('provision', createProvision({env: readEnvironment()}));
