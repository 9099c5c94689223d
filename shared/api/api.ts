import type {Request} from '@google-cloud/functions-framework';
import {TtlCache} from '../cache';
import {LookUps} from '../diagnosis/look-ups';
import {RecentJobs} from '../diagnosis/recent-jobs';
import {HOST_TOKEN_HEADER} from '../host-token';
import {Problem, problemReply, toProblem} from '../http/errors';
import {isPath} from '../http/framework';
import {type BodyReader, createBodyReader} from '../http/read-body';
import type {Reply} from '../http/server';
import {traceFields, traceOf} from '../http/trace';
import type {Logger} from '../logger';
import type {Services, ServicesBase} from '../ports';
import {Callers} from './callers';
import {idempotencyKey, onlyOnce} from './idempotency';
import {MAX_BODY_BYTES, parseBody, type RawInput, readQuery} from './input';
import {createRouter, isDryRun, type Operation, type RequestContext, withoutPrefix} from './operation';
import {createAssets, serveAsset} from './pages/docs';
import type {PageFiles} from './pages/files';
import {Pages} from './pages/pages';
import {requireOwnPage} from './pages/request';
import {PER_MINUTE, type PerMinute, RateLimits} from './rate-limits';
import {OPERATIONS} from './routes/index';
import {corsHeaders, preflightHeaders, SECRET_HEADER} from './security';

export interface ApiOptions {
  /** Throws `InvalidConfiguration`. */
  readonly base: () => ServicesBase<'api'>;
  /** Called by the first operation that needs more than `base`. */
  readonly services: () => Promise<Services<'api'>>;
  /** Logs requests that arrive while the configuration is invalid. */
  readonly startLogger: Logger;
  /** Whether Cloud Run's front end names the client's address, in `X-Forwarded-For`. */
  readonly isBehindCloudRun: boolean;
  /** Limits that are not the usual ones. */
  readonly perMinute?: Partial<PerMinute>;
  /** Reads what the pages load; undefined: they were not built. Called once. */
  readonly pageFiles: () => Promise<PageFiles | undefined>;
}

/** What this instance has read through its services, which are others once the place of a pool is known. */
interface Memory {
  readonly of: Services<'api'>;
  readonly lookUps: LookUps;
  readonly recentJobs: RecentJobs;
}

/** Answers a request: authenticates, limits the rate, routes, validates, runs the operation. Never throws: every error becomes a problem. */
export class Api {
  readonly #options: ApiOptions;
  readonly #router = createRouter(OPERATIONS);
  readonly #assets = createAssets();
  readonly #bodies = createBodyReader(MAX_BODY_BYTES);
  readonly #largeBodies = new Map<number, BodyReader>();
  #base: ServicesBase<'api'> | undefined;
  #limits: RateLimits | undefined;
  #callers: Callers | undefined;
  #pages: Pages | undefined;
  #pageFiles: Promise<PageFiles | undefined> | undefined;
  #memory: Memory | undefined;
  /** What was wrong with the configuration when the services were asked for last. */
  #invalid: Services['invalid'];
  #kept: TtlCache<unknown> | undefined;
  #document: object | undefined;

  constructor(options: ApiOptions) {
    this.#options = options;
  }

  async answer(request: Request): Promise<Reply> {
    const reply = await this.#reply(request).catch((error: unknown) => this.#refuse(request, error));
    const origins = this.#base?.config.corsOrigins ?? [];
    return {...reply, headers: {...reply.headers, ...corsHeaders(request.get('origin'), origins)}};
  }

  async #reply(request: Request): Promise<Reply> {
    const base = this.#configured();
    const match = isPath(request.originalUrl) ? this.#router.match(request.method, request.path) : undefined;
    const caller = await this.#callersOf(base).identify(request, match?.kind === 'found' ? match : undefined);
    // Malformed requests count as well.
    this.#limits ??= new RateLimits(base.clock, {...PER_MINUTE, ...this.#options.perMinute});
    this.#limits.count(caller);
    if (!match) throw new Problem('invalid-request', 'the path cannot be decoded');

    const page = await this.#pagesOf(base).answer(request);
    if (page) return page;
    if (match.kind === 'unknown') return this.#asset(request);
    if (request.method === 'OPTIONS') return options(this.#router.allow(request.path) ?? '');
    if (match.kind === 'wrong_method') throw wrongMethod(request.method, match.allow);

    const authenticated = caller.kind === 'secret' || caller.kind === 'session';
    const {route, parameters} = match;
    if (route.access === 'host' && caller.kind !== 'host') throw wrongHostToken();
    if (caller.kind === 'session' && route.method !== 'GET') requireOwnPage(request);
    if (route.access === 'secret' && !authenticated) {
      throw new Problem(
        'unauthenticated',
        `the header ${SECRET_HEADER} is missing or wrong; expected RUNNER_MANAGER_SECRET`,
        {
          headers: {'WWW-Authenticate': SECRET_HEADER},
        },
      );
    }
    if (base.invalid && !route.whenMisconfigured) throw misconfigured();
    const context = this.#contextOf(request, route, base, authenticated);
    const input = {path: parameters, query: readQuery(request), body: await this.#body(request, route)};
    const reply = await this.#traced(request, route, () => run(route, context, input, request));
    this.#log(request)[route.changes ? 'info' : 'debug'](`api: ${route.id}`, {
      decision: 'answered',
      operation: route.id,
      status: reply.status,
    });
    return reply;
  }

  /** Traces only operations that may create tasks: the tasks continue the trace. */
  async #traced(request: Request, {id, changes}: Operation, work: () => Promise<Reply>): Promise<Reply> {
    const {config, tracer} = this.#configured();
    if (!changes || !config.tracing) return work();
    const parent = traceOf(request.headers);
    return tracer.inExecution({name: 'api', parent, fields: {operation: id}}, work);
  }

  /** Reads the configuration on the first request, so that an invalid one is answered and logged. Throws `InvalidConfiguration`. */
  #configured(): ServicesBase<'api'> {
    this.#base ??= this.#options.base();
    return this.#base;
  }

  #callersOf(base: ServicesBase<'api'>): Callers {
    this.#callers ??= new Callers(base, this.#options.isBehindCloudRun);
    return this.#callers;
  }

  #pagesOf(base: ServicesBase<'api'>): Pages {
    const callers = this.#callersOf(base);
    this.#pages ??= new Pages({
      base,
      services: this.#options.services,
      sessions: callers.sessions,
      bodies: this.#bodies,
      isSecret: (request, given) => callers.isSecret(request, given),
      files: () => {
        this.#pageFiles ??= this.#options.pageFiles();
        return this.#pageFiles;
      },
    });
    return this.#pages;
  }

  async #body(request: Request, {method, body, maxBodyBytes}: Operation): Promise<unknown> {
    if (method === 'GET') return {};
    const received = await this.#bodiesUpTo(maxBodyBytes).open(request).read();
    return body ? parseBody(received.bytes()) : {};
  }

  #bodiesUpTo(maxBytes = MAX_BODY_BYTES): BodyReader {
    if (maxBytes === MAX_BODY_BYTES) return this.#bodies;
    const bodies = this.#largeBodies.get(maxBytes) ?? createBodyReader(maxBytes);
    this.#largeBodies.set(maxBytes, bodies);
    return bodies;
  }

  async #asset(request: Request): Promise<Reply> {
    const path = withoutPrefix(request.path);
    if (path === '/docs/' || path === '/redoc/') return {status: 308, headers: {Location: `..${path.slice(0, -1)}`}};
    const reply = await serveAsset(this.#assets, path.slice(1), request.headers);
    if (!reply)
      throw new Problem(
        'not-found',
        `found nothing at ${request.path.slice(0, 200)}; GET /openapi.json lists every path`,
      );
    if (request.method === 'OPTIONS') return options('GET, HEAD, OPTIONS');
    if (request.method !== 'GET' && request.method !== 'HEAD') throw wrongMethod(request.method, 'GET, HEAD, OPTIONS');
    return reply;
  }

  #contextOf(
    request: Request,
    route: Operation,
    {config, invalid = this.#invalid, clock, secrets}: ServicesBase<'api'>,
    authenticated: boolean,
  ): RequestContext {
    const services = () => this.#servicesFor(route);
    const logger = this.#log(request).with({operation: route.id});
    return {
      config,
      invalid,
      clock,
      secrets,
      headers: request.headers,
      authenticated,
      services,
      logger,
      context: async () => ({...(await services()).context, logger}),
      lookUps: async () => this.#memoryOf(await services()).lookUps,
      recentJobs: async () => this.#memoryOf(await services()).recentJobs,
      kept: <T>(key: string, ms: number, read: () => Promise<T>) => {
        this.#kept ??= new TtlCache<unknown>(clock);
        return this.#kept.load(key, read, ms) as Promise<T>;
      },
      linkTo: (cursor) => nextPath(request, cursor),
      document: () => this.#describe(),
    };
  }

  /** Throws the problem `misconfigured` where a part of the configuration is missing that the operation may need. */
  async #servicesFor({whenMisconfigured}: Operation): Promise<Services<'api'>> {
    const services = await this.#options.services();
    this.#invalid = services.invalid;
    if (services.invalid && !whenMisconfigured) throw misconfigured();
    return services;
  }

  #memoryOf(services: Services<'api'>): Memory {
    if (this.#memory?.of === services) return this.#memory;
    const {discovery, context} = services;
    const {github, store, clock} = context;
    const lookUps = new LookUps({discovery, github, clock});
    this.#memory = {of: services, lookUps, recentJobs: new RecentJobs(store, clock)};
    return this.#memory;
  }

  async #describe(): Promise<object> {
    if (!this.#document) {
      const {describeApi}: typeof import('./openapi') = require('./openapi');
      this.#document = describeApi(OPERATIONS);
    }
    return this.#document;
  }

  #refuse(request: Request, error: unknown): Reply {
    const problem = toProblem(error);
    const reply = problemReply(problem);
    const level = reply.status < 500 ? 'warning' : 'error';
    const fields = {decision: 'refused' as const, reason: problem.kind, status: reply.status, method: request.method};
    this.#log(request)[level](`api: ${problem.kind}`, {...fields, path: request.path.slice(0, 200), error});
    return reply;
  }

  #log(request: Request): Logger {
    const {logger = this.#options.startLogger, config} = this.#base ?? {};
    return logger.with(traceFields(traceOf(request.headers), config?.project));
  }
}

function wrongHostToken(): Problem {
  return new Problem(
    'unauthenticated',
    `the header ${HOST_TOKEN_HEADER} is missing, or is not the token of this host; slipway host-token prints it`,
    {headers: {'WWW-Authenticate': HOST_TOKEN_HEADER}},
  );
}

function misconfigured(): Problem {
  return new Problem(
    'misconfigured',
    'the configuration is invalid, so that only health, documentation, status, explanations and GET /doctor are served; GET /doctor names every error',
  );
}

function wrongMethod(method: string, allow: string): Problem {
  return new Problem('method-not-allowed', `found ${method}, expected one of ${allow}`, {headers: {Allow: allow}});
}

function options(allow: string): Reply {
  return {status: 204, headers: {Allow: allow, ...preflightHeaders(allow)}};
}

async function run(operation: Operation, context: RequestContext, input: RawInput, request: Request): Promise<Reply> {
  const key = operation.changes ? idempotencyKey(context.headers) : undefined;
  const {'dry-run': dryRun = String(operation.dryByDefault === true)} = input.query;
  const isDry = isDryRun(context, {'dry-run': dryRun === 'true'});
  if (isDry) return operation.run({...context, context: () => whileDry(context)}, input);
  if (key === undefined) return operation.run(context, input);
  const {query, body} = input;
  const identity = {key, method: operation.method, path: withoutPrefix(request.path), query, body};
  return onlyOnce(await context.context(), identity, () => operation.run(context, input));
}

async function whileDry({services, logger}: RequestContext) {
  return {...(await services()).whileDry, logger};
}

/** The path of the next page, relative to this one: the function does not know the path at which it is served. */
function nextPath(request: Request, cursor: string): string {
  const {pathname, searchParams} = new URL(request.originalUrl, 'http://localhost');
  searchParams.set('cursor', cursor);
  return `${pathname.slice(pathname.lastIndexOf('/') + 1)}?${searchParams}`;
}
