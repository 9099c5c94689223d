import {createHash} from 'node:crypto';
import type {JobKey} from './job';
import type {JobEvent} from './job-event';
import type {RunnerDocument} from './runner';
import type {ProvisionTask, QueueName, StopTask} from './task-payload';

export interface NewTask {
  /** Whose rate the task uses up. */
  readonly queue: QueueName;
  /** The function that gets the task; left out: the queue's own. */
  readonly to?: QueueName;
  /** Deterministic id, `[A-Za-z0-9_-]{1,500}`: the same work has the same name. */
  readonly name: string;
  /** Sent as JSON. Small, and without secrets. */
  readonly body: object;
  /** Not before this many seconds from now; 0 or left out: at once. */
  readonly delaySeconds?: number;
  /** Extra request headers, e.g. `traceparent`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** The function that gets a task. */
export function functionOf({queue, to}: Pick<NewTask, 'queue' | 'to'>): QueueName {
  return to ?? queue;
}

/** `deadletters/job-<job key>`, or `deadletters/<task name>` of a task without a job: what was given up, and why. A job has one at a time. */
export interface DeadLetterDocument {
  readonly task: string;
  readonly queue: string;
  readonly body: unknown;
  readonly error: string;
  readonly job: JobKey | null;
  readonly jobUrl: string | null;
  readonly attempts: number;
  /** How many letters of this job there were, this one included; missing in documents of older versions: one. */
  readonly count?: number;
  readonly at: number;
  readonly expireAt: number;
}

/**
 * Cloud Tasks id, `[A-Za-z0-9_-]{1,500}`. It starts with a hash, because sequential names slow a queue down, and ends with
 * what a person looks for.
 * @see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks#Task
 */
export function taskName(key: string, ...readable: (string | number)[]): string {
  const hash = createHash('sha256').update(key).digest('hex').slice(0, 16);
  const tail = readable.map((part) => String(part).replace(/[^A-Za-z0-9_-]/g, '_')).join('-');
  return `${hash}-${tail}`.slice(0, 500);
}

/** Which queue a task waits in, and, where it is not the queue's own, which function gets it. */
export type Route = Pick<NewTask, 'queue' | 'to'>;

/**
 * How a task reaches a function; with the status of its event, if it has one. News of a start asks nothing of GitHub: it must not use up the rate of the provision queue, which is
 * GitHub's limit for runners. `waiting` asks nothing either, but would overtake its `queued` in another queue.
 */
export function routeTo(to: QueueName, status?: JobEvent['status']): Route {
  if (to === 'provision' && status === 'in_progress') return {queue: 'stop', to};
  return {queue: to};
}

/**
 * The task of an event: release is for `stop`, everything else is demand. Its name comes from the delivery's GUID, which a redelivery keeps;
 * without one from the body. Not from the job alone: a job that is queued again after an approval has the same id and may have the same body.
 */
export function eventTask(event: JobEvent): NewTask {
  const {delivery, jobId, runAttempt, status} = event;
  return {
    ...routeTo(status === 'completed' ? 'stop' : 'provision', status),
    name: taskName(`${delivery}/${jobId}/${runAttempt}/${status}`, jobId, runAttempt, status),
    body: {kind: 'event', event},
  };
}

/** Between deregistration and deletion: time for a late `in_progress` to say that the runner was busy. */
const DELETION_GRACE_SECONDS = 60;

/** Between an event that says that a job is queued again, and the second look that believes the event. */
const SECOND_LOOK_SECONDS = 120;

/** A job that is on record needs a runner. `cause` keeps the task's name from being one that was used before. */
export function demandTask(job: JobKey, cause: string): NewTask {
  return {
    queue: 'provision',
    name: taskName(`demand/${job}/${cause}`, 'demand', job),
    body: {kind: 'demand', job},
  };
}

/** A job on record as running on `runner` may be queued again (null: no runner is known): GitHub is asked in two minutes. */
export function queuedAgainTask(job: JobKey, runner: string | null, cause: string): NewTask {
  return {
    queue: 'provision',
    name: taskName(`queued-again/${job}/${cause}`, 'queued-again', job),
    body: {kind: 'queued_again', job, runner},
    delaySeconds: SECOND_LOOK_SECONDS,
  };
}

/** A runner that was requested without a job is to be created. `cause`: of the sweep, which repeats a lost task under a new name. */
export function makeTask(runner: string, cause?: string): NewTask {
  return {
    queue: 'provision',
    name: taskName(`make/${runner}${cause === undefined ? '' : `/${cause}`}`, 'make', runner),
    body: {kind: 'make', runner},
  };
}

/** Reading number `reading` of GitHub's idle flag, in `delaySeconds`. Void when the runner's life changes before. */
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

/** The VM of an idle runner that was deregistered is to be deleted. The one name without a hash: a runner has one such task. */
export function deleteTask(runner: string): NewTask {
  return {
    queue: 'stop',
    name: `delete-${runner}`,
    body: {kind: 'delete', runner},
    delaySeconds: DELETION_GRACE_SECONDS,
  };
}

/** The VM of a runner that somebody removed is to be deleted; with `force` at once, whatever runs on it. */
export function removeTask(runner: string, force: boolean): NewTask {
  return {
    queue: 'stop',
    name: taskName(`remove/${runner}/${force}`, 'remove', runner),
    body: {kind: 'delete', runner, force},
    delaySeconds: force ? 0 : DELETION_GRACE_SECONDS,
  };
}

/** A persistent VM, as tasks name it: `id` is `<zone>.<instance>`. */
interface VmOfTask {
  readonly id: string;
  readonly instance: string;
}

/** A persistent VM was started by hand: its runner gets its labels back, and its stop is planned. */
export function startVmTask(deployment: string, vm: VmOfTask, version: number): NewTask {
  return {
    queue: 'provision',
    name: taskName(`start/${deployment}/${vm.id}/${version}`, 'start', vm.instance, version),
    body: {kind: 'vm', vm: vm.id},
  };
}

/** Look number `reading`, in `delaySeconds`, whether the VM may stop. Void when there was activity of a newer version. */
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
 * The task of a dead letter, for the function that gave it up. One name a letter: the same task may fail again, and be retried again, as a
 * letter of another time.
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
