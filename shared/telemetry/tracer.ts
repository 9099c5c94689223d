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
