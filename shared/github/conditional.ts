import {RequestError} from '@octokit/request-error';
import type {Octokit} from '@octokit/rest';

/** How an hour's requests of one installation or user stand, by GitHub's last answer. */
export interface RateReading {
  readonly limit: number;
  readonly remaining: number;
  readonly resetMs: number;
}

type Headers = Readonly<Record<string, string | number | undefined>>;
type Response = Awaited<ReturnType<Octokit['request']>>;

/** The body as text: octokit's pagination changes what it is given. */
interface Kept {
  readonly etag: string;
  readonly response: Omit<Response, 'data'>;
  readonly text: string;
}

/** Answers kept for an octokit: an idle fleet's are small and all alike; the oldest go first. */
const MOST_ANSWERS = 4_000;
/** A longer answer is one of a busy repository, which changes anyway. */
const LONGEST_ANSWER = 32_768;

/**
 * Asks for what it has an answer to with `If-None-Match`: GitHub's 304 does not count against the hour's limit. `onReading` hears of
 * that limit after every answer.
 *
 * @see https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
 */
export function askConditionally(octokit: Octokit, onReading: (reading: RateReading) => void): void {
  const answers = new Map<string, Kept>();

  octokit.hook.wrap('request', async (request, options) => {
    const {method, url} = octokit.request.endpoint(options);
    const known = method === 'GET' ? answers.get(url) : undefined;
    if (known) options.headers['if-none-match'] = known.etag;
    try {
      const response = await request(options);
      read(response.headers, onReading);
      const {etag} = response.headers;
      if (method === 'GET' && etag) keep(answers, url, etag, response);
      return response;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (error.response) read(error.response.headers, onReading);
      if (error.status !== 304 || !known) throw error;
      return {...known.response, data: JSON.parse(known.text)};
    }
  });
}

function keep(answers: Map<string, Kept>, url: string, etag: string, {data, ...response}: Response): void {
  const text = JSON.stringify(data);
  answers.delete(url);
  if (text.length > LONGEST_ANSWER) return;
  answers.set(url, {etag, response, text});
  const oldest = answers.size > MOST_ANSWERS ? answers.keys().next().value : undefined;
  if (oldest !== undefined) answers.delete(oldest);
}

function read(headers: Headers, onReading: (reading: RateReading) => void): void {
  const [limit, remaining, reset] = ['limit', 'remaining', 'reset'].map((name) => {
    const value = headers[`x-ratelimit-${name}`];
    return value === undefined ? Number.NaN : Number(value);
  });
  if (limit === undefined || remaining === undefined || reset === undefined) return;
  if (Number.isFinite(limit + remaining + reset) && limit > 0) onReading({limit, remaining, resetMs: reset * 1000});
}
