import type {AnySchema, ValidateFunction} from 'ajv/dist/2020';
import Ajv2020 from 'ajv/dist/2020';
import addFormats from 'ajv-formats';
import {withoutPrefix} from '../../shared/api/operation';
import {QUICKLY_MADE} from '../emulators/ajv-options';
import {MANAGER_SECRET} from '../emulators/system';

export interface Sent {
  /** Null: the request carries no secret. */
  readonly secret?: string | null;
  /** Sent as JSON; a string is sent unchanged. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** Parsed JSON. */
  readonly json: Record<string, unknown>;
}

interface Document {
  readonly paths: Record<
    string,
    Record<string, {responses: Record<string, {content?: Record<string, {schema: AnySchema}>}>}>
  >;
  readonly components: object;
}

/** Calls `api` as scripts do, and checks each answer against the function's OpenAPI document. */
export class ApiClient {
  readonly #url: string;
  #document: Promise<Document> | undefined;
  readonly #validators = new Map<string, ValidateFunction>();

  /** `url` ends with a slash. */
  constructor(url: string) {
    this.#url = url;
  }

  get(path: string, sent: Sent = {}): Promise<Answered> {
    return this.send('GET', path, sent);
  }

  post(path: string, body?: unknown, sent: Sent = {}): Promise<Answered> {
    return this.send('POST', path, {...sent, ...(body === undefined ? {} : {body})});
  }

  delete(path: string, sent: Sent = {}): Promise<Answered> {
    return this.send('DELETE', path, sent);
  }

  async send(method: string, path: string, {secret = MANAGER_SECRET, body, headers}: Sent = {}): Promise<Answered> {
    const response = await fetch(this.#url + path.replace(/^\//, ''), {
      method,
      redirect: 'manual',
      headers: {
        ...(secret === null ? {} : {'x-runner-secret': secret}),
        ...(body === undefined ? {} : {'content-type': 'application/json'}),
        ...headers,
      },
      ...(body === undefined ? {} : {body: typeof body === 'string' ? body : JSON.stringify(body)}),
    });
    const text = await response.text();
    const type = response.headers.get('content-type')?.split(';')[0] ?? '';
    const value: unknown = /json$/.test(type) && text ? JSON.parse(text) : text;
    await this.#check(method, new URL(path, 'http://api').pathname, response.status, type, value);
    return {status: response.status, headers: response.headers, text, json: value as Record<string, unknown>};
  }

  document(): Promise<Document> {
    this.#document ??= fetch(`${this.#url}openapi.json`).then((response) => response.json() as Promise<Document>);
    return this.#document;
  }

  async #check(method: string, path: string, status: number, type: string, value: unknown): Promise<void> {
    const document = await this.document();
    const documented = Object.keys(document.paths).find(
      (template) => fits(template, path) && document.paths[template]?.[method.toLowerCase()],
    );
    // An unknown path or a wrong method is answered with a problem; a preflight and a file have no schema.
    if (!documented) {
      if (type === 'application/problem+json')
        this.#validate('Problem', {$ref: '#/components/schemas/Problem'}, value, document);
      return;
    }
    const responses = document.paths[documented]?.[method.toLowerCase()]?.responses ?? {};
    const response = responses[String(status)];
    if (response && !response.content && value === '') return;
    const schema = response?.content?.[type]?.schema;
    if (!schema)
      throw new Error(
        `${method} ${documented} answered ${status} ${type}, which its description does not know: ${JSON.stringify(value)}`,
      );
    this.#validate(`${method} ${documented} ${status} ${type}`, schema, value, document);
  }

  #validate(name: string, schema: AnySchema, value: unknown, {components}: Document): void {
    const validate = this.#validators.get(name) ?? compile(schema, components);
    this.#validators.set(name, validate);
    if (validate(value)) return;
    throw new Error(`${name} is not as described: ${JSON.stringify(validate.errors)}\n${JSON.stringify(value)}`);
  }
}

function compile(schema: AnySchema, components: object): ValidateFunction {
  const ajv = new Ajv2020({strict: false, allErrors: true, ...QUICKLY_MADE});
  addFormats(ajv);
  return ajv.compile({...(schema as object), components});
}

function fits(template: string, path: string): boolean {
  const expected = withoutPrefix(template).split('/');
  const found = withoutPrefix(path).split('/');
  return expected.length === found.length && expected.every((part, i) => part.startsWith('{') || part === found[i]);
}

/** The last part of a problem's `type`. */
export function problemOf({json}: Answered): string {
  return String(json['type']).replace('urn:slipway:problem:', '');
}
