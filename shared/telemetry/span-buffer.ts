import type {ReadableSpan, SpanExporter, SpanProcessor} from '@opentelemetry/sdk-trace-node';

/** A sweep of a large installation ends more spans than are held at once: the rest goes ahead of its answer. */
const MOST_HELD = 1_000;
/** `ExportResultCode.SUCCESS` of `@opentelemetry/core`, which is a type and a number and no reason to load more. */
const SUCCESS = 0;

/**
 * Holds the spans that have ended until the answer is due. OpenTelemetry's own `BatchSpanProcessor` sends on a timer; a function has no CPU
 * between its requests. Batches that failed are gone: a trace is not worth memory.
 */
export class SpanBuffer implements SpanProcessor {
  readonly #exporter: SpanExporter;
  readonly #onFailure: (error: unknown) => void;
  #ended: ReadableSpan[] = [];

  constructor(exporter: SpanExporter, onFailure: (error: unknown) => void) {
    this.#exporter = exporter;
    this.#onFailure = onFailure;
  }

  onStart(): void {
    // A span says what it has to say when it ends.
  }

  onEnd(span: ReadableSpan): void {
    this.#ended.push(span);
    if (this.#ended.length >= MOST_HELD) void this.forceFlush();
  }

  /** Resolves when the exporter has answered, whatever it said; as long as it takes. */
  async forceFlush(): Promise<void> {
    const spans = this.#ended;
    this.#ended = [];
    if (spans.length === 0) return;
    try {
      await this.#send(spans);
    } catch (error) {
      this.#onFailure(error);
    }
  }

  shutdown(): Promise<void> {
    return this.#exporter.shutdown();
  }

  /** The interface returns nothing, Google's exporter a promise, which may reject without a call of the callback. */
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
