import type {IncomingHttpHeaders} from 'node:http';
import type * as z from 'zod';
import type {Clock} from '../clock';
import type {Config} from '../config/config-types';
import type {LookUps} from '../diagnosis/look-ups';
import type {ProblemKind} from '../http/errors';
import type {Reply} from '../http/server';
import type {Context, Services} from '../ports';
import {InputReader, type RawInput} from './input';

/** What an operation may work with to answer one request. What costs time to make is made when it is asked for. */
export interface RequestContext {
  readonly config: Config;
  readonly clock: Clock;
  /** The request's, in lower case. */
  readonly headers: IncomingHttpHeaders;
  /** The request carries the secret. Always true for an operation that demands it. */
  readonly authenticated: boolean;
  /** In their `config` every place is filled in, unlike in this one. */
  readonly services: () => Promise<Services<'api'>>;
  /** The effects' context; its logger carries the request's fields. */
  readonly context: () => Promise<Context>;
  /** What questions about jobs ask of GitHub, within bounds that hold for all requests together. */
  readonly lookUps: () => Promise<LookUps>;
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

/** One way in which an operation answers, when all goes well. */
export interface Outcome {
  readonly description: string;
  /** Default `application/json`. */
  readonly type?: string;
  /** Left out: the type says it all. */
  readonly schema?: z.ZodType;
  readonly example?: unknown;
  readonly headers?: readonly ('Link' | 'Idempotent-Replayed')[];
}

/** What an operation is, for the router, for the validation of what comes, and for the OpenAPI document: declared once. */
export interface Description<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType> {
  /** `operationId` */
  readonly id: string;
  readonly method: Method;
  /** As it is documented; served with and without `/api/v1`. */
  readonly path: string;
  /** Documented under this path, too. */
  readonly alsoAt?: string;
  readonly tag: 'health' | 'overview' | 'runners' | 'persistent VMs' | 'jobs' | 'dead letters' | 'documentation';
  readonly summary: string;
  readonly description?: string;
  readonly access: 'public' | 'secret';
  readonly parameters: P;
  readonly query: Q;
  /** Left out: what comes in a body is not looked at. */
  readonly body?: {readonly schema: B; readonly example?: unknown; readonly required: boolean};
  /** By status. */
  readonly outcomes: Readonly<Record<number, Outcome>>;
  /** Beside those that any operation may answer. */
  readonly problems: readonly ProblemKind[];
  /** It changes something: takes `Idempotency-Key`. */
  readonly changes?: true;
}

/** An operation whose types are settled. */
export interface Operation extends Description<z.ZodType, z.ZodType, z.ZodType> {
  run(request: RequestContext, raw: RawInput): Promise<Reply>;
}

/** Ties a description to what does it: the handler gets what the schemas made of the input. */
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
  /** There is something at the path, for other methods: `Allow`'s value. */
  | {readonly kind: 'wrong_method'; readonly allow: string}
  | {readonly kind: 'unknown'};

export interface Router<R extends Routed> {
  /** HEAD is answered as GET. */
  match(method: string, path: string): RouteMatch<R>;
  /** What `Allow` says of the path; undefined when there is nothing at it. */
  allow(path: string): string | undefined;
}

/** What every path may start with, and may leave out. */
export const VERSION_PREFIX = '/api/v1';

/** Finds who answers a request. Every path is there with and without `/api/v1`, so that old scripts and new ones find it. */
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
      const asked = method === 'HEAD' ? 'GET' : method;
      const found = at(path).find(({route}) => route.method === asked);
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

/** The parameters when the segments fit the pattern. A segment that is no valid percent-encoding fits nothing. */
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

/** Asked for, or configured for the whole deployment. */
export function isDryRun({config}: RequestContext, query: {readonly 'dry-run': boolean}): boolean {
  return query['dry-run'] || config.dryRun;
}
