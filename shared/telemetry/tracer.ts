const TRACEPARENT = /^00-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}$/;

const CLOUD_TRACE = /^([0-9a-f]{32})(?:\/(\d{1,20}))?(?:;o=\d)?$/;

/** Traces a job through the functions. An error of the tracer is logged and does not affect the work. */
export interface Tracer {
  /** Runs the work in the root span of a request. Resolves when the spans have been sent, or when sending takes too long. */
  inExecution<T>(execution: Execution, work: (span: Span) => Promise<T>): Promise<T>;
  /**
   * Runs the work in a child of the active span; outside of an execution, without a span. Records an error of `work` and throws it again.
   */
  inSpan<T>(name: string, fields: SpanFields, work: (span: Span) => Promise<T>): Promise<T>;
  /** The active span, for log lines and for the headers of the next request; undefined outside of an execution. */
  activeSpan(): Required<TraceContext> | undefined;
}

/** One execution of a function. */
export interface Execution {
  /** Name of the function. */
  readonly name: string;
  /** The trace that the request belongs to; undefined: a new trace. */
  readonly parent: TraceContext | undefined;
  readonly fields: SpanFields;
}

/** One open span of a trace. */
export interface Span {
  /** Adds or replaces fields. */
  set(fields: SpanFields): void;
  /** Marks the span as failed although the work throws nothing. */
  fail(error: unknown): void;
}

/** Fields of a span, with the names of log fields: `job`, `pool`, `runner`, `zone`, `decision`. No secrets. */
export type SpanFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** The position of a request in a distributed trace. */
export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  readonly spanId?: string;
  /** The W3C header for the next request, which joins it to this trace. */
  readonly traceparent?: string;
}

const noSpan: Span = {set: () => undefined, fail: () => undefined};

/** For `TRACING=false`. */
export const noTracer: Tracer = {
  inExecution: (_, work) => work(noSpan),
  inSpan: (_name, _fields, work) => work(noSpan),
  activeSpan: () => undefined,
};

type Headers = Readonly<Record<string, string | string[] | undefined>>;

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

/** The fields that join a log line to its trace in Cloud Logging. */
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
