import {z} from 'zod';
import {taskProblem} from '../../../shared/tasks/local/in-process';
import type {QueuedTask} from '../../../shared/tasks/local/register';
import {ApiError} from './api-error';

/** google.cloud.tasks.v2.HttpMethod, by its number. */
const METHODS = ['HTTP_METHOD_UNSPECIFIED', 'POST', 'GET', 'HEAD', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'];
const WITH_BODY = ['POST', 'PUT', 'PATCH'];

const Duration = z.string().regex(/^\d+(\.\d{1,9})?s$/);
const Email = z.string().regex(/^[^@\s]+@[^@\s]+$/);

const HttpRequest = z.strictObject({
  url: z.url({protocol: /^https?$/}).max(2_083),
  httpMethod: z.union([z.int().min(0).max(7), z.enum(METHODS)]).optional(),
  headers: z.record(z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/), z.string()).optional(),
  body: z.base64().optional(),
  oidcToken: z.strictObject({serviceAccountEmail: Email, audience: z.string().optional()}).optional(),
});

const CreateTaskRequest = z.strictObject({
  task: z.strictObject({
    name: z.string().optional(),
    httpRequest: HttpRequest,
    scheduleTime: z.iso.datetime({offset: true}).optional(),
    dispatchDeadline: Duration.optional(),
  }),
  responseView: z.union([z.int(), z.string()]).optional(),
});

/** What a task does when it runs. */
export interface HttpTask {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly oidc?: {readonly serviceAccountEmail: string; readonly audience: string};
}

export interface ParsedTask {
  /** Undefined: the service chooses one. */
  readonly name: string | undefined;
  readonly scheduleTimeMs: number | undefined;
  readonly dispatchDeadlineMs: number | undefined;
  readonly payload: HttpTask;
}

/** A `CreateTaskRequest` as the client libraries send it; INVALID_ARGUMENT for what Cloud Tasks would not take. */
export function parseCreateRequest(parent: string, json: unknown, nowMs: number): ParsedTask {
  const parsed = CreateTaskRequest.safeParse(json);
  if (!parsed.success) throw invalid(z.prettifyError(parsed.error));
  const {name, httpRequest, scheduleTime, dispatchDeadline} = parsed.data.task;
  const prefix = `${parent}/tasks/`;
  if (name !== undefined && !name.startsWith(prefix))
    throw invalid(`Task name must be formatted: "${prefix}<TASK_ID>"`);

  const scheduleTimeMs = scheduleTime === undefined ? undefined : Date.parse(scheduleTime);
  const dispatchDeadlineMs = dispatchDeadline === undefined ? undefined : Number.parseFloat(dispatchDeadline) * 1000;
  if (dispatchDeadlineMs !== undefined && (dispatchDeadlineMs < 15_000 || dispatchDeadlineMs > 1_800_000)) {
    throw invalid('The dispatch deadline must be between 15s and 30m');
  }
  const payload = payloadOf(httpRequest);
  const problem = taskProblem({
    name: name?.slice(prefix.length) ?? 'unnamed',
    bodyBytes: payload.body.length,
    delayMs: (scheduleTimeMs ?? nowMs) - nowMs,
  });
  if (problem) throw invalid(problem);
  return {name: name?.slice(prefix.length), scheduleTimeMs, dispatchDeadlineMs, payload};
}

function payloadOf(request: z.infer<typeof HttpRequest>): HttpTask {
  const {httpMethod = 'POST', oidcToken, url} = request;
  const named = typeof httpMethod === 'number' ? METHODS[httpMethod] : httpMethod;
  const method = named === undefined || named === METHODS[0] ? 'POST' : named;
  if (request.body && !WITH_BODY.includes(method)) throw invalid(`HTTP method ${method} does not take a body`);
  const reserved = Object.keys(request.headers ?? {}).filter((name) => /^(x-google-|x-appengine-)/i.test(name));
  if (reserved.length > 0) throw invalid(`Headers ${reserved.join(', ')} are reserved`);
  return {
    url,
    method,
    headers: request.headers ?? {},
    body: Buffer.from(request.body ?? '', 'base64'),
    ...(oidcToken
      ? {oidc: {serviceAccountEmail: oidcToken.serviceAccountEmail, audience: oidcToken.audience || url}}
      : {}),
  };
}

/** A `Task` resource in view BASIC, without the body, or FULL; enums as the numbers that the client asks for. */
export function taskResource(parent: string, task: QueuedTask<HttpTask>, view: 'BASIC' | 'FULL'): object {
  const {url, method, headers, body, oidc} = task.payload;
  return {
    name: `${parent}/tasks/${task.name}`,
    httpRequest: {
      url,
      httpMethod: METHODS.indexOf(method),
      headers,
      ...(view === 'FULL' ? {body: body.toString('base64')} : {}),
      ...(oidc ? {oidcToken: oidc} : {}),
    },
    scheduleTime: new Date(task.scheduleTimeMs).toISOString(),
    createTime: new Date(task.createTimeMs).toISOString(),
    dispatchDeadline: `${task.dispatchDeadlineMs / 1000}s`,
    dispatchCount: task.attempts,
    responseCount: task.responses,
    view: view === 'FULL' ? 2 : 1,
  };
}

function invalid(message: string): ApiError {
  return new ApiError('INVALID_ARGUMENT', message);
}
