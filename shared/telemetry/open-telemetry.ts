import {AsyncLocalStorage} from 'node:async_hooks';
import {
  type Attributes,
  type Context,
  type HrTime,
  type Span as OpenTelemetrySpan,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import {resourceFromAttributes} from '@opentelemetry/resources';
import {
  AlwaysOnSampler,
  type IdGenerator,
  type ReadableSpan,
  type SpanExporter,
  type SpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type {Clock, TimerClock} from '../clock';
import {SlipwayError} from '../errors';
import type {Logger} from '../logger';
import type {Random} from '../random';
import {scrubSecrets} from '../secret';
import type {Span, SpanFields, TraceContext, Tracer} from './tracer';

/** Ended spans that are held. The sweep of a large installation ends more: these are sent before the answer. */
const MAX_HELD_SPANS = 1_000;

/** `ExportResultCode.SUCCESS` of `@opentelemetry/core`, repeated here so that the package need not be loaded. */
const SUCCESS = 0;

/**
 * How long an answer waits for the exporter, in milliseconds. GitHub allows ten seconds for a delivery, of which creating the task may take
 * 7.5.
 */
export const FLUSH_MS = 1_500;

export interface OpenTelemetryOptions {
  readonly service: string;
  readonly deployment: string;
  /** The project that the spans belong to; a promise while it has to be asked for. */
  readonly project?: string | Promise<string> | undefined;
  readonly exporter: SpanExporter;
  readonly timers: TimerClock;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
}

/**
 * Creates a tracer on OpenTelemetry. Nothing is registered globally, because other libraries in the process would begin to trace
 * themselves.
 *
 * Every execution is recorded, even if the front end of Cloud Run, which samples one request in ten seconds, did not sample it: tracing is
 * turned on to find the trace of a certain job.
 */
export function createOpenTelemetryTracer(options: OpenTelemetryOptions): Tracer {
  const {clock, logger, timers} = options;
  const warn = (reason: string, error?: unknown) =>
    logger.warning('the trace was not sent', {decision: 'untraced', reason, ...(error ? {error} : {})});
  const buffer = new SpanBuffer(options.exporter, (error) => warn('exporter', error));
  const provider = new TracerProvider({
    sampler: new AlwaysOnSampler(),
    idGenerator: idsOf(options.random),
    resource: resourceFromAttributes({
      'service.name': options.service,
      'service.namespace': options.deployment,
      // Without it Google refuses the spans.
      ...(options.project === undefined ? {} : {'gcp.project_id': options.project}),
    }),
    spanProcessors: [buffer],
  });
  const tracer = provider.getTracer('slipway');
  const current = new AsyncLocalStorage<OpenTelemetrySpan>();
  const now = () => hrTime(clock.now());

  async function run<T>(
    name: string,
    parent: Context,
    kind: SpanKind,
    fields: SpanFields,
    work: (span: Span) => Promise<T>,
  ): Promise<T> {
    const span = tracer.startSpan(name, {kind, startTime: now(), attributes: attributesOf(fields)}, parent);
    const fail = (error: unknown) => recordError(span, error, now());
    try {
      return await current.run(span, () => work({set: (more) => void span.setAttributes(attributesOf(more)), fail}));
    } catch (error) {
      fail(error);
      throw error;
    } finally {
      span.end(now());
    }
  }

  return {
    async inExecution({name, parent, fields}, work) {
      try {
        return await run(name, contextOf(parent), SpanKind.SERVER, fields, work);
      } finally {
        if (!(await settlesWithin(FLUSH_MS, buffer.forceFlush(), timers))) warn('timeout');
      }
    },
    inSpan(name, fields, work) {
      const parent = current.getStore();
      if (!parent) return work({set: () => undefined, fail: () => undefined});
      return run(name, trace.setSpan(ROOT_CONTEXT, parent), SpanKind.CLIENT, fields, work);
    },
    activeSpan() {
      const span = current.getStore()?.spanContext();
      if (!span) return undefined;
      const {traceId, spanId} = span;
      return {traceId, spanId, traceparent: `00-${traceId}-${spanId}-01`};
    },
  };
}

function contextOf(parent: TraceContext | undefined): Context {
  if (!parent?.spanId) return ROOT_CONTEXT;
  const {traceId, spanId} = parent;
  return trace.setSpanContext(ROOT_CONTEXT, {traceId, spanId, traceFlags: TraceFlags.SAMPLED, isRemote: true});
}

function attributesOf(fields: SpanFields): Attributes {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    given.map(([name, value]) => [`slipway.${name}`, typeof value === 'string' ? scrubSecrets(value) : value]),
  );
}

/** Records an error like `recordException` of OpenTelemetry, without the stack and without secrets. */
function recordError(span: OpenTelemetrySpan, error: unknown, at: HrTime): void {
  const message = scrubSecrets(error instanceof Error ? error.message : 'unknown');
  const type = error instanceof SlipwayError ? error.kind : error instanceof Error ? error.name : typeof error;
  span.addEvent('exception', {'exception.type': type, 'exception.message': message}, at);
  span.setStatus({code: SpanStatusCode.ERROR, message});
}

/** Time for OpenTelemetry, which would read a small number as milliseconds since the start of the process. */
function hrTime(ms: number): HrTime {
  const seconds = Math.floor(ms / 1000);
  return [seconds, Math.round((ms - seconds * 1000) * 1e6)];
}

/** Ids from the random port, so that a seed reproduces them. The version digit of the UUID keeps an id from being all zeros. */
function idsOf(random: Random): IdGenerator {
  const hex = () => random.uuid().replaceAll('-', '');
  return {generateTraceId: hex, generateSpanId: () => hex().slice(0, 16)};
}

/** Whether `work`, which never rejects, ends within `ms` milliseconds. */
function settlesWithin(ms: number, work: Promise<void>, timers: TimerClock): Promise<boolean> {
  return new Promise((resolve) => {
    const takeBack = timers.at(timers.now() + ms, () => resolve(false));
    void work.then(() => {
      takeBack();
      resolve(true);
    });
  });
}

/**
 * Holds the ended spans until the answer is due. `BatchSpanProcessor` of OpenTelemetry sends on a timer, but a function has no CPU between
 * its requests. Failed batches are dropped, to save memory.
 */
class SpanBuffer implements SpanProcessor {
  readonly #exporter: SpanExporter;
  readonly #onFailure: (error: unknown) => void;
  #ended: ReadableSpan[] = [];

  constructor(exporter: SpanExporter, onFailure: (error: unknown) => void) {
    this.#exporter = exporter;
    this.#onFailure = onFailure;
  }

  onStart(): void {
    // Spans are recorded when they end.
  }

  onEnd(span: ReadableSpan): void {
    this.#ended.push(span);
    if (this.#ended.length >= MAX_HELD_SPANS) void this.forceFlush();
  }

  /** Sends the ended spans. Resolves when the exporter has answered with success or failure, without a time-out. */
  async forceFlush(): Promise<void> {
    const spans = this.#ended;
    this.#ended = [];
    if (spans.length === 0) return;
    try {
      await spans[0]?.resource.waitForAsyncAttributes?.();
      await this.#send(spans);
    } catch (error) {
      this.#onFailure(error);
    }
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  /** The interface returns nothing, but an exporter may return a promise, which may reject without calling the callback. */
  #send(spans: ReadableSpan[]): Promise<void> {
    return new Promise((resolve, reject) => {
      const begun: unknown = this.#exporter.export(spans, ({code, error}) => {
        if (code === SUCCESS) resolve();
        else reject(error ?? new Error('the exporter gave no reason'));
      });
      if (begun instanceof Promise) begun.catch(reject);
    });
  }
}
