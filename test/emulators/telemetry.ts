import {createServer, type IncomingMessage, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import * as z from 'zod';

const Value = z.union([
  z.strictObject({stringValue: z.string()}),
  z.strictObject({intValue: z.union([z.number(), z.string()])}),
  z.strictObject({doubleValue: z.number()}),
  z.strictObject({boolValue: z.boolean()}),
]);
const Attributes = z.array(z.strictObject({key: z.string(), value: Value}));
const Nanoseconds = z.string().regex(/^\d{1,19}$/);
const Span = z.strictObject({
  traceId: z.string().regex(/^[0-9a-f]{32}$/),
  spanId: z.string().regex(/^[0-9a-f]{16}$/),
  parentSpanId: z
    .string()
    .regex(/^[0-9a-f]{16}$/)
    .optional(),
  traceState: z.string().optional(),
  flags: z.number().optional(),
  name: z.string().min(1),
  kind: z.number().min(1).max(5),
  startTimeUnixNano: Nanoseconds,
  endTimeUnixNano: Nanoseconds,
  attributes: Attributes,
  droppedAttributesCount: z.number().optional(),
  events: z
    .array(
      z.strictObject({
        name: z.string(),
        timeUnixNano: Nanoseconds,
        attributes: Attributes.optional(),
        droppedAttributesCount: z.number().optional(),
      }),
    )
    .optional(),
  droppedEventsCount: z.number().optional(),
  links: z.array(z.unknown()).optional(),
  droppedLinksCount: z.number().optional(),
  status: z.strictObject({code: z.number().max(2).optional(), message: z.string().optional()}),
});
/**
 * `ExportTraceServiceRequest` in JSON, with no field that it does not have.
 * @see https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding
 */
const Request = z.strictObject({
  resourceSpans: z.array(
    z.strictObject({
      resource: z.strictObject({attributes: Attributes, droppedAttributesCount: z.number().optional()}),
      scopeSpans: z.array(
        z.strictObject({
          scope: z.strictObject({name: z.string(), version: z.string().optional()}),
          spans: z.array(Span),
        }),
      ),
      schemaUrl: z.string().optional(),
    }),
  ),
});

export interface ReceivedSpan extends z.infer<typeof Span> {
  readonly resource: Readonly<Record<string, unknown>>;
}

/**
 * The Telemetry API's endpoint for spans: takes OTLP in JSON from a known identity, and refuses spans of a project that is not named in the
 * resource, as Google does.
 * @see https://docs.cloud.google.com/stackdriver/docs/reference/telemetry/overview
 */
export class TelemetryApi {
  readonly spans: ReceivedSpan[] = [];
  readonly headers: IncomingMessage['headers'][] = [];
  /** Answered in place of 200; undefined: the connection is cut. */
  status: number | undefined = 200;
  readonly #server: Server;
  #waiting: (() => void)[] = [];
  readonly #token: string;

  private constructor(token: string) {
    this.#token = token;
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        for (const tell of this.#waiting.splice(0)) tell();
        if (this.status === undefined) return void request.socket.destroy();
        const [status, body] = this.#answer(request, Buffer.concat(chunks).toString('utf8'));
        response.writeHead(status, {'content-type': 'application/json'}).end(JSON.stringify(body));
      });
    });
  }

  static async start(token: string): Promise<TelemetryApi> {
    const api = new TelemetryApi(token);
    await new Promise<void>((listening) => api.#server.listen(0, '127.0.0.1', listening));
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1/traces`;
  }

  /** Resolves when a request has arrived whole. */
  nextRequest(): Promise<void> {
    return new Promise((arrived) => this.#waiting.push(arrived));
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((closed) => this.#server.close(closed));
  }

  #answer(request: IncomingMessage, text: string): readonly [status: number, body: object] {
    this.headers.push(request.headers);
    if (request.method !== 'POST' || request.url !== '/v1/traces') return [404, {}];
    if (this.status !== 200) return [this.status ?? 500, {error: {code: this.status, status: 'PERMISSION_DENIED'}}];
    if (request.headers.authorization !== `Bearer ${this.#token}`) return [401, {}];
    if (request.headers['content-type'] !== 'application/json') return [415, {}];
    const parsed = Request.safeParse(JSON.parse(text));
    if (!parsed.success) return [400, {error: parsed.error.issues}];
    for (const {resource, scopeSpans} of parsed.data.resourceSpans) {
      const attributes = valuesOf(resource.attributes);
      if (!attributes['gcp.project_id']) return [400, {error: 'gcp.project_id is missing'}];
      this.spans.push(...scopeSpans.flatMap(({spans}) => spans.map((span) => ({...span, resource: attributes}))));
    }
    return [200, {}];
  }
}

/** Attributes by name. */
export function valuesOf(attributes: z.infer<typeof Attributes>): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({key, value}) => [key, Object.values(value)[0]]));
}
