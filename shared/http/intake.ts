import type {Request} from '@google-cloud/functions-framework';
import {withDeadline} from '../clock';
import type {SecretCheck} from '../config/secret-check';
import {Unavailable} from '../errors';
import {isHmac} from '../hmac';
import type {LogFields, Logger} from '../logger';
import {jobKeyOf} from '../model/job';
import type {JobEvent} from '../model/job-event';
import {asksForKnownLabel} from '../model/labels';
import type {EventMatch} from '../model/matching';
import type {NewTask} from '../model/tasks';
import type {ServicesBase} from '../ports';
import {toReply} from './errors';
import {createBodyReader} from './read-body';
import {jsonReply, type Reply} from './server';
import {traceFields, traceOf} from './trace';
import {deliveryOf, isSigned} from './webhook';

/** The largest payload that GitHub sends. @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap */
const MAX_BODY_BYTES = 25 * 1024 * 1024;

/** GitHub waits ten seconds for the answer. Reading the secrets has this long, and so has creating the task. */
const DEADLINE_MS = 7_500;

/** The bytes of a body that GitHub signed, or the answer to a body that GitHub did not sign. */
export type Verified =
  | {readonly kind: 'signed'; readonly body: Buffer}
  | {readonly kind: 'refused'; readonly answer: Reply};

/** Receives deliveries of the webhook: checks the signature, keeps the deadline and the trace, and writes one log line and one answer for each decision. */
export class Intake {
  readonly #base: () => ServicesBase<'webhook'>;
  readonly #bodies = createBodyReader(MAX_BODY_BYTES);
  readonly #startLogger: Logger;
  #services: ServicesBase<'webhook'> | undefined;
  #checkSecret: SecretCheck | undefined;

  /** `startLogger`: logs deliveries that arrive while the configuration is invalid. */
  constructor(base: () => ServicesBase<'webhook'>, startLogger: Logger) {
    this.#base = base;
    this.#startLogger = startLogger;
  }

  /** Throws `InvalidConfiguration`. */
  services(): ServicesBase<'webhook'> {
    this.#services ??= this.#base();
    return this.#services;
  }

  /** Reads the body and checks that one of the webhook's secrets signed it. Throws `BadRequest` and `Unavailable`. */
  async verify(request: Request): Promise<Verified> {
    const unread = this.#bodies.open(request);
    const signature = request.get('x-hub-signature-256');
    if (!isHmac(signature)) return this.#refused(request, 'the signature is missing or malformed');
    const received = await unread.read();
    const {config, secretCheck} = this.services();
    this.#checkSecret ??= secretCheck(config.webhookSecrets);
    const isGitHubs = await inTime(
      this.#checkSecret((secret) => isSigned(received, signature, secret)),
      "the webhook's secrets could not be read",
    );
    const body = isGitHubs ? received.bytes() : undefined;
    received.release();
    return body ? {kind: 'signed', body} : this.#refused(request, 'the signature is wrong');
  }

  /** Creates the task in its queue, which makes it durable. Throws `Unavailable`. */
  enqueue(task: NewTask): Promise<'created' | 'exists'> {
    return inTime(this.services().tasks.enqueue(task), 'the task could not be created');
  }

  /**
   * Answers a job's event within the request's trace, or within a new one. A task that is created with `headers` joins the trace. Called
   * only after the signature was checked, so that only GitHub causes spans to be sent.
   */
  traced(
    request: Request,
    event: JobEvent,
    answer: (headers: Record<string, string>) => Promise<Reply>,
  ): Promise<Reply> {
    const {tracer} = this.services();
    const parent = traceOf(request.headers);
    const {delivery, pool, repository, status} = event;
    const fields = {job: jobKeyOf(event), pool, repository, status, delivery};
    return tracer.inExecution({name: 'webhook', parent, fields}, async (span) => {
      const {traceparent} = tracer.activeSpan() ?? parent ?? {};
      return answer(traceparent ? {traceparent} : {}).catch((error: unknown) => {
        span.fail(error);
        return this.failed(request, error);
      });
    });
  }

  accepted(request: Request, event: JobEvent, created: 'created' | 'exists'): Reply {
    this.#log(request).info(`job ${event.jobId} is ${event.status}`, {
      decision: created === 'created' ? 'enqueued' : 'duplicate',
      job: jobKeyOf(event),
      pool: event.pool,
      ...(event.runnerName ? {runner: event.runnerName} : {}),
      repository: event.repository,
      status: event.status,
      ...(event.url ? {url: event.url} : {}),
    });
    return jsonReply({status: 'accepted', pool: event.pool, job: event.jobId}, 202);
  }

  ignored(request: Request, match: Extract<EventMatch, {kind: 'ignored'}>): Reply {
    const {event, reason, detail} = match;
    // Of GitHub-hosted jobs there may be thousands: they are no news.
    const level = event && !asksForKnownLabel(event.labels, this.services().config.pools) ? 'debug' : 'info';
    this.#log(request)[level](`ignored: ${detail}`, {decision: 'ignored', reason, ...(event ? jobOf(event) : {})});
    return jsonReply({status: 'ignored', reason: match.reason});
  }

  failed(request: Request, error: unknown): Reply {
    const answer = toReply(error);
    const level = answer.status >= 500 ? 'error' : 'warning';
    this.#log(request)[level]('the delivery failed', {decision: 'failed', status: answer.status, error});
    return answer;
  }

  /** The body is neither logged nor answered, because anybody may have sent it. */
  #refused(request: Request, reason: string): Verified {
    this.#log(request).warning(`refused: ${reason}`, {decision: 'refused', reason: 'signature'});
    return {kind: 'refused', answer: jsonReply({error: reason}, 401)};
  }

  #log(request: Request): Logger {
    const delivery = deliveryOf(request);
    const {logger = this.#startLogger, tracer, config} = this.#services ?? {};
    return logger.with({
      ...(delivery ? {delivery} : {}),
      ...traceFields(tracer?.activeSpan() ?? traceOf(request.headers), config?.project),
    });
  }
}

/** The fields of a log line that say which job it is about. */
function jobOf(event: NonNullable<Extract<EventMatch, {kind: 'ignored'}>['event']>): LogFields {
  const {runId, url, repository, labels, status} = event;
  return {job: jobKeyOf(event), run: runId, ...(url ? {url} : {}), repository, labels, status};
}

function inTime<T>(work: Promise<T>, failure: string): Promise<T> {
  return withDeadline(DEADLINE_MS, work, () => new Unavailable(`${failure} in time`, 10));
}
