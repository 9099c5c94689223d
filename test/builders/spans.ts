import {InMemorySpanExporter, type ReadableSpan} from '@opentelemetry/sdk-trace';

/** The spans of all functions, and how they hang together. */
export class Spans {
  readonly exporter = new InMemorySpanExporter();

  all(): ReadableSpan[] {
    return this.exporter.getFinishedSpans();
  }

  named(name: string): ReadableSpan[] {
    return this.all().filter((span) => span.name === name);
  }

  /** The one that has all these attributes; fails when none or several have. */
  one(name: string, attributes: Record<string, unknown> = {}): ReadableSpan {
    const wanted = Object.entries(attributes);
    const [span, ...others] = this.named(name).filter((candidate) =>
      wanted.every(([key, value]) => candidate.attributes[key] === value),
    );
    if (!span || others.length > 0) {
      const found = this.all().map((other) => `${other.name} ${JSON.stringify(other.attributes)}`);
      throw new Error(`expected one ${name} with ${JSON.stringify(attributes)}, found\n${found.join('\n')}`);
    }
    return span;
  }

  /** Names from the root to the span. */
  path(span: ReadableSpan): string[] {
    const parentId = span.parentSpanContext?.spanId;
    const parent = this.all().find((candidate) => candidate.spanContext().spanId === parentId);
    return parent ? [...this.path(parent), span.name] : [span.name];
  }
}

/** All that leaves the process with a span. */
export function contentOf({name, attributes, events, status, resource}: ReadableSpan): string {
  return JSON.stringify({name, attributes, events, status, resource: resource.attributes});
}
