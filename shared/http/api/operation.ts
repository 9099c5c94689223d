import type {IncomingHttpHeaders} from 'node:http';
import type * as z from 'zod';
import type {Clock} from '../../clock';
import type {Config} from '../../config/config';
import type {Context, Services} from '../../ports';
import type {ProblemKind} from '../errors';
import type {Reply} from '../server';
import {InputReader, type RawInput} from './input';
import type {Method} from './router';

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
