import {type HttpFunction, http} from '@google-cloud/functions-framework';
import {readEnvironment} from '../../shared/config/environment';
import {type ControlPlaneOptions, controlPlane} from '../../shared/control-plane';
import {checkIdle} from '../../shared/effects/check-idle';
import type {Context} from '../../shared/effects/context';
import {deleteRunner, releaseAfter} from '../../shared/effects/release-runner';
import {gracefully} from '../../shared/http/graceful-shutdown';
import {createTaskFunction} from '../../shared/http/task-function';
import type {StopTask} from '../../shared/tasks/payload';

/** Release. `completed`: the runner that ran the job goes. `idle`: does a spare runner go? `delete`: it was deregistered, its VM goes. */
async function stop(context: Context, task: StopTask): Promise<string> {
  switch (task.kind) {
    case 'event':
      return releaseAfter(context, task.event);
    case 'idle':
      return checkIdle(context, task);
    case 'delete':
      return deleteRunner(context, task.runner);
  }
}

/** Cloud Tasks' callback of the queue `stop`. */
export function createStop(options: ControlPlaneOptions): HttpFunction {
  return createTaskFunction('stop', controlPlane('stop', options), stop);
}

http('stop', gracefully(createStop({env: readEnvironment()})));
