import {type Clock, withDeadline} from '../clock';
import {Unavailable} from '../errors';
import {functionOf, type NewTask, type QueueName} from '../model/tasks';
import {type CreateFailure, createFailure, type TaskPlace} from './cloud-tasks-failure';
import type {Tasks} from './tasks';
import {type TasksEmulator, tasksClientLoader} from './tasks-client';

export interface CloudTasksOptions {
  /** `projects/P/locations/L/queues/Q` */
  readonly queues: Readonly<Record<QueueName, string>>;
  /** Of the functions that get the tasks; also, character by character, the audience of their OIDC tokens. */
  readonly urls: Readonly<Record<QueueName, string>>;
  /** E-mail of the service account whose OIDC token the tasks carry. */
  readonly serviceAccount: string;
  readonly clock: Clock;
  readonly project?: string;
  /** Plain HTTP and no credentials. */
  readonly emulator?: TasksEmulator;
}

/** google.cloud.tasks.v2.Queue.State, as a name or a number. */
const DISABLED: readonly unknown[] = ['DISABLED', 3];
const TRIES = 2;
/** Of one try. */
const TIMEOUT_MS = 3_000;
/** After this long without an answer Cloud Tasks counts an attempt as failed. */
const DISPATCH_DEADLINE_SECONDS = 300;
const VARIABLES: Readonly<Record<QueueName, string>> = {provision: 'PROVISION_QUEUE', stop: 'STOP_QUEUE'};

/**
 * Google Cloud Tasks. A task is created within two tries of 3 s, or `Unavailable` is thrown: GitHub waits 10 s for its answer. A try
 * that was cut off may have created the task: the next one then finds its name taken.
 *
 * @see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/create
 */
export function createCloudTasks(options: CloudTasksOptions): Tasks {
  const client = tasksClientLoader({emulator: options.emulator, project: options.project});

  async function createOnce(task: NewTask): Promise<{readonly kind: 'created'} | CreateFailure> {
    // Loading, credentials and the call together; and no retry of the library's own, whose time-outs would outlast GitHub's.
    const call = async () =>
      (await client()).createTask(createRequest(task, options), {timeout: TIMEOUT_MS, retry: null});
    try {
      await withDeadline(TIMEOUT_MS, call(), late);
      return {kind: 'created'};
    } catch (error) {
      return createFailure(error, placeOf(task.queue));
    }
  }

  function placeOf(queue: QueueName): TaskPlace {
    const {serviceAccount, queues} = options;
    return {queue: queues[queue], variable: VARIABLES[queue], serviceAccount};
  }

  async function stateOf(name: string): Promise<unknown> {
    const call = async () => (await client()).getQueue({name}, {timeout: TIMEOUT_MS, retry: null});
    const [{state}] = await withDeadline(TIMEOUT_MS, call(), late);
    return state;
  }

  /** As Cloud Tasks says it: DEADLINE_EXCEEDED. */
  function late(): Error {
    return Object.assign(new Error(`no answer within ${TIMEOUT_MS} ms`), {code: 4});
  }

  return {
    async enqueue(task) {
      let detail = '';
      for (let tries = 0; tries < TRIES; tries += 1) {
        const outcome = await createOnce(task);
        if (outcome.kind === 'created' || outcome.kind === 'exists') return outcome.kind;
        const where = `task ${task.name} in ${options.queues[task.queue]}`;
        if (outcome.kind === 'permanent') {
          throw new Unavailable(`Cloud Tasks refuses to create ${where}: ${outcome.detail}; ${outcome.remedy}`, 60);
        }
        detail = `${where}: ${outcome.detail}`;
      }
      throw new Unavailable(
        `Cloud Tasks did not create ${detail} (tried ${TRIES} times); if this lasts, look at status.cloud.google.com and the quotas`,
        10,
      );
    },
    async check(queue) {
      const name = options.queues[queue];
      const state = await stateOf(name).catch((error: unknown) => {
        const failure = createFailure(error, placeOf(queue));
        const detail = failure.kind === 'exists' ? 'a contradictory answer' : failure.detail;
        const remedy = failure.kind === 'permanent' ? `; ${failure.remedy}` : '';
        throw new Unavailable(`Cloud Tasks does not tell of the queue ${name}: ${detail}${remedy}`, 10);
      });
      if (DISABLED.includes(state)) throw new Unavailable(`the queue ${name} is disabled; enable it`, 60);
    },
  };
}

function createRequest(task: NewTask, options: CloudTasksOptions) {
  const parent = options.queues[task.queue];
  const url = options.urls[functionOf(task)];
  const delayMs = (task.delaySeconds ?? 0) * 1000;
  return {
    parent,
    task: {
      name: `${parent}/tasks/${task.name}`,
      httpRequest: {
        httpMethod: 'POST' as const,
        url,
        headers: {...task.headers, 'content-type': 'application/json'},
        body: Buffer.from(JSON.stringify(task.body)).toString('base64'),
        oidcToken: {serviceAccountEmail: options.serviceAccount, audience: url},
      },
      dispatchDeadline: {seconds: DISPATCH_DEADLINE_SECONDS},
      ...(delayMs > 0 ? {scheduleTime: timestamp(options.clock.now() + delayMs)} : {}),
    },
  };
}

function timestamp(timeMs: number): {readonly seconds: number; readonly nanos: number} {
  const seconds = Math.floor(timeMs / 1000);
  return {seconds, nanos: Math.round((timeMs - seconds * 1000) * 1e6)};
}
