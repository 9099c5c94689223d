import type {System} from '../emulators/system';
import {sign, workflowJob} from './webhook';

/** A queued job's delivery, by hand: to see its answer, or to send headers that GitHub does not. */
export function deliver(
  {env, urls}: Pick<System, 'env' | 'urls'>,
  {secret = env['GITHUB_WEBHOOK_SECRET'] ?? '', headers = {}}: {secret?: string; headers?: Record<string, string>} = {},
): Promise<Response> {
  const body = JSON.stringify(workflowJob('queued'));
  return fetch(urls.webhook, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'workflow_job',
      'x-github-delivery': 'a-delivery',
      'x-hub-signature-256': sign(body, secret),
      ...headers,
    },
    body,
  });
}
