import {
  BadRequest,
  Forbidden,
  InvalidConfiguration,
  InvalidTask,
  LeaseHeld,
  NameTaken,
  NoCapacity,
  PoolFull,
  QuotaExceeded,
  RateLimited,
  RetryableError,
  SlipwayError,
  Unauthenticated,
  Uncertain,
} from '../errors';
import {jsonReply, type Reply} from './server';

/**
 * Every problem that the API answers, by the last part of the problem's `type`, with its status and title. The types are stable, because
 * scripts depend on them. docs/api.md explains each problem.
 */
export const PROBLEMS = {
  'invalid-request': {status: 400, title: 'A parameter or the body is invalid'},
  'invalid-json': {status: 400, title: 'The body cannot be read as JSON'},
  'pool-required': {status: 400, title: 'The pool is ambiguous'},
  unauthenticated: {status: 401, title: 'The secret is missing or wrong'},
  'foreign-page': {status: 403, title: 'The request comes from another page'},
  'not-found': {status: 404, title: 'No resource at this path'},
  'unknown-pool': {status: 404, title: 'Unknown pool'},
  'unknown-runner': {status: 404, title: 'Unknown runner'},
  'unknown-host': {status: 404, title: 'Unknown Docker host'},
  'unknown-job': {status: 404, title: 'No record of this job'},
  'unknown-dead-letter': {status: 404, title: 'Unknown dead letter'},
  'method-not-allowed': {status: 405, title: 'The method is not allowed at this path'},
  'wrong-provider': {status: 409, title: 'The pool has another provider type'},
  'scope-mismatch': {status: 409, title: 'The pool does not serve this repository or organization'},
  'labels-not-offered': {status: 409, title: 'The pool does not offer these labels'},
  'pool-does-not-take': {status: 409, title: 'The pool does not take such a job'},
  'public-repository': {status: 409, title: 'The repository is public, and the pool serves none that is'},
  'runner-busy': {status: 409, title: 'The runner runs a job'},
  'not-a-task': {status: 409, title: 'The dead letter holds no task that can be retried'},
  'in-progress': {status: 409, title: 'The same work is in progress'},
  'name-taken': {status: 409, title: 'The name is in use'},
  'too-slow': {status: 408, title: 'The body took too long to arrive'},
  'too-large': {status: 413, title: 'The body is too large'},
  'unsupported-body': {status: 415, title: 'The body’s encoding is not supported'},
  'idempotency-key-reused': {status: 422, title: 'The Idempotency-Key belongs to another request'},
  'rate-limited': {status: 429, title: 'Too many requests'},
  internal: {status: 500, title: 'Internal error'},
  refused: {status: 502, title: 'GitHub or the provider refused the request'},
  misconfigured: {status: 503, title: 'The function is not configured correctly'},
  unavailable: {status: 503, title: 'A required service does not answer'},
  uncertain: {status: 503, title: 'The outcome is unknown'},
  'peer-rate-limited': {status: 503, title: 'GitHub or the provider limits the request rate'},
  'pool-full': {status: 503, title: 'The pool may have no further runner now'},
  'no-capacity': {status: 503, title: 'No place of the pool has capacity'},
  'quota-exceeded': {status: 503, title: 'A quota of the project is used up'},
} as const satisfies Record<string, {readonly status: number; readonly title: string}>;

export type ProblemKind = keyof typeof PROBLEMS;

/** One thing wrong with a request. */
export interface InvalidPart {
  readonly in: 'path' | 'query' | 'header' | 'body';
  /** Dotted, e.g. `labels.0`; empty for the whole part. */
  readonly path: string;
  readonly message: string;
}

/** The API refuses a request. `detail` tells the caller what was found, what was expected and what to do. */
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

/** The problem as an HTTP answer by RFC 9457. @see https://www.rfc-editor.org/rfc/rfc9457 */
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

/** `Retry-After` when neither the error nor the peer says when to retry. */
const RETRY_SECONDS = 10;

/** How a class of errors is answered. */
interface ErrorRow {
  readonly error: abstract new (...parameters: never[]) => SlipwayError;
  /** Status of `webhook` and the private functions. Their callers, GitHub, Cloud Tasks and Cloud Scheduler, decide by the status whether to retry. */
  readonly status: 401 | 403 | 429 | 503;
  /** Problem of the API, whose callers are people and scripts. */
  readonly problem: ProblemKind;
  /** Replaces the error's message in both answers. */
  readonly text?: string;
  /**
   * `webhook` and the private functions answer the error's message, without `Retry-After`. Without `final` they answer the error's kind with
   * `Retry-After`, and the message is only logged.
   */
  readonly final?: true;
}

/** The one table from errors to HTTP answers. The first row whose class the error has applies. */
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
  {error: PoolFull, status: 503, problem: 'pool-full'},
  {error: NoCapacity, status: 503, problem: 'no-capacity'},
  {error: QuotaExceeded, status: 503, problem: 'quota-exceeded'},
  {error: Uncertain, status: 503, problem: 'uncertain'},
  {error: RetryableError, status: 503, problem: 'unavailable'},
  {error: NameTaken, status: 503, problem: 'name-taken'},
  {error: InvalidTask, status: 503, problem: 'not-a-task'},
  {error: SlipwayError, status: 503, problem: 'refused'},
];

/** Invalid requests, by status. After 408 the connection is closed without reading the rest of the body. */
const BAD_REQUESTS: Readonly<
  Record<BadRequest['status'], {readonly problem: ProblemKind; readonly headers?: Readonly<Record<string, string>>}>
> = {
  400: {problem: 'invalid-request'},
  405: {problem: 'method-not-allowed', headers: {Allow: 'POST'}},
  408: {problem: 'too-slow', headers: {Connection: 'close'}},
  413: {problem: 'too-large'},
  415: {problem: 'unsupported-body'},
};

/** The answer of `webhook` and the private functions to an error. Details that the caller need not know are only logged. */
export function toReply(error: unknown): Reply {
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
 * The answer of the API to an error. Messages of typed errors are answered: they hold no secret, and the caller has authenticated. The
 * message of any other error is only logged.
 */
export function toProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof BadRequest) {
    const {problem, headers = {}} = BAD_REQUESTS[error.status];
    return new Problem(problem, error.message, {headers});
  }
  const row = rowOf(error);
  if (!row || !(error instanceof SlipwayError))
    return new Problem('internal', 'an unexpected error; see the log of the function');
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
