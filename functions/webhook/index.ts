import {createHash} from 'node:crypto';
import {type HttpFunction, http, type Request} from '@google-cloud/functions-framework';
import {readEnvironment} from '../../shared/config/environment';
import {gracefully} from '../../shared/http/graceful-shutdown';
import {rawBody, requirePost} from '../../shared/http/request';
import {type Answer, send} from '../../shared/http/respond';
import {isSigned} from '../../shared/http/signature';
import {parseWebhook} from '../../shared/http/webhook-request';
import {matchEvent} from '../../shared/lifecycle/match-event';
import {eventTaskName, queueOf} from '../../shared/tasks/payload';
import {Ingest, type IngestOptions} from './ingest';

/**
 * GitHub's `workflow_job` webhook: verify, match, enqueue, answer. A 2xx means that the task is durable. Everything else happens in
 * `provision` and `stop`: the one call that is made here creates the task.
 */
export function createWebhook(options: IngestOptions): HttpFunction {
  const ingest = new Ingest(options);

  async function receive(request: Request): Promise<Answer> {
    requirePost(request);
    const {config, clock} = ingest.configured();
    // Awaited only where there is something to wait for: in the domain of functions-framework each promise costs.
    const received = rawBody(request);
    const body = received instanceof Promise ? await received : received;
    const known = ingest.webhookSecrets();
    const secrets = known instanceof Promise ? await known : known;

    if (!(await isSigned(body, request.get('x-hub-signature-256'), secrets))) {
      return ingest.refused(request, 'the signature is missing or wrong');
    }

    const trigger = parseWebhook(request, body, clock.now());
    if (trigger.kind === 'ping') return {status: 200, body: {status: 'pong'}};
    const match = matchEvent(trigger, config);
    if (match.kind === 'ignored') return ingest.ignored(request, match);

    const delivery = request.get('x-github-delivery') || createHash('sha256').update(body).digest('hex');
    const event = {...match.event, delivery};
    return ingest.traced(request, event, async (headers) => {
      const task = {queue: queueOf(event.status), name: eventTaskName(event), body: {kind: 'event', event}, headers};
      return ingest.accepted(request, event, await ingest.enqueue(task));
    });
  }

  return (request, response) =>
    receive(request).then(
      (answer) => send(response, answer),
      (error: unknown) => send(response, ingest.failed(request, error)),
    );
}

http('webhook', gracefully(createWebhook({env: readEnvironment()})));
