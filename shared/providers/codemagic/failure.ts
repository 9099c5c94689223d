import type {Clock} from '../../clock';
import {type AnswerHeaders, Refused, retryAfterSeconds, SlipwayError, Unavailable} from '../../errors';
import {scrubMessage} from '../../secret';

/**
 * `refused`: until a person changes something. `quota`: the plan has nothing left. `rate`: too many calls. `uncertain`: no answer, or one that
 * does not say whether the call had its effect.
 */
export type FailureKind = 'refused' | 'quota' | 'rate' | 'uncertain';

/** Seconds until the next try, where CodeMagic does not say. Its limits are not documented. */
const RATE_SECONDS = 60;
export const RETRY_SECONDS = 10;

/** A call that CodeMagic did not answer with what was asked for. */
export class CodemagicFailure extends SlipwayError {
  readonly kind = 'codemagic';
  readonly retryable: boolean;

  constructor(
    readonly failure: FailureKind,
    message: string,
    readonly retryAfterSeconds: number = RETRY_SECONDS,
  ) {
    super(message);
    this.retryable = failure === 'rate' || failure === 'uncertain';
  }
}

/** An HTTP answer of whoever answered. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: AnswerHeaders;
  readonly body: string;
}

/** Whether a gateway or a proxy answered: CodeMagic's API answers no page. */
function isPage({headers, body}: HttpAnswer): boolean {
  return /\bhtml\b/i.test(String(headers['content-type'] ?? '')) || /^\s*</.test(body);
}

/** Whether CodeMagic itself says that what was asked for does not exist. */
export function saysAbsent(answer: HttpAnswer): boolean {
  return answer.status === 404 && !isPage(answer) && objectOf(answer.body) !== undefined;
}

/** What CodeMagic's answer means, where it is none of those that were hoped for. `secrets`: values that no message may contain. */
export function failureOf(
  what: string,
  answer: HttpAnswer,
  clock: Pick<Clock, 'now'>,
  secrets: readonly string[],
): CodemagicFailure {
  const {status, headers} = answer;
  const said = scrubMessage(wordsOf(answer), secrets);
  const message = `${what}: CodeMagic answered ${status}${said ? `: ${said}` : ''}`;
  if (status === 429) {
    return new CodemagicFailure('rate', message, retryAfterSeconds(headers, clock.now()) ?? RATE_SECONDS);
  }
  if (status === 402) return new CodemagicFailure('quota', message);
  const isRefusal = status >= 400 && status < 500 && status !== 408 && !isPage(answer);
  return new CodemagicFailure(isRefusal ? 'refused' : 'uncertain', `${message}${isRefusal ? remedyOf(status) : ''}`);
}

/** What every question is answered with while the token is not accepted. */
export const REFUSED_TOKEN = 'CODEMAGIC_TOKEN is not valid: was it revoked?';

function remedyOf(status: number): string {
  if (status === 401) return `; ${REFUSED_TOKEN}`;
  if (status === 403) return '; the user of CODEMAGIC_TOKEN may not do this in the team of the application';
  if (status === 404) return '; check app, workflow, branch and team of the pool';
  return '';
}

/** The error's words: v1 has `error` or `message`, v3 `detail`. A page has none. */
function wordsOf(answer: HttpAnswer): string {
  if (isPage(answer)) return 'a page that is not CodeMagic’s own';
  const object = objectOf(answer.body) ?? {};
  const words = ['detail', 'message', 'error'].map((key) => object[key]).find((value) => typeof value === 'string');
  return typeof words === 'string' ? words : '';
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** Turns failures into `Unavailable` or `Refused`. For calls that can safely be repeated, so that a lost answer does not matter. */
export async function withCodemagicErrors<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof CodemagicFailure)) throw error;
    if (error.retryable) throw new Unavailable(error.message, error.retryAfterSeconds);
    throw new Refused(error.message);
  }
}
