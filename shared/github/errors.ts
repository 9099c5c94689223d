import {RequestError} from '@octokit/request-error';
import {
  type AnswerHeaders,
  GitHubDown,
  NameTaken,
  RateLimited,
  Refused,
  RefusedByGitHub,
  retryAfterSeconds,
  SlipwayError,
  Unavailable,
  UncertainAtGitHub,
} from '../errors';
import {scrubSecrets} from '../secret';
import {type CredentialsKind, describeCall, type GitHubCall, refusalReason, remedy} from './refusals';
import {isGitHubsBody} from './responses';

/** Seconds before the first retry after a failure of GitHub; the queue's back-off makes later waits longer. */
export const RETRY_SECONDS = 10;

/**
 * Seconds to wait when a secondary limit names no time: GitHub requires at least a minute, then more, which the back-off of the queue adds.
 */
const SECONDARY_LIMIT_SECONDS = 60;

const MAX_TEXT_CHARACTERS = 300;

/** Error codes without a connection: the request was never sent. */
const NEVER_SENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/;

const UNTRUSTED_CERTIFICATE = /CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE/;

export interface ClassifyContext {
  readonly nowMs: number;
  readonly credentials: CredentialsKind;
}

/**
 * Turns an error of octokit into a typed error, whose message contains no token and no JIT config. Without `cause`, because errors of
 * octokit contain the whole answer. Returns typed errors, and errors that do not come from the network, unchanged.
 */
export function classify(error: unknown, call: GitHubCall, context: ClassifyContext): unknown {
  if (error instanceof SlipwayError) return error;
  if (!(error instanceof RequestError)) return isAbort(error) ? classifyNoAnswer('time-out', call) : error;
  if (error.response === undefined) return classifyNoAnswer(networkCode(error), call);
  if (!isGitHubsBody(error.response.data)) return classifyForeignAnswer(answerOf(error), call, context);
  return classifyAnswer(answerOf(error), call, context);
}

/** The error for an answer whose body cannot be read, e.g. because the connection broke. */
export function unreadable(call: GitHubCall, found: string): SlipwayError {
  return uncertainOrDown(
    call,
    `GitHub's answer to the request for ${describeCall(call)} cannot be read: found ${found}`,
  );
}

function classifyAnswer(answer: RateLimitAnswer, call: GitHubCall, context: ClassifyContext): SlipwayError {
  const {status, text} = answer;
  const found = `GitHub answered ${status} to the request for ${describeCall(call)}: ${text}`;
  const limited = rateLimitSeconds(answer, context.nowMs);
  if (limited !== undefined) return new RateLimited(`${found}. Next try in ${limited} s.`, limited);
  if (status >= 500 || status === 408) {
    return uncertainOrDown(call, found, retryAfterSeconds(answer.headers, context.nowMs));
  }
  if (status === 409) {
    return call.kind === 'register' ? new NameTaken(found) : new Unavailable(found, RETRY_SECONDS);
  }
  const reason = refusalReason(call, status, text);
  return new RefusedByGitHub(reason, `${found}. ${remedy(reason, call, context.credentials)}`, status);
}

/** The answer of a proxy. The request may have reached GitHub or not; only a 429 is certain to be a request to wait. */
function classifyForeignAnswer(answer: RateLimitAnswer, call: GitHubCall, {nowMs}: ClassifyContext): SlipwayError {
  const found = `${answer.status} to the request for ${describeCall(call)}, which is not GitHub's own answer: ${answer.text}`;
  if (answer.status !== 429) return uncertainOrDown(call, found, retryAfterSeconds(answer.headers, nowMs));
  const seconds = rateLimitSeconds(answer, nowMs) ?? RETRY_SECONDS;
  return new RateLimited(`${found}. Next try in ${seconds} s.`, seconds);
}

function classifyNoAnswer(code: string, call: GitHubCall): SlipwayError {
  const found = `no answer of GitHub to the request for ${describeCall(call)} (${code})`;
  if (NEVER_SENT.test(code)) return new Unavailable(`${found}. Check GITHUB_API_URL and the network.`, RETRY_SECONDS);
  if (UNTRUSTED_CERTIFICATE.test(code)) {
    return new Refused(`${found}. The certificate is not trusted: give its authority in NODE_EXTRA_CA_CERTS.`);
  }
  return uncertainOrDown(call, found);
}

/** `UncertainAtGitHub` for a registration, which may exist; `GitHubDown` for all other calls, which can be repeated. */
function uncertainOrDown(call: GitHubCall, found: string, retryAfter = RETRY_SECONDS): SlipwayError {
  return call.kind === 'register'
    ? new UncertainAtGitHub(
        `${found}. The runner may be registered: look for its name before trying again.`,
        retryAfter,
      )
    : new GitHubDown(found, retryAfter);
}

function answerOf(error: RequestError): RateLimitAnswer {
  const body: unknown = error.response?.data;
  const message = isGitHubsBody(body) ? body.message : `(${typeof body} body)`;
  const id = error.response?.headers['x-github-request-id'];
  const text = `${scrubSecrets(message).slice(0, MAX_TEXT_CHARACTERS)}${id === undefined ? '' : ` [request ${id}]`}`;
  return {status: error.status, headers: error.response?.headers ?? {}, text};
}

function isAbort(error: unknown): boolean {
  const name = property(error, 'name');
  return name === 'AbortError' || name === 'TimeoutError';
}

/** The error code, such as `ECONNRESET`, from the causes of what `fetch` threw; else its message. */
function networkCode(error: Error): string {
  let found: unknown = error;
  for (let depth = 0; depth < 5 && found !== undefined; depth++) {
    if (isAbort(found)) return 'time-out';
    const code = property(found, 'code');
    if (typeof code === 'string') return code;
    found = property(found, 'cause');
  }
  return scrubSecrets(error.message).slice(0, MAX_TEXT_CHARACTERS);
}

/** Without `instanceof Error`: in a test runner `fetch` throws errors of another realm. */
function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** Whether GitHub itself answered with this status. A 404 of another sender does not mean that something does not exist. */
export function isRefusedWith(error: unknown, status: number): boolean {
  return error instanceof RequestError && error.status === status && isGitHubsBody(error.response?.data);
}

export interface RateLimitAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** `message` of the body. */
  readonly text: string;
}

/**
 * Seconds to wait if the answer is a primary or secondary rate limit; otherwise undefined. A 403 can also be a missing permission, even
 * with `x-ratelimit-remaining: 0`.
 *
 * @see https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api#exceeding-the-rate-limit
 */
export function rateLimitSeconds(answer: RateLimitAnswer, nowMs: number): number | undefined {
  if (answer.status !== 403 && answer.status !== 429) return undefined;
  const named = retryAfterSeconds(answer.headers, nowMs);
  if (named !== undefined) return named;
  const says = /rate limit|abuse detection/i.test(answer.text);
  const usedUp = String(answer.headers['x-ratelimit-remaining']) === '0';
  if (answer.status === 403 && !says) return undefined;
  if (/secondary|abuse/i.test(answer.text) || !usedUp) return SECONDARY_LIMIT_SECONDS;
  const resetMs = Number(answer.headers['x-ratelimit-reset']) * 1000;
  return Number.isFinite(resetMs) ? Math.max(1, Math.ceil((resetMs - nowMs) / 1000)) : SECONDARY_LIMIT_SECONDS;
}
