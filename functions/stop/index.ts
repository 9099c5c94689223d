import type {HttpFunction} from '@google-cloud/functions-framework';
import {readEnvironment} from '../../shared/config/variables';
import type {Outcome} from '../../shared/decisions';
import {serveFunction} from '../../shared/http/framework';
import {createTaskFunction} from '../../shared/http/task-function';
import type {JobEvent} from '../../shared/model/job-event';
import type {StopTask} from '../../shared/model/task-payload';
import type {Context} from '../../shared/ports';
import {checkIdle} from '../../shared/runners/idle';
import {deleteRunner, releaseRunner} from '../../shared/runners/release';
import {recordRun} from '../../shared/runners/run';
import {createServices, type ServicesOptions} from '../../shared/services';
import {recordJobOfOtherPool, recordVmEvent} from '../../shared/vms/records';
import {checkVm} from '../../shared/vms/stop';
import {findVmForEvent} from '../../shared/vms/vms';

/** `completed`: the stop of the persistent VM is planned, or the runner that ran the job is deleted. */
async function release(context: Context, event: JobEvent): Promise<Outcome> {
  const vm = findVmForEvent(context, event);
  if (vm) return recordVmEvent(context, vm, event);
  const record = await recordRun(context, event);
  // Before the deletion, which may fail: the event that comes again is a duplicate, of which a VM's record says nothing.
  await recordJobOfOtherPool(context, event, record.change);
  return releaseRunner(context, record);
}

/**
 * Release. `event`: a job is completed. `idle`: does a spare runner go? `delete`: it was deregistered, its VM goes. `vm`: does a persistent
 * VM stop?
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
