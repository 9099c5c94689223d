import {type HttpFunction, http} from '@google-cloud/functions-framework';
import {readEnvironment} from '../../shared/config/environment';
import {type ControlPlaneOptions, controlPlane} from '../../shared/control-plane';
import type {Context} from '../../shared/effects/context';
import {recordRun} from '../../shared/effects/record-run';
import {serveDemand} from '../../shared/effects/serve-demand';
import {gracefully} from '../../shared/http/graceful-shutdown';
import {createTaskFunction} from '../../shared/http/task-function';
import type {ProvisionTask} from '../../shared/tasks/payload';

/** Demand. `queued` and a job that needs a runner again: make one. `waiting` and `in_progress`: write down who covers whom. */
async function provision(context: Context, task: ProvisionTask): Promise<string> {
  if (task.kind === 'demand') return serveDemand(context, {job: task.job});
  if (task.event.status === 'queued') return serveDemand(context, {event: task.event});
  const {change} = await recordRun(context, task.event);
  return change;
}

/** Cloud Tasks' callback of the queue `provision`. */
export function createProvision(options: ControlPlaneOptions): HttpFunction {
  return createTaskFunction('provision', controlPlane('provision', options), provision);
}

http('provision', gracefully(createProvision({env: readEnvironment()})));
