import * as z from 'zod';
import type {Clock} from '../../shared/clock';
import {type Secret, scrubSecrets} from '../../shared/secret';
import {Failure, usage} from './failure';
import {type Names, parseProblem, refusal} from './refusal';
import {plain} from './terminal';

export interface ClientOptions {
  /** Of `api`, without a slash at its end. */
  readonly url: string;
  readonly secret: Secret;
  /** For one request, its answer included. */
  readonly timeoutMs: number;
  /** Of the caller, for Cloud Run's IAM. */
  readonly identityToken: () => Promise<Secret>;
  readonly clock: Clock;
  /** Says on stderr what the command waits for. */
  readonly say: (text: string) => void;
}

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  /** `/runners/{id}` with its parameters filled in, percent-encoded. */
  readonly path: string;
  /** Those that are undefined are left out. */
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** What the command line calls parts of the request, where it is not usual: `{pool: '<pool>'}`. */
  readonly names?: Names;
  /** Of a request that takes long by its nature: at least so long, instead of the usual time. */
  readonly timeoutMs?: number;
}

/** What the API answered: as it was sent, and what the command line reads of it. */
export interface Answer<T> {
  readonly raw: unknown;
  readonly value: T;
}

const MAX_PER_PAGE = 100;
const PROGRESS_EVERY = 500;
/** How often, and how long each time, a limit of requests is waited out. */
const WAITS = 2;
const MAX_WAIT_SECONDS = 60;

/** The control API as commands use it. Every failure is a `Failure`; no secret is in one. */
export class ApiClient {
  readonly #options: ClientOptions;
  #token: Secret | undefined;

  /** Throws `Failure` for an address where the secret, or a token of the caller, must not go. */
  constructor(options: ClientOptions) {
    if (!isSafe(options.url)) {
      throw usage('expected an https URL of api: over http others could read the secret on its way');
    }
    this.#options = options;
  }

  get url(): string {
    return this.#options.url;
  }

  async request<S extends z.ZodType>(schema: S, request: ApiRequest): Promise<Answer<z.output<S>>> {
    const response = await this.#answered(request);
    const raw = this.#json(response);
    return {raw, value: this.#read(schema, raw, request.path)};
  }

  /** Items of the list `key`, page by page, until there are `limit`. `more`: the list goes on. */
  async list<S extends z.ZodType>(
    key: string,
    item: S,
    request: ApiRequest,
    limit: number,
  ): Promise<{readonly items: readonly Answer<z.output<S>>[]; readonly more: boolean}> {
    const page = z.object({[key]: z.array(z.unknown()), next: z.string().nullable()});
    const items: Answer<z.output<S>>[] = [];
    let cursor: string | undefined;
    for (;;) {
      const query = {...request.query, per_page: Math.min(MAX_PER_PAGE, limit - items.length), cursor};
      const {value} = await this.request(page, {...request, query});
      const found = value[key] as readonly unknown[];
      for (const raw of found) items.push({raw, value: this.#read(item, raw, request.path)});
      const next = value['next'] as string | null;
      if (next === null || items.length >= limit) return {items, more: next !== null};
      if (items.length % PROGRESS_EVERY < found.length) this.#options.say(`read ${items.length} so far`);
      cursor = next;
    }
  }

  /** A page for people, asked for as a browser does, without the secret. */
  async isPage(path: string): Promise<boolean> {
    const response = await this.#fetch({path, headers: {accept: 'text/html'}}, false);
    return response.ok && typeOf(response) === 'text/html';
  }

  async #answered(request: ApiRequest): Promise<Answered> {
    for (let waited = 0; ; waited++) {
      const response = await this.#identified(request);
      const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
      if (response.status !== 429 || waited >= WAITS || !(seconds <= MAX_WAIT_SECONDS)) {
        if (!response.ok) throw this.#failure(response, request.names ?? {});
        return response;
      }
      this.#options.say(`waiting ${seconds} s: api takes no more requests for now`);
      await this.#options.clock.sleep(seconds * 1000);
    }
  }

  /** With an identity token when Cloud Run's IAM, and not `api`, refused the request: `api` answers problems. */
  async #identified(request: ApiRequest): Promise<Answered> {
    const response = await this.#fetch(request, true);
    const isCloudRuns = [401, 403].includes(response.status) && typeOf(response) !== 'application/problem+json';
    // A token that was accepted before may have expired: it is replaced once for each request.
    if (!isCloudRuns || (this.#token && response.status !== 401)) return response;
    this.#token = await this.#options.identityToken();
    return this.#fetch(request, true);
  }

  async #fetch(request: ApiRequest, withSecret: boolean): Promise<Answered> {
    const {method = 'GET', path, query = {}, body, headers} = request;
    const {url, secret} = this.#options;
    const timeoutMs = Math.max(this.#options.timeoutMs, request.timeoutMs ?? 0);
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) if (value !== undefined) search.set(name, String(value));
    const asked = `${url}${path}${search.size > 0 ? `?${search}` : ''}`;
    try {
      const response = await fetch(asked, {
        method,
        // Elsewhere the secret has no business.
        redirect: 'manual',
        headers: {
          accept: 'application/json, application/problem+json',
          ...(withSecret ? {'x-runner-secret': secret.reveal()} : {}),
          ...(this.#token ? {authorization: `Bearer ${this.#token.reveal()}`} : {}),
          ...(body ? {'content-type': 'application/json'} : {}),
          ...headers,
        },
        ...(body ? {body: JSON.stringify(body)} : {}),
        signal: AbortSignal.timeout(timeoutMs),
      });
      return {status: response.status, ok: response.ok, headers: response.headers, text: await response.text()};
    } catch (error) {
      const doubt = method === 'GET' ? '' : '; it may have taken effect: look before you try again';
      if (isTimeout(error)) throw new Failure(`${url} did not answer within ${timeoutMs / 1000} s${doubt}`);
      throw new Failure(`${url} cannot be reached (${causeOf(error)}): check --url or SLIPWAY_API_URL${doubt}`);
    }
  }

  #read<S extends z.ZodType>(schema: S, raw: unknown, path: string): z.output<S> {
    const parsed = schema.safeParse(raw);
    if (parsed.success) return parsed.data;
    const where = parsed.error.issues[0]?.path.join('.') || 'all of it';
    throw new Failure(
      `the answer of ${path} is not as this version knows it (${where}): check --url, or take the command of the version that is deployed`,
    );
  }

  #json(response: Answered): unknown {
    try {
      return JSON.parse(response.text);
    } catch {
      throw new Failure(
        `found ${typeOf(response) || 'no type'} at ${this.url}, expected JSON: check that --url or SLIPWAY_API_URL is the URL of api`,
      );
    }
  }

  #failure(response: Answered, names: Names): Failure {
    const {status, headers} = response;
    const problem =
      typeOf(response) === 'application/problem+json' ? parseProblem(this.#hidden(response.text)) : undefined;
    if (problem) {
      if (problem.kind === 'unauthenticated') {
        return new Failure(`api does not know the secret: check --secret-file or SLIPWAY_API_SECRET (${status})`);
      }
      return refusal(problem, names);
    }
    if (status >= 300 && status < 400) {
      const to = this.#hidden(plain(headers.get('location') ?? 'elsewhere'));
      return new Failure(`${this.url} sends the request to ${to}: check --url or SLIPWAY_API_URL`);
    }
    if (status === 401 || status === 403) {
      return new Failure(
        `Cloud Run refuses this account (${status}): ask for roles/run.invoker on the function api, or gcloud auth login with another account`,
      );
    }
    if (status === 404) {
      return new Failure(`found nothing of api at ${this.url} (404): check --url or SLIPWAY_API_URL`);
    }
    return new Failure(`${this.url} answered ${status}: try again; the log of the function api says more`);
  }

  /** What a peer says is not trusted to keep what it was sent. */
  #hidden(text: string): string {
    const secrets = [this.#options.secret, ...(this.#token ? [this.#token] : [])];
    return scrubSecrets(secrets.reduce((rest, secret) => rest.replaceAll(secret.reveal(), '***'), text));
  }
}

interface Answered {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: Headers;
  readonly text: string;
}

function typeOf({headers}: Answered): string {
  return headers.get('content-type')?.split(';')[0]?.trim() ?? '';
}

/** Whether the token of a person may go there: over TLS, or to this machine. */
function isSafe(url: string): boolean {
  const {protocol, hostname} = new URL(url);
  return protocol === 'https:' || /^(localhost|127(\.\d+){3}|\[::1\])$/.test(hostname);
}

function isTimeout(error: unknown): boolean {
  return error instanceof Error && error.name === 'TimeoutError';
}

/** `ECONNREFUSED`; of undici's errors the code of what caused them. */
function causeOf(error: unknown): string {
  const cause = error instanceof Error ? ((error.cause ?? error) as {code?: unknown; message?: unknown}) : undefined;
  return plain(String(cause?.code ?? cause?.message ?? 'no connection'));
}
