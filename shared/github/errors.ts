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
  Uncertain,
} from '../errors';
import {scrubSecrets} from '../secret';
import {type CredentialsKind, describeCall, type GitHubCall, refusalReason, remedy} from './refusals';
import {isGitHubsBody} from './responses';

/** The first wait after a failure of GitHub's; the queue's back-off makes the next ones longer. */
export const RETRY_SECONDS = 10;
const MAX_TEXT_CHARACTERS = 300;

/** The connection was never there, so that nothing can have happened. */
const NEVER_SENT = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/;
const UNTRUSTED_CERTIFICATE = /CERT|UNABLE_TO_VERIFY_LEAF_SIGNATURE/;

export interface ClassifyContext {
  readonly nowMs: number;
  readonly credentials: CredentialsKind;
}

/**
 * What an error of octokit means: one of ours, whose message holds no token and no JIT config. No `cause`: octokit's errors
 * carry the whole answer. A failure of ours, and an error that does not come from the network, is returned as it is.
 */
export function classify(error: unknown, call: GitHubCall, context: ClassifyContext): unknown {
  if (error instanceof SlipwayError) return error;
  if (!(error instanceof RequestError)) return isAbort(error) ? classifyNoAnswer('time-out', call) : error;
  if (error.response === undefined) return classifyNoAnswer(networkCode(error), call);
  if (!isGitHubsBody(error.response.data)) return classifyForeignAnswer(answerOf(error), call, context);
  return classifyAnswer(answerOf(error), call, context);
}

/** A 2xx answer whose body cannot be read, e.g. since the connection broke inside it. */
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

/** Somebody between us and GitHub answered. What is certain of it is only that it asks to wait: the request may have reached GitHub or not. */
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

/** Nothing but a registration leaves anything behind; all else is simply asked again. */
function uncertainOrDown(call: GitHubCall, found: string, retryAfter = RETRY_SECONDS): SlipwayError {
  return call.kind === 'register'
    ? new Uncertain(`${found}. The runner may be registered: look for its name before trying again.`, retryAfter)
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

/** `ECONNRESET` and the like from the depth of what `fetch` threw, else a word for it. */
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

/** Not `instanceof Error`: what `fetch` throws comes from another realm where a test runner makes one. */
function property(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}

/** Whether GitHub itself refused a request with this status. Another sender's 404 does not say that something is gone. */
export function isRefusedWith(error: unknown, status: number): boolean {
  return error instanceof RequestError && error.status === status && isGitHubsBody(error.response?.data);
}

/** GitHub asks for at least a minute, then more, when a secondary limit names no time; the queue's back-off does the "more". */
const SECONDARY_LIMIT_SECONDS = 60;

export interface RateLimitAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  /** `message` of the body. */
  readonly text: string;
}

/**
 * Seconds to wait when the answer is a primary or secondary rate limit; undefined when it is something else: a 403 is a
 * refused permission as well, and the last request of an hour can be one with `x-ratelimit-remaining: 0`.
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
