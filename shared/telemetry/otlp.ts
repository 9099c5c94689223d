import {OTLPTraceExporter} from '@opentelemetry/exporter-trace-otlp-http';
import type {SpanExporter} from '@opentelemetry/sdk-trace';
import {GoogleAuth} from 'google-auth-library';
import {FLUSH_MS} from './open-telemetry';

/** Google's endpoint for spans of OpenTelemetry's protocol (OTLP), which Cloud Trace keeps. */
const TRACES_URL = 'https://telemetry.googleapis.com/v1/traces';
const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';

/** Who sends the spans: what `GoogleAuth` of google-auth-library knows of the function's service account. */
export interface GoogleIdentity {
  /** The headers of one request, `authorization` among them. The library keeps the token until shortly before its end. */
  getRequestHeaders(url: string): Promise<Headers>;
  getProjectId(): Promise<string>;
}

export interface OtlpOptions {
  /** Left out: asked of the metadata server. */
  readonly project?: string | undefined;
  readonly url?: string;
  readonly identity?: GoogleIdentity;
}

/**
 * Creates an exporter that sends spans to Google as OTLP in JSON. The function's service account needs the permission
 * `telemetry.traces.write` (`roles/telemetry.tracesWriter`), and `serviceusage.services.use` in the project that the quota is counted for.
 *
 * @returns the exporter, and the project for the resource attribute `gcp.project_id`
 * @see https://docs.cloud.google.com/trace/docs/migrate-to-otlp-endpoints
 */
export function createOtlpExporter({
  project,
  url = TRACES_URL,
  identity = new GoogleAuth({scopes: SCOPE}),
}: OtlpOptions): {readonly exporter: SpanExporter; readonly project: string | Promise<string>} {
  const known = project ?? identity.getProjectId();
  const headers = async (): Promise<Record<string, string>> => ({
    ...Object.fromEntries(await identity.getRequestHeaders(url)),
    'x-goog-user-project': await known,
  });
  // What has not been answered when the function answers is not tried again: there is no CPU for it between requests.
  return {exporter: new OTLPTraceExporter({url, headers, timeoutMillis: FLUSH_MS}), project: known};
}
