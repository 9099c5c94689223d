import type {HttpFunction} from '@google-cloud/functions-framework';
import {readEnvironment} from '../../shared/config/variables';
import type {Outcome} from '../../shared/decisions';
import {checkHostVm} from '../../shared/hosts/stop-vm';
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

/** A job is completed: plans the stop of the persistent VM, or deletes the runner that ran the job. */
async function release(context: Context, event: JobEvent): Promise<Outcome> {
  const vm = findVmForEvent(context, event);
  if (vm) return recordVmEvent(context, vm, event);
  const record = await recordRun(context, event);
  // Before the deletion, which may fail: the retried event is a duplicate, for which nothing is recorded on a VM.
  await recordJobOfOtherPool(context, event, record.change);
  return releaseRunner(context, event, record);
}

/** Performs one task of release. The kinds of tasks are described in `shared/model/task-payload.ts`. */
async function stop(context: Context, task: StopTask): Promise<Outcome> {
  switch (task.kind) {
    case 'event':
      return release(context, task.event);
    case 'vm':
      return (await checkHostVm(context, task.vm)) ?? checkVm(context, task);
    case 'idle':
      return checkIdle(context, task);
    case 'delete':
      return deleteRunner(context, task.runner, task.force ?? false);
  }
}

/** The function that Cloud Tasks calls with tasks for `stop`. */
export function createStop(options: ServicesOptions): HttpFunction {
  return createTaskFunction('stop', createServices('stop', options), stop);
}

serveFunction('stop', createStop({env: readEnvironment()}));
