import * as z from 'zod';
import {createDocument, type ZodOpenApiOperationObject, type ZodOpenApiPathsObject} from 'zod-openapi';
import {version} from '../../package.json';
import {HOST_TOKEN_HEADER} from '../host-token';
import {PROBLEMS, type ProblemKind, problemType} from '../http/errors';
import type {Operation, Outcome} from './operation';
import * as schemas from './schemas';
import {SECRET_HEADER} from './security';

/** Problems of every operation; of operations that require the secret, take a body, or take an `Idempotency-Key`. */
const ANYWHERE: readonly ProblemKind[] = ['invalid-request', 'rate-limited', 'internal', 'misconfigured'];
const WITH_SECRET: readonly ProblemKind[] = ['unauthenticated', 'unavailable', 'refused'];
const WITH_BODY: readonly ProblemKind[] = ['invalid-json', 'too-slow', 'too-large', 'unsupported-body'];
const WITH_KEY: readonly ProblemKind[] = ['idempotency-key-reused', 'in-progress', 'uncertain', 'peer-rate-limited'];

const HEADERS = {
  ETag: z
    .string()
    .optional()
    .meta({description: 'For `If-None-Match` of the next request, which is answered 304 when nothing has changed.'}),
  Link: z.string().optional().meta({description: '`<…>; rel="next"`: the path of the next page.'}),
  'Idempotent-Replayed': z
    .literal('true')
    .optional()
    .meta({description: 'The answer is repeated from an earlier request.'}),
} as const;
const IdempotencyKey = z
  .string()
  .min(1)
  .max(255)
  .optional()
  .meta({
    description: 'For seven days, a repeated request with the same key gets the first answer and changes nothing.',
    examples: ['0b2f6f0e-6a0c-4a51-9a25-9a53b6a5f5ad'],
  });

/** The OpenAPI document of the operations, generated from the schemas that validate the requests. */
export function describeApi(operations: readonly Operation[]): object {
  return createDocument({
    openapi: '3.1.1',
    info: {
      title: 'Slipway',
      version,
      description: INTRODUCTION,
      license: {name: 'Apache-2.0', identifier: 'Apache-2.0'},
    },
    servers: [{url: '.', description: 'This function'}],
    tags: [...new Set(operations.map(({tag}) => tag))].map((name) => ({name})),
    components: {
      securitySchemes: {
        host: {
          type: 'apiKey',
          in: 'header',
          name: HOST_TOKEN_HEADER,
          description: 'The token of a Docker host, which `slipway host-token` prints.',
        },
        secret: {
          type: 'apiKey',
          in: 'header',
          name: SECRET_HEADER,
          description: 'The value of RUNNER_MANAGER_SECRET.',
        },
      },
      schemas: {Problem: schemas.Problem},
    },
    paths: pathsOf(operations),
  });
}

const INTRODUCTION = `Reads and controls a deployment of Slipway: self-hosted GitHub Actions runners on Google Cloud.

Authenticate with the secret in the header \`${SECRET_HEADER}\`. Every path is served with and without the prefix \`/api/v1\`. Lists are
paged: pass \`next\` of a page as \`cursor\`, or follow the \`Link\` header. Errors are problems of RFC 9457 with a stable \`type\`. Every
operation that changes something accepts \`dry-run=true\` and an \`Idempotency-Key\`.`;

function pathsOf(operations: readonly Operation[]): ZodOpenApiPathsObject {
  const paths: Record<string, Record<string, ZodOpenApiOperationObject>> = {};
  for (const operation of operations) {
    const method = operation.method.toLowerCase();
    paths[operation.path] = {...paths[operation.path], [method]: describe(operation)};
    if (!operation.alsoAt) continue;
    const alias = {
      ...describe(operation),
      operationId: `${operation.id}V1`,
      description: `The same as \`${operation.path}\`.`,
    };
    paths[operation.alsoAt] = {...paths[operation.alsoAt], [method]: alias};
  }
  return paths;
}

function describe(operation: Operation): ZodOpenApiOperationObject {
  const {id, tag, summary, description, parameters, query, body, changes} = operation;
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(description ? {description} : {}),
    security: securityOf(operation),
    requestParams: {
      path: parameters as z.ZodObject,
      query: query as z.ZodObject,
      ...(changes ? {header: z.object({'Idempotency-Key': IdempotencyKey})} : {}),
    },
    ...(body
      ? {
          requestBody: {
            required: body.required,
            content: {'application/json': {schema: body.schema, ...(body.example ? {example: body.example} : {})}},
          },
        }
      : {}),
    responses: responsesOf(operation),
  };
}

function securityOf({access, problems}: Operation): Record<string, string[]>[] {
  if (access !== 'public') return [{[access]: []}];
  return problems.includes('unauthenticated') ? [{}, {secret: []}] : [];
}

function responsesOf(operation: Operation): ZodOpenApiOperationObject['responses'] {
  const kinds = new Set<ProblemKind>([
    ...ANYWHERE,
    ...(operation.access === 'public' ? [] : WITH_SECRET),
    ...(operation.method === 'POST' ? WITH_BODY : []),
    ...(operation.changes ? WITH_KEY : []),
    ...operation.problems,
  ]);
  const byStatus: Record<string, {description: string; headers?: z.ZodObject; content?: Record<string, object>}> = {};
  for (const [status, outcome] of Object.entries(operation.outcomes)) byStatus[status] = success(outcome);
  for (const kind of kinds) {
    const {status, title} = PROBLEMS[kind];
    const known = byStatus[status];
    const line = `${title} (\`${problemType(kind)}\`).`;
    byStatus[status] = {
      ...known,
      description: known ? `${known.description} ${line}` : line,
      content: {...known?.content, 'application/problem+json': {schema: schemas.Problem}},
    };
  }
  return byStatus as ZodOpenApiOperationObject['responses'];
}

function success({description, type = 'application/json', isEmpty, schema, example, headers = []}: Outcome) {
  const media = {...(schema ? {schema} : {}), ...(example === undefined ? {} : {example})};
  return {
    description,
    ...(headers.length > 0
      ? {headers: z.object(Object.fromEntries(headers.map((name) => [name, HEADERS[name]])))}
      : {}),
    ...(isEmpty ? {} : {content: {[type]: media}}),
  };
}
