import type {Request} from '@google-cloud/functions-framework';
import * as z from 'zod';
import {BadRequest} from '../errors';
import {hmacSha256, isSame} from '../hmac';
import {Id, JobJson, jobFields, jobStatus, minor} from '../model/job-json';
import type {Trigger} from '../model/matching';
import {areLabels, MAX_LABELS, REPOSITORY} from '../model/names';
import type {Secret} from '../secret';
import type {ReceivedBody} from './received-body';

/** A GitHub webhook request, parsed into what it is before any decision is made. */
export type WebhookTrigger = {readonly kind: 'ping'} | Trigger;

const ACTIONS = ['queued', 'waiting', 'in_progress', 'completed'];

/**
 * The fields of a `workflow_job` payload that anything here depends on.
 * @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#workflow_job
 */
const Payload = z.object({
  workflow_job: JobJson.extend({
    run_attempt: Id.default(1),
    status: z.string().transform((word, context) => {
      const status = jobStatus(word);
      if (!status) context.addIssue({code: 'custom', message: 'no status of a job'});
      return status ?? z.NEVER;
    }),
    // Malformed, it refuses the event: GitHub records a failed delivery, which the sweep finds.
    runner_name: z.string().nullish(),
  }),
  repository: z.object({
    full_name: z.string().regex(REPOSITORY),
    private: minor(z.boolean()),
    visibility: minor(z.string()),
  }),
  installation: minor(z.object({id: z.int().nonnegative()})),
});

/** GitHub's name of an event. */
const EVENT = /^[a-z_]{1,64}$/;

/** A GUID at GitHub. @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers */
const DELIVERY = /^[A-Za-z0-9-]{1,64}$/;

/** `X-GitHub-Delivery`; undefined when it is missing or none, which a header may be that nobody signed. */
export function deliveryOf(request: Request): string | undefined {
  const delivery = request.get('x-github-delivery');
  return delivery !== undefined && DELIVERY.test(delivery) ? delivery : undefined;
}

/**
 * Throws `BadRequest` when the body is no payload; nothing of the body is in its message. `now`: when it was received; it stands in for a
 * missing date, too.
 */
export function parseWebhook(request: Request, body: Buffer, now: number): WebhookTrigger {
  const event = request.get('x-github-event');
  // A header, which nobody signed.
  if (!event || !EVENT.test(event)) throw new BadRequest(400, 'the X-GitHub-Event header is missing or malformed');
  // Not read: an App that is subscribed to more than it needs sends most of its deliveries for nothing.
  if (event !== 'workflow_job' && event !== 'ping') return {kind: 'other', reason: 'event', detail: event};
  const payload = parseObject(body);
  if (event === 'ping') return {kind: 'ping'};
  const action = payload['action'];
  if (typeof action !== 'string') throw new BadRequest(400, 'the payload has no action');
  if (!ACTIONS.includes(action)) return {kind: 'other', reason: 'action', detail: action.slice(0, 100)};

  const parsed = Payload.safeParse(payload);
  if (!parsed.success) {
    const [...paths] = new Set(parsed.error.issues.slice(0, 10).map((issue) => issue.path.join('.')));
    throw new BadRequest(400, `the workflow_job payload lacks valid fields: ${paths.join(', ')}`);
  }
  const {workflow_job: job, repository, installation} = parsed.data;
  if (!areLabels(job.labels)) {
    const detail = `the job asks for ${job.labels.length} labels; found more than ${MAX_LABELS}, or one that no runner can have`;
    return {kind: 'other', reason: 'labels', detail};
  }
  const {queuedAt, ...fields} = jobFields(job, job.status);
  return {
    kind: 'job',
    // Public until somebody says that it is not: a pull request there runs anybody's code.
    isPublic: repository.visibility ? repository.visibility === 'public' : repository.private !== true,
    event: {
      jobId: job.id,
      repository: repository.full_name,
      ...fields,
      installationId: installation?.id || null,
      createdAt: queuedAt ?? now,
      receivedAt: now,
    },
  };
}

/** How a form with the JSON in `payload` begins. */
const FORM = Buffer.from('payload=');

/**
 * GitHub sends JSON, or a form with the JSON in `payload`, as the hook's content type says. The header that says which is not signed, so
 * the bytes decide: the same bytes are the same event, whatever is written above them.
 */
function parseObject(body: Buffer): Record<string, unknown> {
  const isForm = body.subarray(0, FORM.length).equals(FORM);
  if (!isForm && body[0] !== BRACE)
    throw new BadRequest(400, 'the body is neither a JSON object nor a form with a payload');
  let value: unknown;
  try {
    const text = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true}).decode(body);
    value = JSON.parse(isForm ? (new URLSearchParams(text).get('payload') ?? '') : text);
  } catch {
    throw new BadRequest(400, 'the body is not JSON in UTF-8');
  }
  if (!isObject(value)) throw new BadRequest(400, 'the body is not a JSON object');
  return value;
}

const BRACE = 0x7b;

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A larger body is not made text of before it is known who sent it: the text and its copies would take four times its size. */
const MAX_TEXT_BYTES = 1024 * 1024;

/**
 * Whether the secret signed the body: HMAC-SHA256 over the raw bytes, compared in constant time.
 * @see https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export async function isSigned(body: ReceivedBody, signature: string, secret: Secret): Promise<boolean> {
  if (body.length === 0) return false;
  if (body.length > MAX_TEXT_BYTES) return isSame(signature, hmacSha256(secret, ...body.parts()));
  methods ??= await import('@octokit/webhooks-methods');
  // A body that is no valid UTF-8, which GitHub never sends, does not come through unchanged, so that no secret matches it.
  return methods.verify(secret.reveal(), body.bytes().toString('utf8'), signature);
}

/** The package can be imported and not required. */
let methods: typeof import('@octokit/webhooks-methods') | undefined;
