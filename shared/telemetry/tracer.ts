/** A request's place in a distributed trace. */
export interface TraceContext {
  /** 32 hex digits. */
  readonly traceId: string;
  readonly spanId?: string;
  /** The W3C header to send along, so that the next hop joins the same trace. */
  readonly traceparent?: string;
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
  /** A span within the active one; outside of an execution there is no span. What `work` throws is recorded and thrown on. */
  inSpan<T>(name: string, fields: SpanFields, work: (span: Span) => Promise<T>): Promise<T>;
  /** The active span, for log lines and for the headers of the next hop. */
  activeSpan(): Required<TraceContext> | undefined;
}

const noSpan: Span = {set: () => undefined, fail: () => undefined};

/** For `TRACING=false`. */
export const noTracer: Tracer = {
  inExecution: (_, work) => work(noSpan),
  inSpan: (_name, _fields, work) => work(noSpan),
  activeSpan: () => undefined,
};
