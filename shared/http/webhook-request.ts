import type {Request} from '@google-cloud/functions-framework';
import * as z from 'zod';
import {jobStatus, queuedAt} from '../github/job-at-github';
import type {JobEvent} from '../lifecycle/job-event';
import {REPOSITORY} from '../model/names';
import {BadRequest} from './request';

/** A GitHub webhook request, parsed into what it is before any decision is made. */
export type WebhookTrigger =
  | {readonly kind: 'ping'}
  | {readonly kind: 'other'; readonly reason: 'event' | 'action'; readonly detail: string}
  | {readonly kind: 'job'; readonly event: Omit<JobEvent, 'pool' | 'delivery'>; readonly isPublic: boolean};

const ACTIONS = ['queued', 'waiting', 'in_progress', 'completed'];

/** A field that nothing stands or falls with: a malformed one counts as missing, and refuses no event. */
function minor<T extends z.ZodType>(type: T) {
  return type.nullish().catch(null);
}

/**
 * The fields of a `workflow_job` payload that anything here depends on.
 * @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_job
 */
const Payload = z.object({
  workflow_job: z.object({
    id: z.int().positive(),
    run_id: z.int().positive(),
    run_attempt: z.int().positive().default(1),
    status: z.string().transform((word, context) => {
      const status = jobStatus(word);
      if (!status) context.addIssue({code: 'custom', message: 'no status of a job'});
      return status ?? z.NEVER;
    }),
    labels: z.array(z.string()),
    runner_name: z.string().nullish(),
    html_url: minor(z.string()),
    created_at: minor(z.iso.datetime({offset: true})),
    started_at: minor(z.iso.datetime({offset: true})),
  }),
  repository: z.object({
    full_name: z.string().regex(REPOSITORY),
    private: minor(z.boolean()),
    visibility: minor(z.string()),
  }),
  installation: minor(z.object({id: z.int().nonnegative()})),
});

/** Throws `BadRequest` when the body is no payload; nothing of the body is in its message. `now` stands in for a missing date. */
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
    // Public until somebody says that it is not: a pull request there runs anybody's code.
    isPublic: repository.visibility ? repository.visibility === 'public' : repository.private !== true,
    event: {
      jobId: job.id,
      runId: job.run_id,
      runAttempt: job.run_attempt,
      status: job.status,
      repository: repository.full_name,
      labels: job.labels,
      // GitHub fills in a runner for some queued jobs, too, that never saw one.
      runnerName: runs ? job.runner_name || null : null,
      installationId: installation?.id || null,
      url: job.html_url ?? null,
      createdAt: queuedAt(job.status, job) ?? now,
    },
  };
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
