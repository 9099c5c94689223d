import type {SpanExporter} from '@opentelemetry/sdk-trace';
import {type Clock, systemTimerClock, type TimerClock} from '../clock';
import type {Config, FunctionName} from '../config/config-types';
import type {Logger} from '../logger';
import {type Random, systemRandom} from '../random';
import {noTracer, type Tracer} from './tracer';

/** Destination of the spans; by default Google's OTLP endpoint, with real time. */
export interface TracingOptions {
  readonly exporter?: SpanExporter;
  /** Timers of the wait for the exporter. */
  readonly timers?: TimerClock;
}

export interface CreateTracerOptions {
  readonly function: FunctionName;
  readonly config: Pick<Config, 'tracing' | 'deployment' | 'project'>;
  readonly clock: Clock;
  readonly random?: Random | undefined;
  readonly logger: Logger;
  readonly tracing?: TracingOptions | undefined;
}

/**
 * Creates the tracer. Loads OpenTelemetry by `require` and only with `TRACING=true`: loading its packages takes longer than starting a
 * function.
 */
export function createTracer(options: CreateTracerOptions): Tracer {
  const {config, clock, logger, random = systemRandom, tracing = {}} = options;
  if (!config.tracing) return noTracer;
  try {
    const {createOpenTelemetryTracer}: typeof import('./open-telemetry') = require('./open-telemetry');
    return createOpenTelemetryTracer({
      service: options.function,
      deployment: config.deployment,
      ...(tracing.exporter ? {exporter: tracing.exporter, project: config.project} : google(config.project)),
      timers: tracing.timers ?? systemTimerClock,
      clock,
      random,
      logger,
    });
  } catch (error) {
    // A failure of tracing does not stop the function.
    logger.error('found no way to trace, goes on without', {decision: 'untraced', reason: 'start', error});
    return noTracer;
  }
}

function google(project: string | undefined): ReturnType<typeof import('./otlp').createOtlpExporter> {
  const {createOtlpExporter}: typeof import('./otlp') = require('./otlp');
  return createOtlpExporter({project});
}
