import type {Request} from '@google-cloud/functions-framework';
import * as z from 'zod';
import type {JobEvent} from '../lifecycle/job-event';
import {REPOSITORY} from '../model/names';
import {BadRequest} from './request';

/** A GitHub webhook request, parsed into what it is before any decision is made. */
export type WebhookTrigger =
  | {readonly kind: 'ping'}
  | {readonly kind: 'other'; readonly reason: 'event' | 'action'; readonly detail: string}
  | {readonly kind: 'job'; readonly event: Omit<JobEvent, 'pool' | 'delivery'>; readonly isPublic: boolean};

const ACTIONS = ['queued', 'waiting', 'in_progress', 'completed'];

/**
 * The fields of a `workflow_job` payload that anything here depends on.
 * @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_job
 */
const Payload = z.object({
  workflow_job: z.object({
    id: z.int().positive(),
    run_id: z.int().positive(),
    run_attempt: z.int().positive().default(1),
    status: z.enum(['queued', 'waiting', 'in_progress', 'completed']),
    labels: z.array(z.string()),
    runner_name: z.string().nullish(),
    runner_id: z.number().nullish(),
    workflow_name: z.string().nullish(),
    html_url: z.string().nullish(),
    created_at: z.iso.datetime({offset: true}).nullish(),
    started_at: z.iso.datetime({offset: true}).nullish(),
  }),
  repository: z.object({
    full_name: z.string().regex(REPOSITORY),
    private: z.boolean().optional(),
    visibility: z.string().optional(),
  }),
  installation: z.object({id: z.int().nonnegative()}).nullish(),
});

/**
 * Throws `BadRequest` when the body is no payload; nothing of the body is in its message. `now`: when it was received; it stands in for a
 * missing date, too.
 */
export function parseWebhook(request: Request, body: Buffer, now: number): WebhookTrigger {
  const event = request.get('x-github-event');
  if (!event) throw new BadRequest(400, 'the X-GitHub-Event header is missing');
  // Not read: an App that is subscribed to more than it needs sends most of its deliveries for nothing.
  if (event !== 'workflow_job' && event !== 'ping') return {kind: 'other', reason: 'event', detail: event};
  const payload = parseObject(request, body);
  if (event === 'ping') return {kind: 'ping'};
  const action = payload['action'];
  if (typeof action !== 'string') throw new BadRequest(400, 'the payload has no action');
  if (!ACTIONS.includes(action)) return {kind: 'other', reason: 'action', detail: action};

  const parsed = Payload.safeParse(payload);
  if (!parsed.success) {
    const paths = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
    throw new BadRequest(400, `the workflow_job payload lacks valid fields: ${paths}`);
  }
  const {workflow_job: job, repository, installation} = parsed.data;
  const runs = job.status === 'in_progress' || job.status === 'completed';
  return {
    kind: 'job',
    isPublic: repository.visibility ? repository.visibility === 'public' : repository.private === false,
    event: {
      jobId: job.id,
      runId: job.run_id,
      runAttempt: job.run_attempt,
      status: job.status,
      repository: repository.full_name,
      labels: job.labels,
      // GitHub fills in a runner for some queued jobs, too, that never saw one.
      runnerName: runs ? job.runner_name || null : null,
      runnerId: runs ? registrationId(job.runner_id) : null,
      workflow: job.workflow_name || null,
      installationId: installation?.id || null,
      url: job.html_url ?? null,
      createdAt: Date.parse(job.created_at ?? job.started_at ?? '') || now,
      receivedAt: now,
    },
  };
}

/** GitHub writes 0 where no runner has the job. */
function registrationId(id: number | null | undefined): number | null {
  return Number.isSafeInteger(id) && (id ?? 0) > 0 ? (id ?? null) : null;
}

/**
 * GitHub sends JSON, or a form with the JSON in `payload`, as the hook's content type says. What is called JSON has been parsed by
 * functions-framework, whose express does so before any function.
 */
function parseObject(request: Request, body: Buffer): Record<string, unknown> {
  if (request.is('application/json') && isObject(request.body)) return request.body;
  const text = body.toString('utf8');
  const isForm = request.is('application/x-www-form-urlencoded') !== false && !!request.get('content-type');
  const json = isForm ? new URLSearchParams(text).get('payload') : text;
  if (!json) throw new BadRequest(400, isForm ? 'the form has no payload field' : 'the body is empty');
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new BadRequest(400, 'the body is not JSON');
  }
  if (!isObject(value)) throw new BadRequest(400, 'the body is not a JSON object');
  return value;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !Buffer.isBuffer(value);
}
