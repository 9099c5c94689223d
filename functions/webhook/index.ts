import {createHash} from 'node:crypto';
import type {HttpFunction, Request} from '@google-cloud/functions-framework';
import {readEnvironment} from '../../shared/config/environment';
import {isHmac} from '../../shared/hmac';
import {serveFunction} from '../../shared/http/framework';
import {probed} from '../../shared/http/probe';
import {createBodyReader} from '../../shared/http/read-body';
import {requirePost} from '../../shared/http/request';
import {type Answer, send} from '../../shared/http/respond';
import {deliveryOf, parseWebhook} from '../../shared/http/webhook-request';
import {matchEvent} from '../../shared/model/matching';
import {eventTask} from '../../shared/model/tasks';
import {Ingest, type IngestOptions} from './ingest';

/** GitHub sends no larger payload. @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#payload-cap */
const MAX_BODY_BYTES = 25 * 1024 * 1024;

/**
 * GitHub's `workflow_job` webhook: verify, match, enqueue, answer. A 2xx means that the task is durable. Everything else happens in
 * `provision` and `stop`: the one call that is made here creates the task.
 */
export function createWebhook(options: IngestOptions): HttpFunction {
  const ingest = new Ingest(options);
  const bodies = createBodyReader(MAX_BODY_BYTES);

  async function receive(request: Request): Promise<Answer> {
    const probe = probed(request);
    if (probe) return probe;
    requirePost(request);
    const {config, clock} = ingest.configured();
    const unread = bodies.open(request);
    const signature = request.get('x-hub-signature-256');
    if (!isHmac(signature)) return ingest.refused(request, 'the signature is missing or malformed');
    const received = await unread.read();
    const isSigned = await ingest.isSigned(received, signature);
    const body = isSigned ? received.bytes() : undefined;
    received.release();
    if (!body) return ingest.refused(request, 'the signature is wrong');

    const trigger = parseWebhook(request, body, clock.now());
    if (trigger.kind === 'ping') return {status: 200, body: {status: 'pong'}};
    const match = matchEvent(trigger, config);
    if (match.kind === 'ignored') return ingest.ignored(request, match);

    const delivery = deliveryOf(request) ?? createHash('sha256').update(body).digest('hex');
    const event = {...match.event, delivery};
    return ingest.traced(request, event, async (headers) => {
      return ingest.accepted(request, event, await ingest.enqueue({...eventTask(event), headers}));
    });
  }

  return (request, response) =>
    receive(request).then(
      (answer) => send(response, answer),
      (error: unknown) => send(response, ingest.failed(request, error)),
    );
}

serveFunction('webhook', createWebhook({env: readEnvironment()}));
