import {createHash} from 'node:crypto';
import type {JobKey} from './job';
import type {JobEvent} from './job-event';
import {ownerOfRepository} from './queues';
import type {RunnerDocument} from './runner';
import type {ProvisionTask, QueueName, StopTask, TaskTarget} from './task-payload';

/** A task to be enqueued. */
export interface NewTask {
  /** The queue whose rate limit applies to the task. */
  readonly queue: QueueName;
  /** Owner of the repository, by which one of several provision queues is chosen. Missing: not known, or the task has none. */
  readonly owner?: string;
  /** The function that gets the task. Missing: the function of the queue. */
  readonly to?: TaskTarget;
  /** Deterministic id, `[A-Za-z0-9_-]{1,500}`: the same work has the same name, and is enqueued once. */
  readonly name: string;
  /** Sent as JSON. Small, and without secrets. */
  readonly body: object;
  /** The task is dispatched after this many seconds. 0 or missing: at once. */
  readonly delaySeconds?: number;
  /** Additional request headers, e.g. `traceparent`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The function that gets a task. */
export function functionOf({queue, to}: Pick<NewTask, 'queue' | 'to'>): TaskTarget {
  return to ?? queue;
}

/** `deadletters/job-<job key>`, or `deadletters/<task name>` for a task without a job: a task that was given up. A job has one at a time. */
export interface DeadLetterDocument {
  readonly task: string;
  readonly queue: string;
  readonly body: unknown;
  readonly error: string;
  /** Kind of the error, as the log line has it; missing in documents of older versions. */
  readonly reason?: string;
  readonly job: JobKey | null;
  readonly jobUrl: string | null;
  readonly attempts: number;
  /** Number of dead letters that this job has had, including this one; missing in documents of older versions: one. */
  readonly count?: number;
  readonly at: number;
  readonly expireAt: number;
}

/**
 * Id of a task at Cloud Tasks, `[A-Za-z0-9_-]{1,500}`: a hash of `key`, because sequential names slow a queue down, then the `readable`
 * parts, by which a person finds the task.
 * @see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks#Task
 */
export function taskName(key: string, ...readable: (string | number)[]): string {
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 16);
  const tail = readable.map((part) => String(part).replace(/[^A-Za-z0-9_-]/g, '_')).join('-');
  return `${hash}-${tail}`.slice(0, 500);
}

/** The queue of a task, and the function that gets it if that is not the function of the queue. */
export type Route = Pick<NewTask, 'queue' | 'to'>;

/**
 * The route of a task to a function. `status`: status of the task's event, if it has one. An `in_progress` goes to `provision` through the
 * queue `stop`: it makes no call to GitHub, so it must not use up the rate of the queue `provision`, which is GitHub's limit for
 * registrations. A `waiting` makes no call either, but in another queue it could overtake its `queued`.
 */
export function routeTo(to: QueueName, status?: JobEvent['status']): Route {
  if (to === 'provision' && status === 'in_progress') return {queue: 'stop', to};
  return {queue: to};
}

/**
 * The task of an event: `completed` is for `stop`, every other status for `provision`. Its name is made from `delivery`: GitHub's GUID, which
 * a redelivery keeps, or a hash of the body. The job alone would not do: a job that is queued again after an approval has the same id.
 */
export function eventTask(event: JobEvent): NewTask {
  const {delivery, jobId, runAttempt, status} = event;
  const route = routeTo(status === 'completed' ? 'stop' : 'provision', status);
  return {
    ...route,
    ...(route.queue === 'provision' ? {owner: ownerOfRepository(event.repository)} : {}),
    name: taskName(`${delivery}/${jobId}/${runAttempt}/${status}`, jobId, runAttempt, status),
    body: {kind: 'event', event},
  };
}

/** Time between deregistration and deletion, in which a late `in_progress` may still say that the runner is busy. */
const DELETION_GRACE_SECONDS = 60;

/** Time between an event that says that a job is queued again, and the question to GitHub whether that is so. */
const QUEUED_AGAIN_CHECK_SECONDS = 120;

/** Task for a job on record that needs a runner. `cause` makes the task's name differ from those of earlier tasks for the job. */
export function demandTask(job: JobKey, cause: string): NewTask {
  return {
    queue: 'provision',
    name: taskName(`demand/${job}/${cause}`, 'demand', job),
    body: {kind: 'demand', job},
  };
}

/** Task that asks GitHub, in two minutes, whether a job on record as running on `runner` (null: not known) is queued again. */
export function queuedAgainTask(job: JobKey, runner: string | null, cause: string): NewTask {
  return {
    queue: 'provision',
    name: taskName(`queued-again/${job}/${cause}`, 'queued-again', job),
    body: {kind: 'queued_again', job, runner},
    delaySeconds: QUEUED_AGAIN_CHECK_SECONDS,
  };
}

/** Task that creates a runner requested without a job. `cause`: set by the sweep, which repeats a lost task under a new name. */
export function makeTask(runner: string, cause?: string): NewTask {
  return {
    queue: 'provision',
    name: taskName(`make/${runner}${cause === undefined ? '' : `/${cause}`}`, 'make', runner),
    body: {kind: 'make', runner},
  };
}

/**
 * Task that creates a standby machine on record. It makes no call to GitHub, so it does not use up the rate of the queue `provision`. `cause`:
 * set by the sweep, which repeats a lost task under a new name.
 */
export function standbyTask(name: string, cause?: string): NewTask {
  return {
    queue: 'stop',
    to: 'provision',
    name: taskName(`standby/${name}${cause === undefined ? '' : `/${cause}`}`, 'standby', name),
    body: {kind: 'standby', runner: name},
  };
}

/** Task that reads GitHub's busy flag of an unassigned runner for the `reading`th time. Void when the runner gets a job in the meantime. */
export function idleCheckTask(
  {name: runner, spareSince, stateAt}: Pick<RunnerDocument, 'name' | 'spareSince' | 'stateAt'>,
  reading: number,
  delaySeconds: number,
): NewTask {
  const since = spareSince ?? stateAt;
  return {
    queue: 'stop',
    name: taskName(`idle/${runner}/${since}/${reading}`, 'idle', runner, reading),
    body: {kind: 'idle', runner, since, reading},
    delaySeconds,
  };
}

/** Task that deletes the VM of an idle runner after its deregistration. Its name has no hash, unlike all others; a runner has one such task. */
export function deleteTask(runner: string): NewTask {
  return {
    queue: 'stop',
    name: `delete-${runner}`,
    body: {kind: 'delete', runner},
    delaySeconds: DELETION_GRACE_SECONDS,
  };
}

/** Task that deletes the VM of a runner that a person removed. With `force`: at once, even if the runner runs a job. */
export function removeTask(runner: string, force: boolean): NewTask {
  return {
    queue: 'stop',
    name: taskName(`remove/${runner}/${force}`, 'remove', runner),
    body: {kind: 'delete', runner, force},
    delaySeconds: force ? 0 : DELETION_GRACE_SECONDS,
  };
}

/** The persistent VM of a task. `id`: `<zone>.<instance>`. */
interface VmOfTask {
  readonly id: string;
  readonly instance: string;
}

/**
 * Task that starts the VM of a Docker host; of a pool's persistent VM, restores the labels of its runner and plans the VM's stop, after a person
 * started the VM. `version`: of the VM's activity, and more where a start without activity is repeated.
 */
export function startVmTask(deployment: string, vm: VmOfTask, version: number | string): NewTask {
  return {
    queue: 'provision',
    name: taskName(`start/${deployment}/${vm.id}/${version}`, 'start', vm.instance, version),
    body: {kind: 'vm', vm: vm.id},
  };
}

/** Task that checks for the `reading`th time whether a persistent VM may stop. Void when the VM's activity has a newer version. */
export function vmCheckTask(
  deployment: string,
  vm: VmOfTask,
  {version, reading, delaySeconds}: {readonly version: number; readonly reading: number; readonly delaySeconds: number},
): NewTask {
  return {
    queue: 'stop',
    name: taskName(`vm/${deployment}/${vm.id}/${version}/${reading}`, 'vm', vm.instance, version, reading),
    body: {kind: 'vm', vm: vm.id, version, reading},
    delaySeconds,
  };
}

/**
 * Task that runs the sweep at `atMs`, between two calls of Cloud Scheduler, whose shortest interval is a minute. Named by that time, so that
 * the run is planned once. `nowMs`: both in milliseconds since the epoch.
 */
export function sweepTask(deployment: string, atMs: number, nowMs: number): NewTask {
  const time = new Date(atMs).toISOString().slice(0, 19);
  return {
    queue: 'stop',
    to: 'sweep',
    name: taskName(`sweep/${deployment}/${atMs}`, 'sweep', time),
    body: {kind: 'sweep', at: atMs},
    delaySeconds: (atMs - nowMs) / 1000,
  };
}

/**
 * Task that retries the work of a dead letter, for the function `to` that gave it up. Its name contains the letter's time, because the same
 * work may fail and be retried again.
 */
export function retryTask(
  letterId: string,
  {at, job}: Pick<DeadLetterDocument, 'at' | 'job'>,
  to: QueueName,
  body: ProvisionTask | StopTask,
): NewTask {
  return {
    ...routeTo(to, body.kind === 'event' ? body.event.status : undefined),
    name: taskName(`retry/${letterId}/${at}`, 'retry', job ?? to),
    body,
  };
}
