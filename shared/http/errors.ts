import {
  BadRequest,
  Forbidden,
  InvalidConfiguration,
  InvalidTask,
  LeaseHeld,
  NameTaken,
  NoCapacity,
  QuotaExceeded,
  RateLimited,
  RetryableError,
  SlipwayError,
  Unauthenticated,
  Uncertain,
} from '../errors';
import {jsonReply, type Reply} from './server';

/**
 * What can be wrong with a request, or keep it from being answered: the last part of the problem's `type`, its status and title. Stable:
 * scripts depend on the types. docs/api.md explains each.
 */
export const PROBLEMS = {
  'invalid-request': {status: 400, title: 'A parameter or the body is not what the operation takes'},
  'invalid-json': {status: 400, title: 'The body cannot be read as JSON'},
  'pool-required': {status: 400, title: 'Several pools could be meant'},
  unauthenticated: {status: 401, title: 'The secret is missing or wrong'},
  'not-found': {status: 404, title: 'There is nothing at this path'},
  'unknown-pool': {status: 404, title: 'There is no such pool'},
  'unknown-runner': {status: 404, title: 'There is no such runner'},
  'unknown-job': {status: 404, title: 'There is no such job on record'},
  'unknown-dead-letter': {status: 404, title: 'There is no such dead letter'},
  'method-not-allowed': {status: 405, title: 'This path does not take this method'},
  'wrong-provider': {status: 409, title: 'The pool is of another type'},
  'scope-mismatch': {status: 409, title: 'The pool does not serve this repository or organization'},
  'labels-not-offered': {status: 409, title: 'The pool does not offer these labels'},
  'runner-busy': {status: 409, title: 'The runner runs a job'},
  'not-a-task': {status: 409, title: 'The dead letter holds no task that could be tried again'},
  'in-progress': {status: 409, title: 'The same work is under way'},
  'name-taken': {status: 409, title: 'The name is in use'},
  'too-slow': {status: 408, title: 'The body took too long'},
  'too-large': {status: 413, title: 'The body is too large'},
  'unsupported-body': {status: 415, title: 'The body’s encoding is not supported'},
  'idempotency-key-reused': {status: 422, title: 'The Idempotency-Key belongs to another request'},
  'rate-limited': {status: 429, title: 'Too many requests'},
  internal: {status: 500, title: 'Something unexpected happened'},
  refused: {status: 502, title: 'GitHub or Google Cloud refuses'},
  misconfigured: {status: 503, title: 'The function is not configured correctly'},
  unavailable: {status: 503, title: 'A service that is needed does not answer'},
  uncertain: {status: 503, title: 'It is not known whether it took effect'},
  'peer-rate-limited': {status: 503, title: 'GitHub or Google Cloud limits the rate'},
  'no-capacity': {status: 503, title: 'Compute Engine has no capacity'},
  'quota-exceeded': {status: 503, title: 'A quota of the project is used up'},
} as const satisfies Record<string, {readonly status: number; readonly title: string}>;

export type ProblemKind = keyof typeof PROBLEMS;

/** One thing wrong with a request. */
export interface InvalidPart {
  readonly in: 'path' | 'query' | 'header' | 'body';
  /** Dotted, e.g. `labels.0`; empty for the whole. */
  readonly path: string;
  readonly message: string;
}

/** A request of the API that is refused. The detail is for the caller: what was found, what was expected, what to do. */
export class Problem extends SlipwayError {
  readonly retryable = false;

  constructor(
    readonly kind: ProblemKind,
    detail: string,
    readonly extras: {
      readonly headers?: Readonly<Record<string, string>>;
      readonly errors?: readonly InvalidPart[];
    } = {},
  ) {
    super(detail);
  }
}

/** `urn:slipway:problem:not-found` */
export function problemType(kind: ProblemKind): string {
  return `urn:slipway:problem:${kind}`;
}

/** RFC 9457. @see https://www.rfc-editor.org/rfc/rfc9457 */
export function problemReply({kind, message, extras}: Problem): Reply {
  const {status, title} = PROBLEMS[kind];
  const body = {
    type: problemType(kind),
    title,
    status,
    detail: message,
    ...(extras.errors ? {errors: extras.errors} : {}),
  };
  return {
    status,
    headers: extras.headers ?? {},
    body: {type: 'application/problem+json; charset=utf-8', content: JSON.stringify(body)},
  };
}

/** Where neither the error nor the peer says when to try again. */
const RETRY_SECONDS = 10;

/** What a class of errors is answered with. */
interface ErrorRow {
  readonly error: abstract new (...parameters: never[]) => SlipwayError;
  /** Of `webhook` and the private functions, whose callers decide by the status whether to try again: GitHub, Cloud Tasks, Cloud Scheduler. */
  readonly status: 401 | 403 | 429 | 503;
  /** Of the API, whose callers are people and scripts. */
  readonly problem: ProblemKind;
  /** What both say in place of the error's message. */
  readonly text?: string;
  /** `webhook` and the private functions say the error's kind, and the rest stays in the log; `final`: its message, and not when to try again. */
  readonly final?: true;
}

/** The one table from an error to an HTTP answer: the first row whose class the error is of. */
const ERRORS: readonly ErrorRow[] = [
  {error: Unauthenticated, status: 401, problem: 'refused', final: true},
  {error: Forbidden, status: 403, problem: 'refused', final: true},
  {
    error: InvalidConfiguration,
    status: 503,
    problem: 'misconfigured',
    text: 'the configuration is invalid; the log says what to change',
    final: true,
  },
  {error: RateLimited, status: 429, problem: 'peer-rate-limited'},
  {error: LeaseHeld, status: 503, problem: 'in-progress'},
  {error: NoCapacity, status: 503, problem: 'no-capacity'},
  {error: QuotaExceeded, status: 503, problem: 'quota-exceeded'},
  {error: Uncertain, status: 503, problem: 'uncertain'},
  {error: RetryableError, status: 503, problem: 'unavailable'},
  {error: NameTaken, status: 503, problem: 'name-taken'},
  {error: InvalidTask, status: 503, problem: 'not-a-task'},
  {error: SlipwayError, status: 503, problem: 'refused'},
];

/** Requests that are wrong in themselves, by status. After 408 the rest of the body is not waited for. */
const BAD_REQUESTS: Readonly<
  Record<BadRequest['status'], {readonly problem: ProblemKind; readonly headers?: Readonly<Record<string, string>>}>
> = {
  400: {problem: 'invalid-request'},
  405: {problem: 'method-not-allowed', headers: {Allow: 'POST'}},
  408: {problem: 'too-slow', headers: {Connection: 'close'}},
  413: {problem: 'too-large'},
  415: {problem: 'unsupported-body'},
};

/** The answer of `webhook` and the private functions. What the caller need not know stays in the log. */
export function answerOf(error: unknown): Reply {
  if (error instanceof BadRequest) {
    return jsonReply({error: error.message}, error.status, BAD_REQUESTS[error.status].headers);
  }
  const row = rowOf(error);
  if (!row || !(error instanceof SlipwayError)) return jsonReply({error: 'internal'}, 503, retryAfter(RETRY_SECONDS));
  if (row.final) return jsonReply({error: row.text ?? error.message}, row.status);
  const seconds = error instanceof RetryableError ? error.retryAfterSeconds : RETRY_SECONDS;
  return jsonReply({error: row.text ?? error.kind}, row.status, retryAfter(seconds));
}

/**
 * The answer of the API. Typed errors hold no secret, and whoever caused one has shown the secret: their messages are answered. What is not
 * typed stays in the log.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof BadRequest) {
    const {problem, headers = {}} = BAD_REQUESTS[error.status];
    return new Problem(problem, error.message, {headers});
  }
  const row = rowOf(error);
  if (!row || !(error instanceof SlipwayError)) return new Problem('internal', 'the log says more');
  const headers = error instanceof RetryableError ? retryAfter(error.retryAfterSeconds) : undefined;
  return new Problem(row.problem, row.text ?? error.message, headers ? {headers} : {});
}

/** `Retry-After` in whole seconds, at least 1. */
export function retryAfter(seconds: number): {readonly 'Retry-After': string} {
  return {'Retry-After': String(Math.max(1, Math.ceil(seconds)))};
}

function rowOf(error: unknown): ErrorRow | undefined {
  return ERRORS.find((row) => error instanceof row.error);
}
