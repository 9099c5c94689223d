import type {Request} from '@google-cloud/functions-framework';
import {type Clock, systemClock, withDeadline} from '../../shared/clock';
import {type Config, parseConfig} from '../../shared/config/config';
import type {Environment} from '../../shared/config/environment';
import {warnOfOldNames} from '../../shared/config/old-names';
import {createSecretCheck, type SecretCheck} from '../../shared/config/secret-check';
import {createSecretReader} from '../../shared/config/secrets';
import {Unavailable} from '../../shared/errors';
import type {ReceivedBody} from '../../shared/http/received-body';
import {type Answer, answerOf} from '../../shared/http/respond';
import {isSigned} from '../../shared/http/signature';
import {deliveryOf} from '../../shared/http/webhook-request';
import {jobKeyOf} from '../../shared/model/job';
import type {JobEvent} from '../../shared/model/job-event';
import type {EventMatch} from '../../shared/model/matching';
import type {NewTask} from '../../shared/model/tasks';
import {createCloudTasks} from '../../shared/tasks/cloud-tasks';
import {signedTasks} from '../../shared/tasks/signed-tasks';
import type {Tasks} from '../../shared/tasks/tasks';
import {createLogger} from '../../shared/telemetry/create-logger';
import {createTracer, type TracingOptions} from '../../shared/telemetry/create-tracer';
import type {Logger} from '../../shared/telemetry/logger';
import {traceFields, traceOf} from '../../shared/telemetry/trace';
import type {Tracer} from '../../shared/telemetry/tracer';
import {tracedTasks} from '../../shared/traced-ports';

/** GitHub waits ten seconds; reading the secrets and creating the task together get less. */
const DEADLINE_MS = 7_500;

export interface IngestOptions {
  readonly env: Environment;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** In place of Cloud Tasks. */
  readonly tasks?: Tasks;
  /** In place of Cloud Trace; only with `TRACING=true`. */
  readonly tracing?: TracingOptions;
}

interface Configured {
  readonly config: Config;
  readonly clock: Clock;
  readonly checkSecret: SecretCheck;
  readonly tasks: Tasks;
  readonly tracer: Tracer;
}

/** What `webhook` needs of the world: the configuration, the secrets, the queue, and one log line per decision. */
export class Ingest {
  readonly #options: IngestOptions;
  #configured: Configured | undefined;
  #logger: Logger;

  constructor(options: IngestOptions) {
    this.#options = options;
    this.#logger = options.logger ?? createLogger({level: 'info'});
  }

  /** Throws `InvalidConfiguration`. Read once a process, on the first request, so that a bad one is answered and logged. */
  configured(): Configured {
    this.#configured ??= this.#configure();
    return this.#configured;
  }

  /** Whether one of the webhook's secrets signed the body. */
  isSigned(body: ReceivedBody, signature: string): Promise<boolean> {
    const {checkSecret} = this.configured();
    return this.#inTime(checkSecret((secret) => isSigned(body, signature, secret)));
  }

  async enqueue(task: NewTask): Promise<'created' | 'exists'> {
    return this.#inTime(this.configured().tasks.enqueue(task));
  }

  /**
   * Answers a job's event within the trace that the request belongs to, or a new one; a task with `headers` joins it. Only what GitHub has
   * signed gets here: nobody else makes us send spans.
   */
  traced(
    request: Request,
    event: JobEvent,
    answer: (headers: Record<string, string>) => Promise<Answer>,
  ): Promise<Answer> {
    const {tracer} = this.configured();
    const parent = traceOf(request.headers);
    const {delivery, pool, repository, status} = event;
    const fields = {job: jobKeyOf(event), pool, repository, status, delivery};
    return tracer.inExecution({name: 'webhook', parent, fields}, async (span) => {
      const {traceparent} = tracer.present() ?? parent ?? {};
      return answer(traceparent ? {traceparent} : {}).catch((error: unknown) => {
        span.fail(error);
        return this.failed(request, error);
      });
    });
  }

  accepted(request: Request, event: JobEvent, created: 'created' | 'exists'): Answer {
    this.#log(request).info(`job ${event.jobId} is ${event.status}`, {
      decision: created === 'created' ? 'enqueued' : 'duplicate',
      job: event.jobId,
      pool: event.pool,
      ...(event.runnerName ? {runner: event.runnerName} : {}),
      repository: event.repository,
      status: event.status,
    });
    return {status: 202, body: {status: 'accepted', pool: event.pool, job: event.jobId}};
  }

  ignored(request: Request, match: Extract<EventMatch, {kind: 'ignored'}>): Answer {
    this.#log(request).info(`ignored: ${match.detail}`, {decision: 'ignored', reason: match.reason});
    return {status: 200, body: {status: 'ignored', reason: match.reason}};
  }

  /** Nothing of the body is logged or answered: it is not known to come from GitHub. */
  refused(request: Request, reason: string): Answer {
    this.#log(request).warning(`refused: ${reason}`, {decision: 'refused', reason: 'signature'});
    return {status: 401, body: {error: reason}};
  }

  failed(request: Request, error: unknown): Answer {
    const answer = answerOf(error);
    const level = answer.status >= 500 ? 'error' : 'warning';
    this.#log(request)[level]('the delivery failed', {decision: 'failed', status: answer.status, error});
    return answer;
  }

  #log(request: Request): Logger {
    const delivery = deliveryOf(request);
    return this.#logger.with({
      function: 'webhook',
      ...(delivery ? {delivery} : {}),
      ...traceFields(this.#configured?.tracer.present() ?? traceOf(request.headers), this.#configured?.config.project),
    });
  }

  #inTime<T>(work: Promise<T>): Promise<T> {
    return withDeadline(DEADLINE_MS, work, () => new Unavailable('the task could not be created in time', 10));
  }

  #configure(): Configured {
    const {env, clock = systemClock} = this.#options;
    const config = parseConfig(env, 'webhook');
    if (!this.#options.logger) this.#logger = createLogger({level: config.logLevel});
    const {tasks: emulator} = config.emulators;
    const tasks =
      this.#options.tasks ??
      createCloudTasks({
        queues: config.queues,
        urls: config.urls,
        serviceAccount: config.tasksServiceAccount,
        clock,
        ...(emulator ? {emulator} : {}),
      });
    const logger = this.#logger.with({function: 'webhook'});
    warnOfOldNames(config.oldNames, logger.warning);
    const tracer = createTracer({function: 'webhook', config, clock, logger, tracing: this.#options.tracing});
    const secrets = createSecretReader({clock, config, logger: this.#logger});
    const signed = signedTasks(tasks, config.taskSigningKeys, secrets);
    return {
      config,
      clock,
      checkSecret: createSecretCheck(config.webhookSecrets, {secrets, clock}),
      tasks: config.tracing ? tracedTasks(signed, tracer) : signed,
      tracer,
    };
  }
}
