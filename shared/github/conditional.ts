import {RequestError} from '@octokit/request-error';
import type {Octokit} from '@octokit/rest';

/** Cached answers of one octokit, and their characters. The oldest are dropped first; those of an idle fleet are small. */
const MAX_ANSWERS = 12_000;

const MAX_CHARACTERS = 16 * 2 ** 20;

/** Longer answers are not cached: they are of busy repositories, which change anyway. */
const MAX_ANSWER_CHARACTERS = 32_768;

/** The hourly limit of one installation or user, by the latest answer. */
export interface RateReading {
  readonly limit: number;
  readonly remaining: number;
  readonly resetMs: number;
}

type Headers = Readonly<Record<string, string | number | undefined>>;

type Response = Awaited<ReturnType<Octokit['request']>>;

/** A cached answer. The body is kept as text, because the pagination of octokit changes the parsed body. */
interface Kept {
  readonly etag: string;
  readonly status: number;
  readonly url: string;
  /** The `Link` header with the next page. */
  readonly link: string | undefined;
  readonly text: string;
}

/**
 * Sends `If-None-Match` for every URL with a cached answer: GitHub’s 304 does not count against the hourly limit. `onReading` receives the
 * limit after every answer.
 *
 * @see https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate
 */
export function askConditionally(octokit: Octokit, onReading: (reading: RateReading) => void): void {
  const answers = new Answers();

  octokit.hook.wrap('request', async (request, options) => {
    const {method, url} = octokit.request.endpoint(options);
    const known = method === 'GET' ? answers.get(url) : undefined;
    if (known) options.headers['if-none-match'] = known.etag;
    try {
      const response = await request(options);
      reportReading(response.headers, onReading);
      const {etag} = response.headers;
      if (method === 'GET' && etag) answers.keep(url, etag, response);
      return response;
    } catch (error) {
      if (!(error instanceof RequestError)) throw error;
      if (error.response) reportReading(error.response.headers, onReading);
      if (error.status !== 304 || !known) throw error;
      const {status, url: answered, link} = known;
      return {status, url: answered, headers: link === undefined ? {} : {link}, data: JSON.parse(known.text)};
    }
  });
}

/** The cached answers, by URL. */
class Answers {
  readonly #kept = new Map<string, Kept>();
  #characters = 0;

  get(url: string): Kept | undefined {
    return this.#kept.get(url);
  }

  keep(url: string, etag: string, {status, url: answered, headers, data}: Response): void {
    const text = JSON.stringify(data);
    this.#drop(url);
    if (text.length > MAX_ANSWER_CHARACTERS) return;
    this.#kept.set(url, {etag, status, url: answered, link: headers.link, text});
    this.#characters += text.length;
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_ANSWERS && this.#characters <= MAX_CHARACTERS) break;
      this.#drop(oldest);
    }
  }

  #drop(url: string): void {
    this.#characters -= this.#kept.get(url)?.text.length ?? 0;
    this.#kept.delete(url);
  }
}

/** Tells of the hourly limit after every answer. */
export function watchReadings(octokit: Octokit, onReading: (reading: RateReading) => void): void {
  octokit.hook.after('request', ({headers}) => reportReading(headers, onReading));
  octokit.hook.error('request', (error) => {
    if (error instanceof RequestError && error.response) reportReading(error.response.headers, onReading);
    throw error;
  });
}

function reportReading(headers: Headers, onReading: (reading: RateReading) => void): void {
  const [limit, remaining, reset] = ['limit', 'remaining', 'reset'].map((name) => {
    const value = headers[`x-ratelimit-${name}`];
    return value === undefined ? Number.NaN : Number(value);
  });
  if (limit === undefined || remaining === undefined || reset === undefined) return;
  if (Number.isFinite(limit + remaining + reset) && limit > 0) onReading({limit, remaining, resetMs: reset * 1000});
}
