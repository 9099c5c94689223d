import {type Clock, withDeadline} from '../clock';
import {QueueStopped, Refused, Unavailable} from '../errors';
import {isForeignAnswer} from '../google-answer';
import {provisionQueueFor} from '../model/queues';
import type {QueueName, TaskTarget} from '../model/task-payload';
import {functionOf, type NewTask} from '../model/tasks';
import {scrubSecrets} from '../secret';
import type {Tasks} from './tasks';

/** google.rpc.Code. @see https://github.com/googleapis/googleapis/blob/master/google/rpc/code.proto */
const NOT_FOUND = 5;
const ALREADY_EXISTS = 6;

const CODES: Readonly<Record<number, string>> = {
  1: 'CANCELLED',
  2: 'UNKNOWN',
  3: 'INVALID_ARGUMENT',
  4: 'DEADLINE_EXCEEDED',
  5: 'NOT_FOUND',
  7: 'PERMISSION_DENIED',
  8: 'RESOURCE_EXHAUSTED',
  9: 'FAILED_PRECONDITION',
  10: 'ABORTED',
  13: 'INTERNAL',
  14: 'UNAVAILABLE',
  16: 'UNAUTHENTICATED',
};

const TRANSIENT: ReadonlySet<number> = new Set([1, 2, 4, 8, 10, 13, 14]);

/** google.cloud.tasks.v2.Queue.State, as a name or a number. */
const DISABLED: readonly unknown[] = ['DISABLED', 3];
const PAUSED: readonly unknown[] = ['PAUSED', 2];

const MAX_TRIES = 2;

/** Time-out of one try, in milliseconds. */
const TIMEOUT_MS = 3_000;

/** Seconds without an answer after which Cloud Tasks counts an attempt as failed. The longest that there is for a sweep, which may take long. */
const DISPATCH_DEADLINE_SECONDS: Readonly<Record<TaskTarget, number>> = {provision: 300, stop: 300, sweep: 1_800};

const VARIABLES: Readonly<Record<QueueName, string>> = {provision: 'PROVISION_QUEUE', stop: 'STOP_QUEUE'};

interface TasksEmulator {
  readonly host: string;
  readonly port: number;
}

export interface CloudTasksOptions {
  /** `projects/P/locations/L/queues/Q`; of several for `provision`, each owner has one. */
  readonly queues: {readonly provision: readonly string[]; readonly stop: string};
  /** URLs of the functions that receive the tasks; also the exact audience of the OIDC tokens. */
  readonly urls: Readonly<Record<QueueName, string>> & {readonly sweep?: string};
  /** E-mail of the service account of the OIDC tokens. */
  readonly serviceAccount: string;
  readonly clock: Clock;
  readonly project?: string;
  /** Emulator with plain HTTP and without credentials. */
  readonly emulator?: TasksEmulator;
}

/**
 * Tasks in Google Cloud Tasks. Creates a task within two tries of 3 s, or throws `Unavailable`: GitHub waits 10 s for the answer to a
 * webhook. A try that was cut off may have created the task: then the next try returns `exists`.
 *
 * @see https://cloud.google.com/tasks/docs/reference/rest/v2/projects.locations.queues.tasks/create
 */
export function createCloudTasks(options: CloudTasksOptions): Tasks {
  const client = tasksClientLoader({emulator: options.emulator, project: options.project});

  async function createOnce(task: NewTask): Promise<{readonly kind: 'created'} | CreateFailure> {
    // The time-out covers loading, credentials and the call. The retries of the library are off: they would take longer than GitHub waits.
    const call = async () =>
      (await client()).createTask(createRequest(task, options), {timeout: TIMEOUT_MS, retry: null});
    try {
      await withDeadline(TIMEOUT_MS, call(), timeoutError);
      return {kind: 'created'};
    } catch (error) {
      return classifyFailure(error, placeOf(task.queue, queueOf(task, options)));
    }
  }

  function placeOf(queue: QueueName, name: string): TaskPlace {
    return {queue: name, variable: VARIABLES[queue], serviceAccount: options.serviceAccount};
  }

  async function stateOf(name: string): Promise<unknown> {
    const call = async () => (await client()).getQueue({name}, {timeout: TIMEOUT_MS, retry: null});
    const [{state}] = await withDeadline(TIMEOUT_MS, call(), timeoutError);
    return state;
  }

  /** A time-out as an error of Cloud Tasks: DEADLINE_EXCEEDED. */
  function timeoutError(): Error {
    return Object.assign(new Error(`no answer within ${TIMEOUT_MS} ms`), {code: 4});
  }

  return {
    async enqueue(task) {
      let detail = '';
      for (let tries = 0; tries < MAX_TRIES; tries += 1) {
        const outcome = await createOnce(task);
        if (outcome.kind === 'created' || outcome.kind === 'exists') return outcome.kind;
        const where = `task ${task.name} in ${queueOf(task, options)}`;
        if (outcome.kind === 'permanent') {
          throw new Unavailable(`Cloud Tasks refuses to create ${where}: ${outcome.detail}; ${outcome.remedy}`, 60);
        }
        detail = `${where}: ${outcome.detail}`;
      }
      throw new Unavailable(
        `Cloud Tasks did not create ${detail} (tried ${MAX_TRIES} times); if this lasts, look at status.cloud.google.com and the quotas`,
        10,
      );
    },
    async check(queue, owner) {
      const {provision, stop} = options.queues;
      const ofOwner = owner === undefined ? provision : [provisionQueueFor(provision, owner)];
      for (const name of queue === 'provision' ? ofOwner : [stop]) await checkQueue(queue, name);
    },
  };

  async function checkQueue(queue: QueueName, name: string): Promise<void> {
    const state = await stateOf(name).catch((error: unknown) => {
      const failure = classifyFailure(error, placeOf(queue, name));
      const detail = failure.kind === 'exists' ? 'a contradictory answer' : failure.detail;
      const found = `Cloud Tasks does not tell of the queue ${name}: ${detail}`;
      if (failure.kind !== 'permanent') throw new Unavailable(found, 10);
      const message = `${found}; ${failure.remedy}`;
      throw numberOf(error, 'code') === NOT_FOUND ? new QueueStopped(message) : new Refused(message);
    });
    if (DISABLED.includes(state)) throw new QueueStopped(`the queue ${name} is disabled; enable it`);
    if (PAUSED.includes(state)) {
      const [, project, , location, , queueId] = name.split('/');
      const command = `gcloud tasks queues resume ${queueId} --location=${location} --project=${project}`;
      throw new QueueStopped(`the queue ${name} is paused: its tasks wait; resume it with ${command}`);
    }
  }
}

function queueOf({queue, owner}: NewTask, {queues}: CloudTasksOptions): string {
  return queue === 'stop' ? queues.stop : provisionQueueFor(queues.provision, owner);
}

function createRequest(task: NewTask, options: CloudTasksOptions) {
  const parent = queueOf(task, options);
  const to = functionOf(task);
  const url = options.urls[to];
  if (url === undefined) throw new RangeError(`found no URL of ${to}, to which task ${task.name} goes`);
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
      dispatchDeadline: {seconds: DISPATCH_DEADLINE_SECONDS[to]},
      ...(delayMs > 0 ? {scheduleTime: timestamp(options.clock.now() + delayMs)} : {}),
    },
  };
}

function timestamp(timeMs: number): {readonly seconds: number; readonly nanos: number} {
  const seconds = Math.floor(timeMs / 1000);
  return {seconds, nanos: Math.round((timeMs - seconds * 1000) * 1e6)};
}

interface Connection {
  readonly emulator: TasksEmulator | undefined;
  readonly project: string | undefined;
}

/**
 * Loads the client of Google at the first task: it takes a quarter of a second, for which a ping or an ignored event does not wait. Uses
 * REST, because gRPC takes longer for its first call. A client that could not start (e.g. without credentials) is created again at the next
 * task.
 */
function tasksClientLoader(connection: Connection) {
  let client: ReturnType<typeof startClient> | undefined;
  return () => {
    client ??= startClient(connection).catch((error: unknown) => {
      client = undefined;
      throw error;
    });
    return client;
  };
}

async function startClient({emulator, project}: Connection) {
  const {CloudTasksClient} = await import('@google-cloud/tasks');
  const client = new CloudTasksClient({
    fallback: true,
    ...(project ? {projectId: project} : {}),
    ...(emulator ? await emulatorOptions(emulator, project) : {}),
  });
  await client.initialize();
  return client;
}

/** Without `auth` the client would first ask the metadata server, which takes seconds outside of Google Cloud. */
async function emulatorOptions({host, port}: TasksEmulator, project = 'emulated') {
  const {GoogleAuth, PassThroughClient} = await import('google-auth-library');
  const auth = new GoogleAuth({projectId: project, authClient: new PassThroughClient()});
  return {apiEndpoint: host, port, protocol: 'http', auth};
}

/** Why a task was not created. */
type CreateFailure =
  | {readonly kind: 'exists'}
  /** The same request may succeed later. */
  | {readonly kind: 'transient'; readonly detail: string}
  /** A person has to change something first. */
  | {readonly kind: 'permanent'; readonly detail: string; readonly remedy: string};

interface TaskPlace {
  /** `projects/P/locations/L/queues/Q` */
  readonly queue: string;
  /** The variable that names the queue. */
  readonly variable: string;
  readonly serviceAccount: string;
}

/** Classifies an error of the client library. A 409 is `exists` only if the code says so: ABORTED is a 409 too, and creates nothing. */
function classifyFailure(error: unknown, place: TaskPlace): CreateFailure {
  const code = numberOf(error, 'code');
  const status = numberOf(error, 'httpStatusCode');
  if (code === ALREADY_EXISTS) return {kind: 'exists'};
  const name = code === undefined ? undefined : (CODES[code] ?? `code ${code}`);
  const detail = [status, name, firstLine(error)].filter((part) => part !== undefined).join(' ');
  if (code === undefined || TRANSIENT.has(code) || (status ?? 0) >= 500) {
    return {kind: 'transient', detail};
  }
  // The error came from the metadata server (asked for the access token) or from a proxy, and says nothing about the queue.
  if (isForeignAnswer(error)) return {kind: 'transient', detail: `not Cloud Tasks' own answer: ${detail}`};
  return {kind: 'permanent', detail, remedy: remedyFor(code, place)};
}

function remedyFor(code: number, {queue, variable, serviceAccount}: TaskPlace): string {
  switch (CODES[code]) {
    case 'NOT_FOUND':
      return `create the queue ${queue}, or correct ${variable}`;
    case 'PERMISSION_DENIED':
      return (
        `grant this function's service account roles/cloudtasks.enqueuer on ${queue}, ` +
        `and roles/iam.serviceAccountUser on ${serviceAccount}`
      );
    case 'UNAUTHENTICATED':
      return "check this function's service account: Cloud Tasks does not accept its credentials";
    case 'FAILED_PRECONDITION':
      return `check that the Cloud Tasks API is enabled and that ${queue} is not disabled`;
    default:
      return `check ${variable}, the URL of its function and TASKS_SERVICE_ACCOUNT`;
  }
}

function numberOf(error: unknown, field: 'code' | 'httpStatusCode'): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const value: unknown = Reflect.get(error, field);
  return typeof value === 'number' ? value : undefined;
}

function firstLine(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return scrubSecrets(message.split('\n')[0] ?? '').slice(0, 300);
}
