import {
  InvalidConfiguration,
  InvalidTask,
  LeaseHeld,
  NameTaken,
  NoCapacity,
  QuotaExceeded,
  RateLimited,
  RetryableError,
  SlipwayError,
  Uncertain,
} from '../../errors';
import {BadRequest} from '../request';
import {Problem, type ProblemKind} from './problem';

const BAD_REQUESTS = {
  400: 'invalid-request',
  405: 'method-not-allowed',
  408: 'too-slow',
  413: 'too-large',
  415: 'unsupported-body',
} as const satisfies Record<BadRequest['status'], ProblemKind>;

/**
 * The one map from a failure to a problem. Typed errors hold no secret, and whoever caused one has shown the secret: their messages are
 * answered. What is not typed stays in the log.
 */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof BadRequest) {
    return new Problem(BAD_REQUESTS[error.status], error.message, {
      headers: error.status === 408 ? {Connection: 'close'} : {},
    });
  }
  if (error instanceof InvalidConfiguration) {
    return new Problem('misconfigured', 'the configuration is invalid; the log says what to change');
  }
  if (error instanceof RetryableError) {
    return new Problem(kindOf(error), error.message, {headers: retryAfter(error.retryAfterSeconds)});
  }
  if (error instanceof NameTaken) return new Problem('name-taken', error.message);
  if (error instanceof InvalidTask) return new Problem('not-a-task', error.message);
  if (error instanceof SlipwayError) return new Problem('refused', error.message);
  return new Problem('internal', 'the log says more');
}

/** `Retry-After` in whole seconds, at least 1. */
export function retryAfter(seconds: number): {readonly 'Retry-After': string} {
  return {'Retry-After': String(Math.max(1, Math.ceil(seconds)))};
}

function kindOf(error: RetryableError): ProblemKind {
  if (error instanceof LeaseHeld) return 'in-progress';
  if (error instanceof RateLimited) return 'peer-rate-limited';
  if (error instanceof NoCapacity) return 'no-capacity';
  if (error instanceof QuotaExceeded) return 'quota-exceeded';
  if (error instanceof Uncertain) return 'uncertain';
  return 'unavailable';
}
