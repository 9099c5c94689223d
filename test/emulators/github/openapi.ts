import {readFileSync} from 'node:fs';
import {join} from 'node:path';

export type Schema = Readonly<Record<string, unknown>>;

export interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query';
  readonly required?: boolean;
  readonly schema: Schema;
  readonly 'x-multi-segment'?: boolean;
}

type Content = Readonly<Record<string, {readonly schema?: Schema}>>;

export interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: {readonly required?: boolean; readonly content: Content};
  readonly responses: Readonly<Record<string, {readonly content?: Content}>>;
}

/** The part of GitHub's own description of its REST API and webhooks that a runner autoscaler uses. */
export interface OpenApi {
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly 'x-webhooks': Readonly<Record<string, {readonly requestBody: {readonly content: Content}}>>;
}

let read: OpenApi | undefined;

/** Not imported as JSON: the compiler would work out a type of 300 KB. */
export function openApi(): OpenApi {
  read ??= JSON.parse(readFileSync(join(__dirname, 'openapi.json'), 'utf8')) as OpenApi;
  return read;
}

/** The schema of a JSON body; undefined when there is none. */
export function jsonSchema(content: Content | undefined): Schema | undefined {
  return content?.['application/json']?.schema;
}

/** OpenAPI 3.0 says `nullable` where JSON Schema has a type `null`, and does not add null to an enum. */
export function toJsonSchema(schema: Schema): Schema {
  const {nullable, ...rest} = schema;
  const converted: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(rest)) converted[key] = convertKeyword(key, value);
  if (nullable !== true) return converted;
  if (typeof converted['type'] !== 'string') return {anyOf: [converted, {type: 'null'}]};
  const {enum: values} = converted;
  return {
    ...converted,
    type: [converted['type'], 'null'],
    ...(Array.isArray(values) ? {enum: [...new Set([...values, null])]} : {}),
  };
}

function convertKeyword(key: string, value: unknown): unknown {
  if (key === 'properties') {
    return Object.fromEntries(
      Object.entries(value as Record<string, Schema>).map(([name, s]) => [name, toJsonSchema(s)]),
    );
  }
  // Their content is data and no schema; `x-github-breaking-changes` is about another version of the API.
  if (key.startsWith('x-') || key === 'enum' || key === 'required' || key === 'default' || key === 'example')
    return value;
  if (Array.isArray(value)) return value.map((item) => (isSchema(item) ? toJsonSchema(item) : item));
  return isSchema(value) ? toJsonSchema(value) : value;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
