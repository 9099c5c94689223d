import type {JobStatus} from '../../shared/model/job';
import type {JobEvent} from '../../shared/model/job-event';
import {
  deleteTask,
  demandTask,
  eventTask,
  idleCheckTask,
  makeTask,
  type NewTask,
  queuedAgainTask,
  removeTask,
  retryTask,
  startVmTask,
  vmCheckTask,
} from '../../shared/model/tasks';
import {anEvent} from '../builders/lifecycle';

const AT = 1_700_000_000_000;
const RUNNER = 'slipway-arm-7-1';
const VM = {id: 'us-central1-a.builder', instance: 'builder'};

function event(status: JobStatus): JobEvent {
  return anEvent({jobId: 1001, runAttempt: 1, status, delivery: '72d3162e-cc78-11e3-81ab-4c9367dc0958'});
}

// Cloud Tasks knows the tasks of the version before by these names: a name that changes has the same work done twice during an update.
test.each<[what: string, task: NewTask, expected: Omit<NewTask, 'body'>]>([
  ['queued', eventTask(event('queued')), {queue: 'provision', owner: 'acme', name: 'ef4c9a59150f7c0b-1001-1-queued'}],
  [
    'in_progress',
    eventTask(event('in_progress')),
    {queue: 'stop', to: 'provision', name: 'df5810ee167f7f80-1001-1-in_progress'},
  ],
  ['completed', eventTask(event('completed')), {queue: 'stop', name: 'e8d309b45e9706d9-1001-1-completed'}],
  [
    'demand',
    demandTask('1001-1', 'slot-of-slipway-arm-7-1'),
    {queue: 'provision', name: 'bc8880493588fb8b-demand-1001-1'},
  ],
  [
    'queued again',
    queuedAgainTask('1001-1', RUNNER, 'guid'),
    {queue: 'provision', name: 'ec3f61780eeb4cb9-queued-again-1001-1', delaySeconds: 120},
  ],
  ['make', makeTask(RUNNER), {queue: 'provision', name: '957733ea7e1a9a39-make-slipway-arm-7-1'}],
  [
    'make, by the sweep',
    makeTask(RUNNER, 'half-made-1'),
    {queue: 'provision', name: '0edf855adf23b363-make-slipway-arm-7-1'},
  ],
  [
    'idle check',
    idleCheckTask({name: RUNNER, spareSince: AT, stateAt: 1}, 3, 60),
    {queue: 'stop', name: 'd0535edfdedcf8e1-idle-slipway-arm-7-1-3', delaySeconds: 60},
  ],
  [
    'idle check of a runner that was never spare',
    idleCheckTask({name: RUNNER, spareSince: null, stateAt: AT}, 3, 60),
    {queue: 'stop', name: 'd0535edfdedcf8e1-idle-slipway-arm-7-1-3', delaySeconds: 60},
  ],
  ['delete', deleteTask(RUNNER), {queue: 'stop', name: 'delete-slipway-arm-7-1', delaySeconds: 60}],
  [
    'remove',
    removeTask(RUNNER, false),
    {queue: 'stop', name: 'b5129893731968df-remove-slipway-arm-7-1', delaySeconds: 60},
  ],
  [
    'remove by force',
    removeTask(RUNNER, true),
    {queue: 'stop', name: '15a8f33623cdbacf-remove-slipway-arm-7-1', delaySeconds: 0},
  ],
  ['start of a VM', startVmTask('slipway', VM, 4), {queue: 'provision', name: 'aa32727a7012131d-start-builder-4'}],
  [
    'check of a VM',
    vmCheckTask('slipway', VM, {version: 4, reading: 2, delaySeconds: 90}),
    {queue: 'stop', name: 'e39c95ecf1117d89-vm-builder-4-2', delaySeconds: 90},
  ],
  [
    'retry of a job',
    retryTask('job-1001-1', {at: AT, job: '1001-1'}, 'provision', {kind: 'demand', job: '1001-1'}),
    {queue: 'provision', name: '216c05dde66fb799-retry-1001-1'},
  ],
  [
    'retry of a task without a job',
    retryTask('x', {at: AT, job: null}, 'stop', {kind: 'delete', runner: RUNNER}),
    {queue: 'stop', name: '7dd6c6f0a1d57a5a-retry-stop'},
  ],
])('%s: the name, the queue and the delay of the task are always the same', (_, {body: _body, ...task}, expected) => {
  expect(task).toEqual(expected);
});
