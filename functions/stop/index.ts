import type {HttpFunction} from '@google-cloud/functions-framework';
import {readEnvironment} from '../../shared/config/variables';
import type {Outcome} from '../../shared/decisions';
import {serveFunction} from '../../shared/http/framework';
import {createTaskFunction} from '../../shared/http/task-function';
import type {JobEvent} from '../../shared/model/job-event';
import type {StopTask} from '../../shared/model/task-payload';
import type {Context} from '../../shared/ports';
import {checkIdle} from '../../shared/runners/idle';
import {deleteRunner, releaseAfter} from '../../shared/runners/release';
import {recordRun} from '../../shared/runners/run';
import {createServices, type ServicesOptions} from '../../shared/services';
import {hearVmEvent, noteForeignRun} from '../../shared/vms/records';
import {checkVm} from '../../shared/vms/stop';
import {vmOfEvent} from '../../shared/vms/vms';

/** `completed`: plans the stop of the persistent VM, or deletes the runner that ran the job. */
async function release(context: Context, event: JobEvent): Promise<Outcome> {
  const vm = vmOfEvent(context, event);
  if (vm) return hearVmEvent(context, vm, event);
  const record = await recordRun(context, event);
  // Before the deletion, which may fail: after a failure the repeated event is a duplicate, which would not be recorded.
  await noteForeignRun(context, event, record.change);
  return releaseAfter(context, record);
}

/**
 * Performs a task of the queue `stop`. `event`: a job is completed. `idle`: checks whether an unassigned runner has idled too long.
 * `delete`: deregisters a runner and deletes its VM. `vm`: checks whether a persistent VM has idled too long.
 */
async function stop(context: Context, task: StopTask): Promise<Outcome> {
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
export function createStop(options: ServicesOptions): HttpFunction {
  return createTaskFunction('stop', createServices('stop', options), stop);
}

serveFunction('stop', createStop({env: readEnvironment()}));
