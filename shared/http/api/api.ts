import type {Request} from '@google-cloud/functions-framework';
import {systemClock} from '../../clock';
import {type ApiConfig, parseConfig} from '../../config/config';
import {createSecretCheck, type SecretCheck} from '../../config/secret-check';
import {createSecretReader} from '../../config/secrets';
import type {ControlPlane, ControlPlaneOptions} from '../../control-plane';
import {createLogger} from '../../telemetry/create-logger';
import type {Logger} from '../../telemetry/logger';
import {traceFields, traceOf} from '../../telemetry/trace';
import {isPath} from '../framework';
import {createBodyReader} from '../read-body';
import {isSecret, SECRET_HEADER} from './authenticate';
import {clientAddress} from './client-address';
import {corsHeaders, preflightHeaders} from './cors';
import {createAssets} from './documentation/assets';
import {serveAsset} from './documentation/serve-asset';
import {problemOf} from './failure';
import {idempotencyKey} from './idempotency-key';
import {MAX_BODY_BYTES, parseBody, type RawInput, readQuery} from './input';
import {onlyOnce} from './only-once';
import type {Operation, Surroundings} from './operation';
import {OPERATIONS} from './operations/all';
import {isDryRun} from './operations/dry-run';
import {Problem, problemReply} from './problem';
import {createRateLimit, type RateLimit} from './rate-limit';
import type {Reply} from './reply';
import {createRouter, withoutPrefix} from './router';

export interface ApiOptions extends ControlPlaneOptions {
  /** Of one client. Default 60. */
  readonly requestsPerMinute?: number;
}

const REQUESTS_PER_MINUTE = 60;

interface Configured {
  readonly config: ApiConfig;
  readonly checkSecret: SecretCheck;
}

/** Answers a request: limit, route, authenticate, validate, do. Never throws: what goes wrong is a problem. */
export class Api {
  readonly #options: ApiOptions;
  readonly #limit: RateLimit;
  readonly #router = createRouter(OPERATIONS);
  readonly #assets = createAssets();
  readonly #bodies = createBodyReader(MAX_BODY_BYTES);
  #configured: Configured | undefined;
  #plane: (() => Promise<ControlPlane<'api'>>) | undefined;
  #document: object | undefined;
  #logger: Logger;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.#limit = createRateLimit(options.requestsPerMinute ?? REQUESTS_PER_MINUTE);
    this.#logger = options.logger ?? createLogger({level: 'info'});
  }

  async answer(request: Request): Promise<Reply> {
    const reply = await this.#reply(request).catch((error: unknown) => this.#refuse(request, error));
    const origins = this.#configured?.config.corsOrigins ?? [];
    return {...reply, headers: {...reply.headers, ...corsHeaders(request.get('origin'), origins)}};
  }

  async #reply(request: Request): Promise<Reply> {
    const {config} = this.#configure();
    // Wrong secrets and requests that make no sense count, too. Cloud Run says by K_SERVICE that its front end is in between.
    await this.#limit(clientAddress(request, this.#options.env['K_SERVICE'] !== undefined));
    if (!isPath(request.originalUrl)) throw new Problem('invalid-request', 'the path cannot be decoded');

    const match = this.#router.match(request.method, request.path);
    if (match.kind === 'unknown') return this.#asset(request);
    if (request.method === 'OPTIONS') return options(this.#router.allow(request.path) ?? '');
    if (match.kind === 'wrong_method') throw wrongMethod(request.method, match.allow);

    const authenticated = await this.#isAuthenticated(request);
    const {route, parameters} = match;
    if (route.access === 'secret' && !authenticated) {
      throw new Problem(
        'unauthenticated',
        `the header ${SECRET_HEADER} is missing or wrong; expected RUNNER_MANAGER_SECRET`,
        {
          headers: {'WWW-Authenticate': SECRET_HEADER},
        },
      );
    }
    const surroundings = this.#surroundings(request, route, config, authenticated);
    const input = {path: parameters, query: readQuery(request), body: await this.#body(request, route)};
    const reply = await this.#traced(request, route, () => run(route, surroundings, input, request));
    this.#log(request)[route.changes ? 'info' : 'debug'](`api: ${route.id}`, {
      decision: 'answered',
      operation: route.id,
      status: reply.status,
    });
    return reply;
  }

  /** Only an operation that may create tasks: its trace goes on in them. */
  async #traced(request: Request, {id, changes}: Operation, work: () => Promise<Reply>): Promise<Reply> {
    if (!changes || !this.#configured?.config.tracing) return work();
    const {tracer} = await this.#controlPlane();
    const parent = traceOf(request.headers);
    return tracer.inExecution({name: 'api', parent, fields: {operation: id}}, work);
  }

  /** Throws `InvalidConfiguration`. Read once a process, on the first request, so that a bad one is answered and logged. */
  #configure(): Configured {
    if (this.#configured) return this.#configured;
    const {env, clock = systemClock} = this.#options;
    const config = parseConfig(env, 'api');
    if (!this.#options.logger) this.#logger = createLogger({level: config.logLevel});
    const secrets = createSecretReader({clock, config, logger: this.#logger});
    this.#configured = {config, checkSecret: createSecretCheck(config.managerSecrets, {secrets, clock})};
    return this.#configured;
  }

  async #isAuthenticated(request: Request): Promise<boolean> {
    const given = request.get(SECRET_HEADER);
    if (!given) return false;
    return this.#configure().checkSecret((secret) => isSecret(given, secret));
  }

  async #body(request: Request, {method, body}: Operation): Promise<unknown> {
    if (method === 'GET') return {};
    const received = await this.#bodies.open(request).read();
    return body ? parseBody(received.bytes()) : {};
  }

  async #asset(request: Request): Promise<Reply> {
    const path = withoutPrefix(request.path);
    if (path === '/docs/' || path === '/redoc/') return {status: 308, headers: {Location: `..${path.slice(0, -1)}`}};
    const reply = await serveAsset(this.#assets, path.slice(1), request.headers);
    if (!reply)
      throw new Problem(
        'not-found',
        `found nothing at ${request.path.slice(0, 200)}; GET /openapi.json lists what there is`,
      );
    if (request.method === 'OPTIONS') return options('GET, HEAD, OPTIONS');
    if (request.method !== 'GET' && request.method !== 'HEAD') throw wrongMethod(request.method, 'GET, HEAD, OPTIONS');
    return reply;
  }

  #surroundings(request: Request, {id}: Operation, config: ApiConfig, authenticated: boolean): Surroundings {
    const {clock = systemClock} = this.#options;
    const plane = () => this.#controlPlane();
    return {
      config,
      clock,
      headers: request.headers,
      authenticated,
      plane,
      context: async () => ({...(await plane()).context, logger: this.#log(request).with({operation: id})}),
      linkTo: (cursor) => nextPath(request, cursor),
      document: () => this.#describe(),
    };
  }

  /**
   * Loaded when an operation needs it: health has to answer at once after a start. By `require`, which is the same everywhere: under Node's own
   * `import()` a CommonJS module of TypeScript has no named exports.
   */
  async #controlPlane(): Promise<ControlPlane<'api'>> {
    if (!this.#plane) {
      const {controlPlane}: typeof import('../../control-plane') = require('../../control-plane');
      this.#plane = controlPlane('api', this.#options);
    }
    return this.#plane();
  }

  async #describe(): Promise<object> {
    if (!this.#document) {
      const {describeApi}: typeof import('./openapi') = require('./openapi');
      this.#document = describeApi(OPERATIONS);
    }
    return this.#document;
  }

  #refuse(request: Request, error: unknown): Reply {
    const problem = problemOf(error);
    const reply = problemReply(problem);
    const level = reply.status < 500 ? 'warning' : 'error';
    const fields = {decision: 'refused', reason: problem.kind, status: reply.status, method: request.method};
    this.#log(request)[level](`api: ${problem.kind}`, {...fields, path: request.path.slice(0, 200), error});
    return reply;
  }

  #log(request: Request): Logger {
    const project = this.#configured?.config.project;
    return this.#logger.with({function: 'api', ...traceFields(traceOf(request.headers), project)});
  }
}

function wrongMethod(method: string, allow: string): Problem {
  return new Problem('method-not-allowed', `found ${method}, expected one of ${allow}`, {headers: {Allow: allow}});
}

function options(allow: string): Reply {
  return {status: 204, headers: {Allow: allow, ...preflightHeaders(allow)}};
}

async function run(
  operation: Operation,
  surroundings: Surroundings,
  input: RawInput,
  request: Request,
): Promise<Reply> {
  const key = operation.changes ? idempotencyKey(surroundings.headers) : undefined;
  const isDry = isDryRun(surroundings, {'dry-run': input.query['dry-run'] === 'true'});
  if (key === undefined || isDry) return operation.run(surroundings, input);
  const {query, body} = input;
  const identity = {key, method: operation.method, path: withoutPrefix(request.path), query, body};
  return onlyOnce(await surroundings.context(), identity, () => operation.run(surroundings, input));
}

/** Relative: the function's URL may have a path of its own, which it does not know. */
function nextPath(request: Request, cursor: string): string {
  const {pathname, searchParams} = new URL(request.originalUrl, 'http://localhost');
  searchParams.set('cursor', cursor);
  return `${pathname.slice(pathname.lastIndexOf('/') + 1)}?${searchParams}`;
}
