/** A request's place in a distributed trace. */
export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  readonly spanId?: string;
  /** The W3C header to send along, so that the next hop joins the same trace. */
  readonly traceparent?: string;
}

type Headers = Readonly<Record<string, string | string[] | undefined>>;

const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;
const CLOUD_TRACE = /^([0-9a-f]{32})(?:\/(\d{1,20}))?(?:;o=\d)?$/;

/**
 * Reads `traceparent`, else `X-Cloud-Trace-Context`.
 * @see https://www.w3.org/TR/trace-context/#traceparent-header
 * @see https://cloud.google.com/trace/docs/trace-context
 */
export function traceOf(headers: Headers): TraceContext | undefined {
  const traceparent = first(headers['traceparent']);
  const w3c = TRACEPARENT.exec(traceparent ?? '');
  if (w3c?.[1] && w3c[2] && traceparent) return {traceId: w3c[1], spanId: w3c[2], traceparent};

  const cloud = CLOUD_TRACE.exec(first(headers['x-cloud-trace-context']) ?? '');
  if (!cloud?.[1]) return undefined;
  if (cloud[2] === undefined) return {traceId: cloud[1]};
  const spanId = BigInt(cloud[2]).toString(16).padStart(16, '0').slice(-16);
  return {traceId: cloud[1], spanId, traceparent: `00-${cloud[1]}-${spanId}-01`};
}

/** The fields by which Cloud Logging joins a line to its trace. */
export function traceFields(trace: TraceContext | undefined, project: string | undefined): Record<string, string> {
  if (!trace) return {};
  return {
    'logging.googleapis.com/trace': project ? `projects/${project}/traces/${trace.traceId}` : trace.traceId,
    ...(trace.spanId ? {'logging.googleapis.com/spanId': trace.spanId} : {}),
  };
}

function first(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value[0] : value;
}

/** What a span says about its work, by the names that log lines use: `job`, `pool`, `runner`, `zone`, `decision`. No secrets. */
export type SpanFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** One piece of work in a trace, while it goes on. */
export interface Span {
  /** Adds fields, or replaces them. */
  set(fields: SpanFields): void;
  /** The work went wrong, although it throws nothing. */
  fail(error: unknown): void;
}

/** One execution of a function. */
export interface Execution {
  /** The function's name. */
  readonly name: string;
  /** Where the request stands in a trace; undefined begins a new one. */
  readonly parent: TraceContext | undefined;
  readonly fields: SpanFields;
}

/** Follows a job through the functions. A failure of its own is logged and never reaches the work. */
export interface Tracer {
  /** A span around all that a request causes. Resolves when its spans have been sent, or when that takes too long. */
  inExecution<T>(execution: Execution, work: (span: Span) => Promise<T>): Promise<T>;
  /** A span within the present one; outside of an execution there is none. What `work` throws is recorded and thrown on. */
  inSpan<T>(name: string, fields: SpanFields, work: (span: Span) => Promise<T>): Promise<T>;
  /** The present span, for log lines and for the headers of the next hop. */
  activeSpan(): Required<TraceContext> | undefined;
}

const noSpan: Span = {set: () => undefined, fail: () => undefined};

/** For `TRACING=false`. */
export const noTracer: Tracer = {
  inExecution: (_, work) => work(noSpan),
  inSpan: (_name, _fields, work) => work(noSpan),
  activeSpan: () => undefined,
};
