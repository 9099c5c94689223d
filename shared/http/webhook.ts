import type {Request} from '@google-cloud/functions-framework';
import * as z from 'zod';
import {BadRequest} from '../errors';
import {hmacSha256, isSame} from '../hmac';
import {hasFailedStep, Id, isFailureOfRunner, JobJson, jobFields, jobStatus, minor} from '../model/job-json';
import type {Trigger} from '../model/matching';
import {REPOSITORY} from '../model/names';
import type {Secret} from '../secret';
import type {ReceivedBody} from './received-body';

/** A parsed webhook request of GitHub. */
export type WebhookTrigger = {readonly kind: 'ping'} | Trigger;

const ACTIONS = ['queued', 'waiting', 'in_progress', 'completed'];

/**
 * The fields of a `workflow_job` payload that Slipway reads.
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
    // A malformed name makes the answer a 400: GitHub records a failed delivery, which the sweep finds.
    runner_name: z.string().nullish(),
  }),
  repository: z.object({
    full_name: z.string().regex(REPOSITORY),
    private: minor(z.boolean()),
    visibility: minor(z.string()),
  }),
  installation: minor(z.object({id: z.int().nonnegative()})),
});

/** The name of a GitHub event. */
const EVENT = /^[a-z_]{1,64}$/;

/** The GUID of a delivery. @see https://docs.github.com/en/webhooks/webhook-events-and-payloads#delivery-headers */
const DELIVERY = /^[A-Za-z0-9-]{1,64}$/;

/** `X-GitHub-Delivery`; undefined when the header is missing or malformed. GitHub does not sign headers. */
export function deliveryOf(request: Request): string | undefined {
  const delivery = request.get('x-github-delivery');
  return delivery !== undefined && DELIVERY.test(delivery) ? delivery : undefined;
}

/**
 * Parses a webhook request. Throws `BadRequest` for a body that is no payload; the error's message quotes nothing of the body. `now`: when the
 * request was received, in milliseconds since the epoch; also used as the job's creation time when the payload has none.
 */
export function parseWebhook(request: Request, body: Buffer, now: number): WebhookTrigger {
  const event = request.get('x-github-event');
  // GitHub does not sign headers: the value may be anything.
  if (!event || !EVENT.test(event)) throw new BadRequest(400, 'the X-GitHub-Event header is missing or malformed');
  // The body stays unparsed: an App that is subscribed to more events than needed sends mostly such deliveries.
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
  const {queuedAt, ...fields} = jobFields(job, job.status);
  return {
    kind: 'job',
    // Treated as public when the payload does not say: a pull request in a public repository runs anybody's code.
    isPublic: repository.visibility ? repository.visibility === 'public' : repository.private !== true,
    event: {
      jobId: job.id,
      repository: repository.full_name,
      ...fields,
      ...(isFailureOfRunner({...job, hasFailedStep: hasFailedStep(job)}) ? {isFailureOfRunner: true} : {}),
      installationId: installation?.id || null,
      createdAt: queuedAt ?? now,
      receivedAt: now,
    },
  };
}

/** The beginning of a form with the JSON in `payload`. */
const FORM = Buffer.from('payload=');

/**
 * The JSON object of a body. GitHub sends JSON, or a form with the JSON in `payload`, depending on the hook's content type. The header
 * `Content-Type` is not signed, so the bytes of the body decide which of the two it is.
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

/** A larger body is not decoded before its signature is checked: the text and its copies would take four times the body's size. */
const MAX_TEXT_BYTES = 1024 * 1024;

/**
 * Whether the secret signed the body: HMAC-SHA256 over the raw bytes, compared in constant time.
 * @see https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
 */
export async function isSigned(body: ReceivedBody, signature: string, secret: Secret): Promise<boolean> {
  if (body.length === 0) return false;
  if (body.length > MAX_TEXT_BYTES) return isSame(signature, hmacSha256(secret, ...body.parts()));
  methods ??= await import('@octokit/webhooks-methods');
  // Decoding changes a body that is no valid UTF-8, so that no secret matches it. GitHub never sends such a body.
  return methods.verify(secret.reveal(), body.bytes().toString('utf8'), signature);
}

/** Loaded by `import()`: the package is an ES module, which `require` cannot load. */
let methods: typeof import('@octokit/webhooks-methods') | undefined;
