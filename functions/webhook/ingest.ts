import type {Request} from '@google-cloud/functions-framework';
import {type Clock, systemClock, withDeadline} from '../../shared/clock';
import {type Config, parseConfig} from '../../shared/config/config';
import type {Environment} from '../../shared/config/environment';
import {createSecretReader, type SecretReader} from '../../shared/config/secrets';
import {Unavailable} from '../../shared/errors';
import {type Answer, answerOf} from '../../shared/http/respond';
import type {JobEvent} from '../../shared/lifecycle/job-event';
import type {EventMatch} from '../../shared/lifecycle/match-event';
import type {Secret} from '../../shared/secret';
import {createCloudTasks} from '../../shared/tasks/cloud-tasks';
import type {NewTask, Tasks} from '../../shared/tasks/tasks';
import {createLogger} from '../../shared/telemetry/create-logger';
import type {Logger} from '../../shared/telemetry/logger';
import {traceFields, traceOf} from '../../shared/telemetry/trace';

/** GitHub waits ten seconds; reading the secrets and creating the task together get less. */
const DEADLINE_MS = 7_500;

export interface IngestOptions {
  readonly env: Environment;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** In place of Cloud Tasks. */
  readonly tasks?: Tasks;
}

interface Configured {
  readonly config: Config;
  readonly clock: Clock;
  readonly secrets: SecretReader;
  readonly tasks: Tasks;
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

  async webhookSecrets(): Promise<Secret[]> {
    const {config, secrets} = this.configured();
    return this.#inTime(
      Promise.all(config.webhookSecrets.map((source) => secrets.read(source))).then((all) => all.flat()),
    );
  }

  async enqueue(task: NewTask): Promise<'created' | 'exists'> {
    return this.#inTime(this.configured().tasks.enqueue(task));
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
    const delivery = request.get('x-github-delivery');
    return this.#logger.with({
      function: 'webhook',
      ...(delivery ? {delivery} : {}),
      ...traceFields(traceOf(request.headers), this.#configured?.config.project),
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
    return {config, clock, secrets: createSecretReader({clock, config, logger: this.#logger}), tasks};
  }
}
