import type {HttpFunction, Request} from '@google-cloud/functions-framework';
import type {Outcome} from '../decisions';
import {InvalidTask, SlipwayError} from '../errors';
import {jobKeyOf} from '../model/job';
import {parseTask, type QueueName, type TaskOf} from '../model/task-payload';
import type {Context, Services} from '../ports';
import {noteFailedAttempt} from '../runners/failed-attempt';
import {giveUpJob, giveUpRunner, writeDeadLetter} from '../runners/give-up';
import {giveUpStandby} from '../runners/standby-prepare';
import type {Span} from '../telemetry/tracer';
import {toReply} from './errors';
import {callerVerifier, type OidcVerifier} from './oidc';
import {createBodyReader, MAX_TASK_BYTES} from './read-body';
import {jsonReply, type Reply, requirePost, sendReply} from './server';
import {type TaskVerifier, taskVerifier} from './task-verifier';
import {traceFields, traceOf} from './trace';

/** One dispatch of a task, from the headers of Cloud Tasks, which clients cannot set. */
interface TaskContext {
  readonly queue: string;
  /** The task's id, without the path of its queue. */
  readonly task: string;
  /** Number of attempts before this one. */
  readonly retryCount: number;
}

/** The id of a task or of a queue. */
const ID = /^[A-Za-z0-9_-]{1,500}$/;

/** @see https://cloud.google.com/tasks/docs/creating-http-target-tasks#handler */
function taskContext(request: Request): TaskContext {
  const task = request.get('x-cloudtasks-taskname');
  const queue = request.get('x-cloudtasks-queuename');
  const retryCount = Number(request.get('x-cloudtasks-taskretrycount') ?? 0);
  return {
    queue: queue !== undefined && ID.test(queue) ? queue : 'unknown',
    task: task !== undefined && ID.test(task) ? task : 'unnamed',
    retryCount: Number.isInteger(retryCount) && retryCount >= 0 ? retryCount : 0,
  };
}

/** After this attempt Cloud Tasks deletes the task without a trace: Cloud Tasks has no dead-letter queue. */
export function isLastAttempt(context: TaskContext, maxAttempts: number): boolean {
  return context.retryCount >= maxAttempts - 1;
}

/** Performs the task. Throws typed errors. */
export type TaskHandler<Q extends QueueName> = (context: Context, task: TaskOf[Q]) => Promise<Outcome>;

/**
 * A Cloud Tasks callback: authenticate the caller and the task, parse the task, perform it, answer. 2xx ends the task. A retryable failure
 * answers 429 or 503 with `Retry-After`. A failure that no retry can cure, and any failure of the last attempt, becomes a dead letter and 200.
 */
export function createTaskFunction<Q extends QueueName>(
  queue: Q,
  getServices: () => Promise<Services<Q>>,
  handle: TaskHandler<Q>,
): HttpFunction {
  let verifier: OidcVerifier | undefined;
  let verifyTask: TaskVerifier | undefined;
  const bodies = createBodyReader(MAX_TASK_BYTES);

  async function run(request: Request): Promise<Reply> {
    requirePost(request);
    const unread = bodies.open(request);
    const services = await getServices();
    verifier ??= callerVerifier(queue, services);
    await verifier(request.get('authorization'));

    const attempt = taskContext(request);
    const body = (await unread.read()).bytes();
    verifyTask ??= taskVerifier(services);
    await verifyTask(request, attempt.task, body);

    const fields = {task: attempt.task, attempt: attempt.retryCount + 1};
    const parent = traceOf(request.headers);
    return services.tracer.inExecution({name: queue, parent, fields}, (span) =>
      perform(services, request, attempt, body, span),
    );
  }

  async function perform(
    services: Services<Q>,
    request: Request,
    attempt: TaskContext,
    body: Buffer,
    span: Span,
  ): Promise<Reply> {
    let logger = services.logger.with({
      task: attempt.task,
      attempt: attempt.retryCount + 1,
      ...traceFields(services.tracer.activeSpan() ?? traceOf(request.headers), services.config.project),
    });
    let task: TaskOf[Q] | undefined;
    try {
      task = parseTask(queue, body);
      logger = logger.with({...fieldsOf(task), ...ageOf(task, services.context.clock.now())});
      span.set({kind: task.kind, ...fieldsOf(task)});
      const {decision, reason} = await handle({...services.context, logger}, task);
      span.set({decision, reason});
      logger.info(`${queue}: ${decision}${reason === undefined ? '' : `:${reason}`}`, {
        decision,
        ...(reason ? {reason} : {}),
      });
      return jsonReply({status: 'done', decision});
    } catch (error) {
      span.fail(error);
      const isFinal = error instanceof SlipwayError && !error.retryable;
      if (!isFinal && !isLastAttempt(attempt, services.config.taskMaxAttempts)) {
        span.set({decision: 'retry', reason: kindOf(error)});
        const fields = {decision: 'retry' as const, reason: kindOf(error), error};
        logger.warning(`${queue}: will be tried again`, fields);
        if (task) await note({...services.context, logger}, task, error, attempt, services.config.taskMaxAttempts);
        // mutation: answer to retry
        return toReply(error);
      }
      span.set({decision: 'dead_letter', reason: kindOf(error)});
      await giveUpTask({...services.context, logger}, queue, attempt, task, body, error);
      return jsonReply({status: 'dead_letter'});
    }
  }

  return async (request, response) => {
    sendReply(
      response,
      await run(request).catch(async (error: unknown) => {
        const answer = toReply(error);
        await getServices().then(
          ({logger}) => logger.warning(`${queue}: refused`, {decision: 'refused', status: answer.status, error}),
          () => undefined,
        );
        return answer;
      }),
    );
  };
}

/** Best effort: whether the task is tried again does not depend on it. */
async function note<Q extends QueueName>(
  context: Context,
  task: TaskOf[Q],
  error: unknown,
  {retryCount}: TaskContext,
  mostAttempts: number,
): Promise<void> {
  try {
    await noteFailedAttempt(context, task, error, {attempt: retryCount + 1, mostAttempts});
  } catch (failure) {
    context.logger.warning('the reason could not be written down with the job', {decision: 'failed', error: failure});
  }
}

/** Logs the failure, gives up the job or the runner that the task was for, and writes the dead letter. */
async function giveUpTask<Q extends QueueName>(
  context: Context,
  queue: Q,
  attempt: TaskContext,
  task: TaskOf[Q] | undefined,
  body: Buffer,
  error: unknown,
): Promise<void> {
  const fields = task ? await withRecord(context, fieldsOf(task)) : {};
  const tried = attempt.retryCount === 0 ? 'at the first attempt' : `after ${attempt.retryCount + 1} attempts`;
  context.logger.error(`${queue}: given up ${tried}`, {
    decision: 'dead_letter',
    reason: kindOf(error),
    error,
    ...fields,
  });
  const job = fields['job'];
  if (job && queue === 'provision') await giveUpJob(context, job, error);
  if (task?.kind === 'make') await giveUpRunner(context, task.runner);
  if (task?.kind === 'standby') await giveUpStandby(context, task.runner, error);
  await writeDeadLetter(context.store, {
    task: attempt.task,
    queue,
    body: task ?? (error instanceof InvalidTask ? {bytes: body.length} : null),
    error: error instanceof Error ? error.message : 'unknown',
    reason: kindOf(error),
    job: job ?? null,
    jobUrl: fields['url'] ?? null,
    attempts: attempt.retryCount + 1,
    now: context.clock.now(),
  });
}

/** The fields with what the record says of the job: a task about a job on record carries the job's key alone. */
async function withRecord({store}: Context, fields: Record<string, string>): Promise<Record<string, string>> {
  const {job, url} = fields;
  if (job === undefined || url !== undefined) return fields;
  const known = await store.get('jobs', job).catch(() => undefined);
  return known ? {pool: known.pool, ...(known.url ? {url: known.url} : {}), ...fields} : fields;
}

function kindOf(error: unknown): string {
  return error instanceof SlipwayError ? error.kind : 'internal';
}

/** How long ago GitHub created the event's job. The metrics of waiting times are made from this field. */
function ageOf(task: TaskOf[QueueName], now: number): {jobAgeSeconds?: number} {
  if (task.kind !== 'event') return {};
  return {jobAgeSeconds: Math.max(0, (now - task.event.createdAt) / 1000)};
}

/** The fields of a log line about a task. */
function fieldsOf(task: TaskOf[QueueName]): Record<string, string> {
  if (task.kind === 'demand' || task.kind === 'queued_again') return {job: task.job};
  if (task.kind === 'vm') return {vm: task.vm};
  if (task.kind !== 'event') return {runner: task.runner};
  const {event} = task;
  return {
    job: jobKeyOf(event),
    pool: event.pool,
    delivery: event.delivery,
    ...(event.url ? {url: event.url} : {}),
    ...(event.runnerName ? {runner: event.runnerName} : {}),
  };
}
