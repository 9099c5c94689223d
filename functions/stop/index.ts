import type {HttpFunction} from '@google-cloud/functions-framework';
import {readEnvironment} from '../../shared/config/environment';
import {type ControlPlaneOptions, controlPlane} from '../../shared/control-plane';
import {checkIdle} from '../../shared/effects/check-idle';
import type {Context} from '../../shared/effects/context';
import {deleteRunner, releaseAfter} from '../../shared/effects/release-runner';
import {checkVm} from '../../shared/effects/vm/check-vm';
import {hearVmEvent, vmOfEvent} from '../../shared/effects/vm/vm-event';
import {serveFunction} from '../../shared/http/framework';
import {createTaskFunction} from '../../shared/http/task-function';
import type {JobEvent} from '../../shared/model/job-event';
import type {StopTask} from '../../shared/model/task-payload';

/** `completed`: the runner that ran the job goes, or the persistent VM's stop is planned. */
function release(context: Context, event: JobEvent): Promise<string> {
  const vm = vmOfEvent(context, event);
  return vm ? hearVmEvent(context, vm, event) : releaseAfter(context, event);
}

/**
 * Release. `event`: a job is completed. `idle`: does a spare runner go? `delete`: it was deregistered, its VM goes. `vm`: does a persistent
 * VM stop?
 */
async function stop(context: Context, task: StopTask): Promise<string> {
  switch (task.kind) {
    case 'event':
      return release(context, task.event);
    case 'vm':
      return checkVm(context, task);
    case 'idle':
      return checkIdle(context, task);
    case 'delete':
      return deleteRunner(context, task.runner, task.force ?? false);
  }
}

/** Cloud Tasks' callback of the queue `stop`. */
export function createStop(options: ControlPlaneOptions): HttpFunction {
  return createTaskFunction('stop', controlPlane('stop', options), stop);
}

serveFunction('stop', createStop({env: readEnvironment()}));
