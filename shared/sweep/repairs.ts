import {abandonContainer} from '../hosts/endings';
import {demandTask, eventTask, makeTask} from '../model/tasks';
import {placeUnassigned} from '../runners/idle';
import {requestRunners} from '../runners/requests';
import {requeueJob} from '../runners/requeue';
import {endRunOnVm} from '../vms/records';
import type {Sweep} from './context';
import {endPerhapsPreempted} from './end-preempted';
import {deleteLeftoverVm, deregisterGhost, endRunner} from './end-runner';
import {
  countRunner,
  freeSlot,
  moveJob,
  noteOnline,
  releaseIdle,
  reopenJob,
  repeatHostVmCheck,
  repeatIdleCheck,
  repeatVmCheck,
  startHostVm,
} from './repair-records';
import {createStandbyRepairs} from './repair-standby';
import type {Repairs} from './rule';

/** Creates the effects for the rules of one sweep. */
export function createRepairs(sweep: Sweep): Repairs {
  const {context, discovery} = sweep;
  return {
    replayEvent: (event) => context.tasks.enqueue(eventTask(event)),
    demandJob: async (job, cause) => {
      await context.tasks.enqueue(demandTask(job, cause));
    },
    reopenJob: (of) => reopenJob(context, of),
    moveJob: (of) => moveJob(context, of),
    requeueJob: (of) => requeueJob(context, of, endRunOnVm),
    resumeCreation: async (runner, cause) => {
      await context.tasks.enqueue(makeTask(runner, cause));
    },
    placeSpare: (runner) => placeUnassigned(context, runner),
    endRunner: (action, options) => endRunner(sweep, action, options),
    endPerhapsPreempted: (action, options) => endPerhapsPreempted(sweep, action, options),
    releaseIdle: (runner) => releaseIdle(context, runner),
    noteOnline: (runner) => noteOnline(context, runner),
    repeatIdleCheck: (runner, reading) => repeatIdleCheck(context, runner, reading),
    repeatVmCheck: (vm, reading) => repeatVmCheck(context, vm, reading),
    startHostVm: (vm) => startHostVm(context, vm),
    checkHostVm: (vm) => repeatHostVmCheck(context, vm),
    abandonContainer: (name) => abandonContainer(context, name),
    deleteVm: (vm) => deleteLeftoverVm(context, vm),
    deregister: (name, registration) => deregisterGhost(context, name, registration),
    freeSlot: (slot, holder) => freeSlot(context, slot, holder),
    countRunner: (runner) => countRunner(context, runner),
    requestRunners: async (request) => {
      await requestRunners(context, {...request, labels: []}, {dryRun: false});
    },
    ...createStandbyRepairs(context),
    rerunJob: ({repository: fullName, installationId, jobId}) => discovery.rerun({fullName, installationId}, jobId),
  };
}
