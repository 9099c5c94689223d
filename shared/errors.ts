/**
 * Base of all typed errors. A port translates an error of its client into one of these; `shared/http/errors.ts` has the one table from
 * errors to HTTP answers. A message names what was found, what was expected and what to do, and contains no secret.
 */
export abstract class SlipwayError extends Error {
  /** Stable word for logs and metrics. */
  abstract readonly kind: string;
  /** Whether the same request may succeed later. */
  abstract readonly retryable: boolean;

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = new.target.name;
  }
}

/** The same request may succeed after `retryAfterSeconds`. Answered with `Retry-After`. */
export abstract class RetryableError extends SlipwayError {
  readonly retryable = true;
  constructor(
    message: string,
    readonly retryAfterSeconds: number,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A primary or secondary rate limit of GitHub, or a rate quota of Google Cloud. */
export class RateLimited extends RetryableError {
  readonly kind = 'rate_limited';
}

/** The peer is down, or answered 5xx without an effect. */
export class Unavailable extends RetryableError {
  readonly kind = 'unavailable';
}

/** GitHub answered 5xx, or did not answer. */
export class GitHubDown extends Unavailable {}

/** The request may have taken effect: it was sent, and no answer came, or one that does not say. Look for the effect before a retry. */
export class Uncertain extends RetryableError {
  readonly kind = 'uncertain';
}

/** The same of a registration at GitHub, which answered 5xx or not at all. */
export class UncertainAtGitHub extends Uncertain {}

/** No placement of the pool has capacity now. */
export class NoCapacity extends RetryableError {
  readonly kind = 'no_capacity';
}

/** The pool, or all pools together, have as many runners as they may, or the pool is drained. */
export class PoolFull extends RetryableError {
  readonly kind = 'pool_full';
}

/** A quota of the project is used up. Another zone of the region does not help. */
export class QuotaExceeded extends RetryableError {
  readonly kind = 'quota_exceeded';
}

/** Another execution holds the lease. */
export class LeaseHeld extends RetryableError {
  readonly kind = 'lease_held';
}

/** The name is in use at the peer (HTTP 409). */
export class NameTaken extends SlipwayError {
  readonly kind = 'name_taken';
  readonly retryable = false;
}

/** The peer refuses the request until a person changes something; the message says what. */
export class Refused extends SlipwayError {
  readonly kind = 'refused';
  readonly retryable = false;
}

/** A queue of Cloud Tasks hands out no task: it is paused, disabled or not there. */
export class QueueStopped extends Refused {}

/** A label of the job chooses what its pool, or the template of the pool, does not allow. */
export class OptionNotAllowed extends SlipwayError {
  readonly kind = 'option_not_allowed';
  readonly retryable = false;
}

/** The secret is there and has no enabled version: nobody has filled it in yet. */
export class NoVersion extends Refused {}

/** Whether a secret could not be read because it has no enabled version. */
export function isWithoutVersion(error: unknown): boolean {
  return error instanceof NoVersion || (error instanceof Unavailable && error.cause instanceof NoVersion);
}

/** No GitHub App is configured yet, and the set-up page of `api` can make one. */
export class NotSetUp extends Refused {
  constructor() {
    super('no GitHub App is configured yet: the secret of GITHUB_APP_ID has no version; open /setup of api');
  }
}

/** Why GitHub refuses a request until a person changes something. */
export type GitHubRefusalReason =
  | 'credentials'
  | 'permission'
  | 'ip_allow_list'
  | 'saml'
  | 'installation'
  | 'runner_group'
  | 'registration'
  | 'other';

/** GitHub refuses the request until a person changes something. */
export class RefusedByGitHub extends Refused {
  constructor(
    readonly reason: GitHubRefusalReason,
    message: string,
    /** HTTP status of GitHub's answer. */
    readonly status?: number,
  ) {
    super(message);
  }
}

/** The body of a task is malformed: no attempt can succeed. */
export class InvalidTask extends SlipwayError {
  readonly kind = 'invalid_task';
  readonly retryable = false;
}

/** A malformed request, which is answered with `status`. The message contains nothing of the body. */
export class BadRequest extends SlipwayError {
  readonly kind = 'bad_request';
  readonly retryable = false;
  constructor(
    readonly status: 400 | 405 | 408 | 413 | 415,
    message: string,
  ) {
    super(message);
  }
}

/** The request has no valid token. Answered with 401. */
export class Unauthenticated extends SlipwayError {
  readonly kind = 'unauthenticated';
  readonly retryable = false;
}

/** The request has a valid token of another caller. Answered with 403. */
export class Forbidden extends SlipwayError {
  readonly kind = 'forbidden';
  readonly retryable = false;
}

/** All errors of the configuration at once. */
export class InvalidConfiguration extends SlipwayError {
  readonly kind = 'invalid_configuration';
  readonly retryable = false;
  constructor(readonly problems: readonly ConfigurationProblem[]) {
    super(
      `the configuration has ${problems.length} error${problems.length === 1 ? '' : 's'}:\n${problems
        .map((problem) => `  ${problem.path}: found ${problem.found}, expected ${problem.expected}`)
        .join('\n')}`,
    );
  }
}

/** One error of the configuration. `found` never contains the value of a secret. */
export interface ConfigurationProblem {
  /** The environment variable, then the path inside it, e.g. `RUNNER_CONFIG.pools[0].provider.zones[1]`. */
  readonly path: string;
  readonly found: string;
  readonly expected: string;
}

/** What is not typed may quote anything, a secret too. */
const UNTYPED = 'an error inside the function';

/** The sentence of an error for people: of a typed error its message, of any other one only that it is one. */
export function sentenceOf(error: unknown): string {
  return error instanceof SlipwayError ? error.message : UNTYPED;
}

/** Headers of an HTTP answer, names in lower case. */
export type AnswerHeaders = Readonly<Record<string, string | number | undefined>>;

/** `Retry-After` in seconds, at least 1; undefined: missing or malformed. The header has seconds or an HTTP date (RFC 9110, section 10.2.3). */
export function retryAfterSeconds(headers: AnswerHeaders, nowMs: number): number | undefined {
  const value = headers['retry-after'];
  if (value === undefined || value === '') return undefined;
  const seconds = /^\d+$/.test(String(value)) ? Number(value) : Math.ceil((Date.parse(String(value)) - nowMs) / 1000);
  return Number.isFinite(seconds) ? Math.max(1, seconds) : undefined;
}
