import {createHash} from 'node:crypto';
import {bodyProblems, parameterProblems, responseProblems} from '../contract';
import type {GitHubWorld} from '../model';
import type {Operation} from '../openapi';
import {rateHeaders} from '../rate-limits';
import {GitHubRefusal, invalid, notFound} from '../refusal';
import {authenticate} from './authenticate';
import {authorize} from './authorize';
import type {Answer, Call, Identity} from './call';
import {handlers} from './handlers';
import {type Match, route} from './router';

export interface ReceivedRequest {
  readonly method: string;
  readonly url: URL;
  /** Without query and without `/api/v3`. */
  readonly path: string;
  readonly authorization: string | undefined;
  /** `If-None-Match` */
  readonly knownEtag?: string | undefined;
  readonly body: Buffer;
}

/** What GitHub answers, with the effect on the model. Throws when the answer is one that GitHub would not give. */
export function answer(world: GitHubWorld, request: ReceivedRequest): Answer {
  const found = route(request.method, request.path);
  const where = `${request.method} ${request.path}`;
  logRequest(world, request);
  if (!found) {
    world.violated({where, problems: ['there is no such operation']});
    return refusalAnswer(notFound());
  }
  let identity: Identity | undefined;
  let given: Answer;
  try {
    identity = authenticate(world, found.operation.operationId, request.authorization);
    if (found.operation.operationId !== 'rate-limit/get') world.limits.charge(identity.caller, request.method);
    given = perform(world, request, found, identity);
  } catch (error) {
    if (!(error instanceof GitHubRefusal)) throw error;
    given = refusalAnswer(error);
  }
  checkResponse(world, where, found.operation, given);
  if (request.method === 'GET' && given.status === 200) given = conditional(world, request, given, identity);
  const limits = identity ? rateHeaders(world.limits.state(identity.caller)) : {};
  return {...given, headers: {...limits, ...scopesHeader(identity), ...given.headers}};
}

/** @see https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/scopes-for-oauth-apps */
function scopesHeader(identity: Identity | undefined): Record<string, string> {
  if (identity?.kind !== 'token' || identity.token.kind !== 'personal') return {};
  const {scopes} = identity.token;
  return scopes ? {'x-oauth-scopes': scopes.join(', ')} : {};
}

/** @see https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api#use-conditional-requests-if-appropriate */
function conditional(world: GitHubWorld, request: ReceivedRequest, given: Answer, identity?: Identity): Answer {
  const etag = `W/"${createHash('sha256').update(JSON.stringify(given.body)).digest('hex')}"`;
  const headers = {...given.headers, etag};
  if (request.knownEtag !== etag) return {...given, headers};
  if (identity) world.limits.refund(identity.caller);
  return {status: 304, headers: {etag}};
}

/** For requests that a fault keeps from being answered as well: they were made. */
export function logRequest(world: GitHubWorld, {method, path}: Pick<ReceivedRequest, 'method' | 'path'>): void {
  const operationId = route(method, path)?.operation.operationId ?? 'unknown';
  world.requests.push({method, path, operationId, at: world.scheduler.now()});
}

function perform(world: GitHubWorld, request: ReceivedRequest, match: Match, identity: Identity): Answer {
  const {operation} = match;
  const query: Record<string, string> = Object.fromEntries(request.url.searchParams);
  const call: Call = {world, identity, url: request.url, path: match.path, query, body: readBody(request.body)};
  checkRequest(call, operation, `${request.method} ${request.path}`);
  authorize(call, request.method, request.path);
  const handler = handlers[operation.operationId];
  if (!handler)
    throw new Error(`the world does not model ${operation.operationId} yet: add it to test/emulators/github/http`);
  return handler(call);
}

/** GitHub refuses a body or path that does not fit, and overlooks what it does not know in a query: each is a mistake of ours. */
function checkRequest(call: Call, operation: Operation, where: string): void {
  const inPath = parameterProblems(operation, 'path', call.path);
  const inBody = bodyProblems(operation, call.body);
  const problems = [...inPath, ...inBody, ...parameterProblems(operation, 'query', call.query)];
  if (problems.length > 0) call.world.violated({where, problems});
  if (inPath.length > 0) throw notFound();
  if (inBody.length > 0) throw invalid(inBody.join('; '));
}

function checkResponse(world: GitHubWorld, where: string, operation: Operation, {status, body}: Answer): void {
  const problems = responseProblems(operation, status, body);
  if (problems.length > 0) throw new Error(world.violated({where: `the answer ${status} to ${where}`, problems}));
}

function readBody(body: Buffer): unknown {
  if (body.length === 0) return undefined;
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new GitHubRefusal(400, 'Problems parsing JSON');
  }
}

function refusalAnswer(refusal: GitHubRefusal): Answer {
  return {status: refusal.status, headers: refusal.headers, body: refusal.body};
}
