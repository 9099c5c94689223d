import * as z from 'zod';
import {version} from '../../../package.json';
import {Problem} from '../../http/errors';
import {jsonReply, type Reply} from '../../http/server';
import {scrubSecrets} from '../../secret';
import {operation, type RequestContext} from '../operation';
import {findings} from '../resources';
import {flag} from '../schemas';

const NoParameters = z.strictObject({});
const Deep = z.strictObject({
  deep: flag('Also makes the checks of GET /doctor; requires the secret.'),
});

const Checked = z.object({
  status: z.enum(['ok', 'warning', 'error', 'skipped']),
  detail: z.string().optional().meta({description: 'Why, unless all is well.'}),
});
const Health = z
  .object({
    status: z.enum(['healthy', 'unhealthy', 'misconfigured']).meta({
      description: '`misconfigured`: the function is up, and GET /doctor names every error of the configuration.',
    }),
    version: z.string(),
    checks: z
      .record(z.string(), Checked)
      .optional()
      .meta({description: 'Only with `deep=true`: the checks of GET /doctor by id, in short.'}),
  })
  .meta({id: 'Health'});
const Echo = Health.extend({
  headers: z
    .record(z.string(), z.string())
    .meta({description: 'Headers of this request; secrets and cookies are shown as `***`.'}),
}).meta({id: 'HealthCheck'});

const EXAMPLE = {status: 'healthy', version};
const UNHEALTHY = 'With `deep=true`: a check found an error, or a service does not answer.';

/** Loads no client library, so that the first request after a start is answered at once. */
export const health = operation(
  {
    id: 'getHealth',
    method: 'GET',
    path: '/health',
    tag: 'health',
    summary: 'Is the function up?',
    access: 'public',
    whenMisconfigured: true,
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
    whenMisconfigured: true,
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
    whenMisconfigured: true,
    parameters: NoParameters,
    query: NoParameters,
    outcomes: {200: {description: '`pong`', type: 'text/plain', schema: z.literal('pong')}},
    problems: [],
  },
  () => ({status: 200, body: {type: 'text/plain; charset=utf-8', content: 'pong'}}),
);

async function healthReply(request: RequestContext, deep: boolean, more: object): Promise<Reply> {
  const up = request.invalid ? 'misconfigured' : 'healthy';
  if (!deep) return jsonReply({status: up, version, ...more});
  if (!request.authenticated) {
    throw new Problem('unauthenticated', 'deep=true requires the secret in the header X-Runner-Secret');
  }
  const found = await findings(request);
  const isInvalid = found.some(({check, status}) => check === 'configuration' && status === 'error');
  // Of a service that is silent nothing is known, which is no health either. A bad configuration has a word of its own.
  const failed = found.some(
    ({check, status, isSilent}) => (status === 'error' && check !== 'configuration') || isSilent,
  );
  const checks = Object.fromEntries(
    found.map(({check, status, because}) => [check, status === 'ok' ? {status} : {status, detail: because}]),
  );
  return jsonReply(
    {status: failed ? 'unhealthy' : isInvalid ? 'misconfigured' : up, version, checks, ...more},
    failed ? 503 : 200,
  );
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
