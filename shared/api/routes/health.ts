import * as z from 'zod';
import {version} from '../../../package.json';
import {Problem} from '../../http/errors';
import {jsonReply, type Reply} from '../../http/server';
import {scrubSecrets} from '../../secret';
import {operation, type RequestContext} from '../operation';
import {flag} from '../schemas';

const NoParameters = z.strictObject({});
const Deep = z.strictObject({
  deep: flag('Also checks Firestore, Cloud Tasks, GitHub and Compute Engine; requires the secret.'),
});

const Check = z.object({
  status: z.enum(['ok', 'failed', 'not_checked']),
  milliseconds: z.int(),
  detail: z.string().optional(),
});
const Health = z
  .object({
    status: z.enum(['healthy', 'unhealthy']),
    version: z.string(),
    checks: z
      .object({firestore: Check, tasks: Check, github: Check, compute: Check})
      .optional()
      .meta({description: 'Only with `deep=true`.'}),
  })
  .meta({id: 'Health'});
const Echo = Health.extend({
  headers: z
    .record(z.string(), z.string())
    .meta({description: 'Headers of this request; secrets and cookies are shown as `***`.'}),
}).meta({id: 'HealthCheck'});

const EXAMPLE = {status: 'healthy', version};
const UNHEALTHY = 'A required service does not answer.';

/** Loads no client library, so that the first request after a start is answered at once. */
export const health = operation(
  {
    id: 'getHealth',
    method: 'GET',
    path: '/health',
    tag: 'health',
    summary: 'Is the function up?',
    access: 'public',
    parameters: NoParameters,
    query: Deep,
    outcomes: {
      200: {description: 'The function is up.', schema: Health, example: EXAMPLE},
      503: {description: UNHEALTHY, schema: Health},
    },
    problems: ['unauthenticated'],
  },
  async (request, {query}) => healthReply(request, query.deep, {}),
);

export const healthCheck = operation(
  {
    id: 'checkHealth',
    method: 'POST',
    path: '/health_check',
    tag: 'health',
    summary: 'Is the function up, and which headers reach it?',
    description: 'Shows which headers reach the function through proxies. A body is ignored.',
    access: 'public',
    parameters: NoParameters,
    query: Deep,
    outcomes: {
      200: {
        description: 'The function is up.',
        schema: Echo,
        example: {...EXAMPLE, headers: {'user-agent': 'curl/8', cookie: '***'}},
      },
      503: {description: UNHEALTHY, schema: Echo},
    },
    problems: ['unauthenticated'],
  },
  async (request, {query}) => healthReply(request, query.deep, {headers: maskedHeaders(request)}),
);

export const ping = operation(
  {
    id: 'ping',
    method: 'GET',
    path: '/ping',
    tag: 'health',
    summary: 'pong',
    access: 'public',
    parameters: NoParameters,
    query: NoParameters,
    outcomes: {200: {description: '`pong`', type: 'text/plain', schema: z.literal('pong')}},
    problems: [],
  },
  () => ({status: 200, body: {type: 'text/plain; charset=utf-8', content: 'pong'}}),
);

async function healthReply(request: RequestContext, deep: boolean, more: object): Promise<Reply> {
  if (!deep) return jsonReply({status: 'healthy', version, ...more});
  if (!request.authenticated) {
    throw new Problem('unauthenticated', 'deep=true requires the secret in the header X-Runner-Secret');
  }
  const {checkDependencies}: typeof import('../../diagnosis/doctor') = require('../../diagnosis/doctor');
  const checks = await checkDependencies(await request.services(), request.clock);
  const failed = Object.values(checks).some(({status}) => status === 'failed');
  return jsonReply({status: failed ? 'unhealthy' : 'healthy', version, checks, ...more}, failed ? 503 : 200);
}

const SENSITIVE = /auth|cookie|secret|token|key|password|credential|assertion|jwt|signature|session/i;

/** Masks headers with a sensitive name, and text that looks like a secret in every other header. */
function maskedHeaders({headers}: RequestContext): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      const text = [value ?? ''].flat().join(', ');
      return [name, SENSITIVE.test(name) ? '***' : scrubSecrets(text)];
    }),
  );
}
