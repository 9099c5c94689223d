import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {KEPT_CONNECTIONS} from '../kept-connections';

export type VersionState = 'ENABLED' | 'DISABLED' | 'DESTROYED';

interface Version {
  readonly payload: string;
  state: VersionState;
}

/** What is answered in place of the real thing, e.g. 503 and UNAVAILABLE. */
export interface Failure {
  readonly httpStatus: number;
  readonly status: string;
}

interface Found {
  readonly found: object;
}

/**
 * Secret Manager's REST API, as far as Slipway needs it: list the versions of a secret, access one, add one. Plain HTTP, for
 * `SECRET_MANAGER_EMULATOR_HOST`.
 *
 * @see https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets.versions
 */
export class SecretManagerServer {
  /** `GET <path>` of every request, in order. */
  readonly requests: string[] = [];
  /** While set, every request fails so; `hang`: gets no answer. */
  failure: Failure | 'hang' | undefined;
  /** Answers to the next new versions, one each, in place of the real ones. */
  readonly refusals: Failure[] = [];
  /** Secrets to which no version can be added: the caller lacks the right. */
  readonly sealed = new Set<string>();

  readonly #secrets = new Map<string, Version[]>();
  readonly #server = createServer(KEPT_CONNECTIONS, (request, response) => void this.#answer(request, response));

  private constructor() {}

  static async start(): Promise<SecretManagerServer> {
    const world = new SecretManagerServer();
    await new Promise<void>((resolve) => world.#server.listen(0, '127.0.0.1', resolve));
    return world;
  }

  get host(): string {
    return '127.0.0.1';
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Makes a secret without a version, as Terraform does. */
  addSecret(secret: string): void {
    if (!this.#secrets.has(secret)) this.#secrets.set(secret, []);
  }

  /** The payloads of all versions, oldest first. */
  payloads(secret: string): string[] {
    return (this.#secrets.get(secret) ?? []).map(({payload}) => payload);
  }

  /** `secret`: `projects/P/secrets/S`, made if it is new. Returns the version's number. */
  addVersion(secret: string, payload: string): number {
    const versions = this.#secrets.get(secret) ?? [];
    this.#secrets.set(secret, versions);
    return versions.push({payload, state: 'ENABLED'});
  }

  setState(secret: string, version: number, state: VersionState): void {
    const found = this.#secrets.get(secret)?.[version - 1];
    if (!found) throw new Error(`${secret} has no version ${version}`);
    found.state = state;
  }

  close(): Promise<void> {
    return new Promise((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeAllConnections();
    });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const {pathname, searchParams} = new URL(request.url ?? '/', 'http://secret-manager');
    this.requests.push(`${request.method} ${pathname}`);
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    if (this.failure === 'hang') return;
    const body = Buffer.concat(chunks).toString('utf8');
    const found = () =>
      request.method === 'POST' ? this.#add(pathname, body) : this.#find(pathname, searchParams, request.method);
    const refusal = request.method === 'POST' ? this.refusals.shift() : undefined;
    send(response, this.failure ?? refusal ?? found());
  }

  /** @see https://cloud.google.com/secret-manager/docs/reference/rest/v1/projects.secrets/addVersion */
  #add(pathname: string, body: string): Failure | Found {
    const [, secret] = /^\/v1\/(projects\/[^/]+\/secrets\/[^/:]+):addVersion$/.exec(pathname) ?? [];
    if (!secret || !this.#secrets.has(secret)) return NOT_FOUND;
    if (this.sealed.has(secret)) return {httpStatus: 403, status: 'PERMISSION_DENIED'};
    const {payload} = JSON.parse(body) as {payload?: {data?: string}};
    if (!payload?.data) return {httpStatus: 400, status: 'INVALID_ARGUMENT'};
    const version = this.addVersion(secret, Buffer.from(payload.data, 'base64').toString('utf8'));
    return {found: {name: `${secret}/versions/${version}`, state: 'ENABLED'}};
  }

  #find(pathname: string, query: URLSearchParams, method: string | undefined): Failure | Found {
    const [, secret, version] =
      /^\/v1\/(projects\/[^/]+\/secrets\/[^/]+)\/versions(?:\/([^/:]+):access)?$/.exec(pathname) ?? [];
    const versions = secret ? this.#secrets.get(secret) : undefined;
    if (method !== 'GET' || !secret || !versions) return NOT_FOUND;
    return version ? access(secret, versions, version) : list(secret, versions, query);
  }
}

const NOT_FOUND: Failure = {httpStatus: 404, status: 'NOT_FOUND'};

function access(secret: string, versions: readonly Version[], asked: string): Failure | Found {
  const number = asked === 'latest' ? versions.length : Number(asked);
  const version = versions[number - 1];
  if (!version) return NOT_FOUND;
  if (version.state !== 'ENABLED') return {httpStatus: 400, status: 'FAILED_PRECONDITION'};
  const data = Buffer.from(version.payload).toString('base64');
  return {found: {name: `${secret}/versions/${number}`, payload: {data}}};
}

/** Newest first; pages of `pageSize`, whose token is an offset. */
function list(secret: string, versions: readonly Version[], query: URLSearchParams): Found {
  const wanted = /^state:(\w+)$/.exec(query.get('filter') ?? '')?.[1];
  const matching = versions
    .map(({state}, index) => ({name: `${secret}/versions/${index + 1}`, state}))
    .filter(({state}) => !wanted || state === wanted)
    .reverse();
  const from = Number(query.get('pageToken') ?? 0);
  const to = from + Number(query.get('pageSize') ?? 100);
  const next = to < matching.length ? {nextPageToken: String(to)} : {};
  return {found: {versions: matching.slice(from, to), totalSize: matching.length, ...next}};
}

function send(response: ServerResponse, answer: Failure | Found): void {
  const [httpStatus, body] =
    'found' in answer
      ? [200, answer.found]
      : [answer.httpStatus, {error: {code: answer.httpStatus, status: answer.status, message: answer.status}}];
  response.writeHead(httpStatus, {'content-type': 'application/json'}).end(JSON.stringify(body));
}
