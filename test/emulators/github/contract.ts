import Ajv, {type ValidateFunction} from 'ajv';
import addFormats from 'ajv-formats';
import {QUICKLY_MADE} from '../ajv-options';
import {jsonSchema, type Operation, openApi, type Schema, toJsonSchema} from './openapi';

/** Validators made from GitHub's description, each when it is first needed. They return what is wrong, in words. */
const strict = makeAjv(false);
/** Path and query come as text. */
const coercing = makeAjv(true);
const made = new Map<string, ValidateFunction>();

/** What GitHub would not send as a webhook of this event and action; [] when it would. */
export function webhookProblems(event: string, action: string | null, body: unknown): string[] {
  const name = action === null ? event : `${event}-${action}`.replaceAll('_', '-');
  const webhook = openApi()['x-webhooks'][name];
  if (!webhook) return [`GitHub has no webhook ${name}`];
  return problems(validator(`webhook ${name}`, jsonSchema(webhook.requestBody.content), strict), body);
}

/** Turns numbers and booleans of `parameters` into their types. Unknown names in the query are problems too. */
export function parameterProblems(operation: Operation, where: 'path' | 'query', parameters: object): string[] {
  const known = (operation.parameters ?? []).filter((parameter) => parameter.in === where);
  const schema = {
    type: 'object',
    properties: Object.fromEntries(known.map((parameter) => [parameter.name, parameterSchema(parameter)])),
    required: known.filter((parameter) => parameter.required).map((parameter) => parameter.name),
    additionalProperties: false,
  };
  return problems(validator(`${operation.operationId} ${where}`, schema, coercing), parameters);
}

export function bodyProblems(operation: Operation, body: unknown): string[] {
  if (!operation.requestBody) return [];
  if (body === undefined) return operation.requestBody.required ? ['the body is missing'] : [];
  const schema = jsonSchema(operation.requestBody.content);
  return problems(validator(`${operation.operationId} body`, schema, strict), body);
}

/** What GitHub would not answer; a refusal that every operation can give (401, 403, 404) need not be described. */
export function responseProblems(operation: Operation, status: number, body: unknown): string[] {
  const response = operation.responses[status];
  if (!response) return [401, 403, 404, 422, 429].includes(status) ? [] : [`GitHub does not answer ${status}`];
  const schema = jsonSchema(response.content);
  if (!schema) return body === undefined ? [] : [`GitHub answers ${status} without a body`];
  const corrected = operation.operationId === 'apps/list-installations' ? eitherAccount(schema) : schema;
  return problems(validator(`${operation.operationId} ${status}`, corrected, strict), body);
}

/** The account of an installation is a user or an enterprise; in this one list it is described as both at once. */
function eitherAccount(schema: Schema): Schema {
  return JSON.parse(JSON.stringify(schema).replace(/("account":\{[^{}]*)"allOf":/, '$1"anyOf":'));
}

/** `created` takes a search range such as `>=2026-11-01`, although it is described as a time. */
function parameterSchema(parameter: {readonly name: string; readonly schema: Schema}): Schema {
  return parameter.name === 'created' ? {type: 'string'} : parameter.schema;
}

function validator(name: string, schema: Schema | undefined, ajv: Ajv): ValidateFunction {
  const known = made.get(name);
  if (known) return known;
  const compiled = ajv.compile(toJsonSchema(schema ?? {}));
  made.set(name, compiled);
  return compiled;
}

function problems(validate: ValidateFunction, data: unknown): string[] {
  if (validate(data)) return [];
  return (validate.errors ?? []).map(
    (error) => `${error.instancePath || '/'} ${error.message} ${JSON.stringify(error.params)}`,
  );
}

function makeAjv(coerceTypes: boolean): Ajv {
  const ajv = new Ajv({strict: false, allErrors: true, coerceTypes, ...QUICKLY_MADE});
  // GitHub's own marks for numbers and text, which say nothing to check.
  for (const format of ['int64', 'timestamp']) ajv.addFormat(format, true);
  return addFormats(ajv);
}
