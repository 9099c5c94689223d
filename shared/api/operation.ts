import type {IncomingHttpHeaders} from 'node:http';
import type * as z from 'zod';
import type {Clock} from '../clock';
import type {Config} from '../config/config-types';
import type {SecretReader} from '../config/secrets';
import type {LookUps} from '../diagnosis/look-ups';
import type {RecentJobs} from '../diagnosis/recent-jobs';
import type {InvalidConfiguration} from '../errors';
import type {ProblemKind} from '../http/errors';
import type {Reply} from '../http/server';
import type {Logger} from '../logger';
import type {Context, Services} from '../ports';
import {InputReader, type RawInput} from './input';

/** What an operation uses to answer one request. The functions create on the first call what takes time to create. */
export interface RequestContext {
  /** Without what could not be read, if `invalid` says so. */
  readonly config: Config;
  /** What is wrong with the configuration; undefined: nothing. Only operations `whenMisconfigured` see it. */
  readonly invalid: InvalidConfiguration | undefined;
  readonly clock: Clock;
  readonly secrets: SecretReader;
  /** The request's headers, names in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** The request carries the secret. Always true for an operation with `access: 'secret'`. */
  readonly authenticated: boolean;
  /** Their `config` has the project, regions and zones filled in, unlike `config` above. */
  readonly services: () => Promise<Services<'api'>>;
  /** Its lines contain the trace and the operation of the request. */
  readonly logger: Logger;
  /** The context of the domain functions; its logger carries the request's fields. */
  readonly context: () => Promise<Context>;
  /** What questions about jobs ask of GitHub, within bounds that hold for all requests together. */
  readonly lookUps: () => Promise<LookUps>;
  /** What this instance has read of the jobs that run or ended of late. */
  readonly recentJobs: () => Promise<RecentJobs>;
  /** What `read` gave in the last `ms` milliseconds, for whoever asked for `key`; concurrent requests share one read. Throws what `read` throws. */
  readonly kept: <T>(key: string, ms: number, read: () => Promise<T>) => Promise<T>;
  /** Path and query of this request with another cursor, for `Link`. */
  readonly linkTo: (cursor: string) => string;
  /** The OpenAPI document. */
  readonly document: () => Promise<object>;
}

export interface Input<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  readonly path: z.output<P>;
  readonly query: z.output<Q>;
  readonly body: z.output<B>;
}

/** One successful answer of an operation. */
export interface Outcome {
  readonly description: string;
  /** Default `application/json`. */
  readonly type?: string;
  /** There is no body. */
  readonly isEmpty?: true;
  /** Left out for a body without structure. */
  readonly schema?: z.ZodType;
  readonly example?: unknown;
  readonly headers?: readonly ('ETag' | 'Link' | 'Idempotent-Replayed')[];
}

/** An operation, described once for the router, for the validation of its input and for the OpenAPI document. */
export interface Description<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  /** `operationId` */
  readonly id: string;
  readonly method: Method;
  /** The documented path; served with and without `/api/v1`. */
  readonly path: string;
  /** A second documented path. */
  readonly alsoAt?: string;
  readonly tag:
    | 'health'
    | 'overview'
    | 'runners'
    | 'persistent VMs'
    | 'hosts'
    | 'jobs'
    | 'dead letters'
    | 'documentation';
  readonly summary: string;
  readonly description?: string;
  /** `host`: with the token of the host that the path names, and nothing else. */
  readonly access: 'public' | 'secret' | 'host';
  readonly parameters: P;
  readonly query: Q;
  /** Left out: a body is ignored. */
  readonly body?: {readonly schema: B; readonly example?: unknown; readonly required: boolean};
  /** Bytes of a body at most; default `MAX_BODY_BYTES`. */
  readonly maxBodyBytes?: number;
  /** Successful answers, by status. */
  readonly outcomes: Readonly<Record<number, Outcome>>;
  /** Problems in addition to those of every operation. */
  readonly problems: readonly ProblemKind[];
  /** The operation changes something, so it accepts `Idempotency-Key`. */
  readonly changes?: true;
  /** The operation is served while the configuration is invalid, too: it says so, or it needs nothing of it. */
  readonly whenMisconfigured?: true;
  /** Nothing is changed unless the query has `dry-run=false`. */
  readonly dryByDefault?: true;
}

/** An operation for the router, which need not know the types of its input. */
export interface Operation extends Description<z.ZodType, z.ZodType, z.ZodType> {
  run(request: RequestContext, raw: RawInput): Promise<Reply>;
}

/** An operation from its description and its handler. The handler gets the input as the schemas parsed it. */
export function operation<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType = z.ZodUndefined>(
  description: Description<P, Q, B>,
  handle: (request: RequestContext, input: Input<P, Q, B>) => Reply | Promise<Reply>,
): Operation {
  return {
    ...description,
    async run(request, raw) {
      const reader = new InputReader(raw);
      const path = reader.read('path', description.parameters);
      const query = reader.read('query', description.query);
      const body = description.body && reader.read('body', description.body.schema);
      reader.throwIfAny();
      return handle(request, {path, query, body} as Input<P, Q, B>);
    },
  };
}
type Method = 'GET' | 'POST' | 'DELETE';

export interface Routed {
  readonly method: Method;
  /** `/runners/{id}`: a parameter is one whole segment. */
  readonly path: string;
}

export type RouteMatch<R extends Routed> =
  | {readonly kind: 'found'; readonly route: R; readonly parameters: Readonly<Record<string, string>>}
  /** The path takes other methods only. `allow`: the value of the header `Allow`. */
  | {readonly kind: 'wrong_method'; readonly allow: string}
  | {readonly kind: 'unknown'};

export interface Router<R extends Routed> {
  /** HEAD is answered as GET. */
  match(method: string, path: string): RouteMatch<R>;
  /** The value of the header `Allow` for the path; undefined for an unknown path. */
  allow(path: string): string | undefined;
}

/** The optional prefix of every path. */
export const VERSION_PREFIX = '/api/v1';

/** Finds the route of a request. Every path is served with and without `/api/v1`, for old and new scripts. */
export function createRouter<R extends Routed>(routes: readonly R[]): Router<R> {
  const patterns = routes.map((route) => ({route, segments: withoutPrefix(route.path).split('/')}));

  function at(path: string): {route: R; parameters: Record<string, string>}[] {
    const segments = withoutPrefix(path).split('/');
    return patterns.flatMap(({route, segments: pattern}) => {
      const parameters = parametersOf(pattern, segments);
      return parameters ? [{route, parameters}] : [];
    });
  }

  function allow(path: string): string | undefined {
    const methods = at(path).map(({route}) => route.method);
    if (methods.length === 0) return undefined;
    return [...new Set([...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'])].join(', ');
  }

  return {
    allow,
    match(method, path) {
      const routed = method === 'HEAD' ? 'GET' : method;
      const found = at(path).find(({route}) => route.method === routed);
      if (found) return {kind: 'found', ...found};
      const others = allow(path);
      return others ? {kind: 'wrong_method', allow: others} : {kind: 'unknown'};
    },
  };
}

/** `/api/v1/runners` → `/runners`, `/api/v1` → `/`. */
export function withoutPrefix(path: string): string {
  if (path === VERSION_PREFIX) return '/';
  return path.startsWith(`${VERSION_PREFIX}/`) ? path.slice(VERSION_PREFIX.length) : path;
}

/** The parameters if the segments match the pattern. A segment with an invalid percent-encoding matches no pattern. */
function parametersOf(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const name = /^\{(\w+)\}$/.exec(expected)?.[1];
    const segment = decode(segments[index] ?? '');
    if (segment === undefined || (name ? segment === '' : segment !== expected)) return undefined;
    if (name) parameters[name] = segment;
  }
  return parameters;
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}

/** Whether the request asks for a dry run, or the deployment is configured for dry runs only. */
export function isDryRun({config}: RequestContext, query: {readonly 'dry-run': boolean}): boolean {
  return query['dry-run'] || config.dryRun;
}

/** What the answer of a dry run has in addition, as its words are those of the real one. */
export function dryRunMark(dryRun: boolean): {dry_run?: true} {
  return dryRun ? {dry_run: true} : {};
}
