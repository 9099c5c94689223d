import type {TraceContext} from '../telemetry/tracer';

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
