import {TraceExporter} from '@google-cloud/opentelemetry-cloud-trace-exporter';
import type {SpanExporter} from '@opentelemetry/sdk-trace-node';

/**
 * Sends spans to Cloud Trace with the function's own service account, which needs `roles/cloudtrace.agent`. Without a project the metadata
 * server is asked for it.
 * @see https://cloud.google.com/trace/docs/reference/v2/rpc/google.devtools.cloudtrace.v2
 */
export function createCloudTraceExporter(project: string | undefined): SpanExporter {
  return new TraceExporter({...(project ? {projectId: project} : {}), resourceFilter: /^service\./});
}
