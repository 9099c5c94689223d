import type {SpanExporter} from '@opentelemetry/sdk-trace-node';
import {type Clock, systemTimerClock, type TimerClock} from '../clock';
import type {Config, FunctionName} from '../config/config-types';
import type {Logger} from '../logger';
import {type Random, systemRandom} from '../random';
import {noTracer, type Tracer} from './tracer';

/** Where spans go; what is left out is Cloud Trace and real time. */
export interface TracingOptions {
  readonly exporter?: SpanExporter;
  /** Times the wait for the exporter. */
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

/** OpenTelemetry is loaded here, by `require` and only with `TRACING=true`: its packages cost a start more than a function does. */
export function createTracer(options: CreateTracerOptions): Tracer {
  const {config, clock, logger, random = systemRandom, tracing = {}} = options;
  if (!config.tracing) return noTracer;
  try {
    const {createOpenTelemetryTracer}: typeof import('./open-telemetry') = require('./open-telemetry');
    return createOpenTelemetryTracer({
      service: options.function,
      deployment: config.deployment,
      exporter: tracing.exporter ?? cloudTrace(config.project),
      timers: tracing.timers ?? systemTimerClock,
      clock,
      random,
      logger,
    });
  } catch (error) {
    // Runners matter more than their traces.
    logger.error('found no way to trace, goes on without', {decision: 'untraced', reason: 'start', error});
    return noTracer;
  }
}

function cloudTrace(project: string | undefined): SpanExporter {
  const {createCloudTraceExporter}: typeof import('./open-telemetry') = require('./open-telemetry');
  return createCloudTraceExporter(project);
}
