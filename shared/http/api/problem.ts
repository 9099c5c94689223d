import {SlipwayError} from '../../errors';
import type {Reply} from './reply';

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

/** A request that is refused. The detail is for the caller: what was found, what was expected, what to do. */
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
