import {createHash} from 'node:crypto';
import type {HttpFunction, Request} from '@google-cloud/functions-framework';
import {readEnvironment} from '../../shared/config/variables';
import {serveFunction} from '../../shared/http/framework';
import {Intake} from '../../shared/http/intake';
import {answerProbe} from '../../shared/http/probe';
import {jsonReply, type Reply, requirePost, sendReply} from '../../shared/http/server';
import {deliveryOf, parseWebhook} from '../../shared/http/webhook';
import {matchEvent} from '../../shared/model/matching';
import {eventTask} from '../../shared/model/tasks';
import {createServicesBase, type ServicesBaseOptions, startLogger} from '../../shared/services-base';

/**
 * Receives GitHub's `workflow_job` webhook: verify, match, enqueue, answer. The only call creates the task, and a 2xx means that Cloud Tasks
 * has stored it. `provision` and `stop` do the rest.
 */
export function createWebhook(options: ServicesBaseOptions): HttpFunction {
  const intake = new Intake(createServicesBase('webhook', options), startLogger('webhook', options));

  async function receive(request: Request): Promise<Reply> {
    const probe = answerProbe(request);
    if (probe) return probe;
    requirePost(request);
    const {config, clock} = intake.services();

    const verified = await intake.verify(request);
    if (verified.kind === 'refused') return verified.answer;

    const trigger = parseWebhook(request, verified.body, clock.now());
    if (trigger.kind === 'ping') return jsonReply({status: 'pong'});
    const match = matchEvent(trigger, config);
    if (match.kind === 'ignored') return intake.ignored(request, match);

    const delivery = deliveryOf(request) ?? createHash('sha256').update(verified.body).digest('hex');
    const event = {...match.event, delivery};
    return intake.traced(request, event, async (headers) => {
      const created = await intake.enqueue({...eventTask(event), headers});
      return intake.accepted(request, event, created);
    });
  }

  return (request, response) =>
    receive(request).then(
      (answer) => sendReply(response, answer),
      (error: unknown) => sendReply(response, intake.failed(request, error)),
    );
}

serveFunction('webhook', createWebhook({env: readEnvironment()}));
