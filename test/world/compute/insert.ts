import {ApiError, type Instance, type Json, type MetadataItem, mergePatch, type Template} from './resources';

export interface InsertCall {
  readonly zone: string;
  readonly template: {readonly name: string; readonly region: string | undefined};
  readonly requestId: string | undefined;
  readonly body: Json;
}

const NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const LABEL = /^[a-z0-9_-]{0,63}$/;
const METADATA_KEY = /^[a-zA-Z0-9_-]{1,127}$/;
const METADATA_VALUE_BYTES = 262_144;
const METADATA_BYTES = 512 * 1024;

/** What Compute Engine refuses at once. @see https://cloud.google.com/compute/docs/reference/rest/v1/instances/insert */
export function checkInsert({zone, requestId, body}: InsertCall, zones: readonly string[]): void {
  const {
    name,
    labels = {},
    metadata,
    machineType,
  } = body as {
    name?: unknown;
    labels?: Record<string, string>;
    metadata?: {items?: MetadataItem[]};
    machineType?: string;
  };
  if (!zones.includes(zone)) throw invalid(`Unknown zone '${zone}'.`);
  if (typeof name !== 'string' || !NAME.test(name))
    throw invalid(`Invalid value for field 'resource.name': '${name}'.`);
  if (requestId !== undefined && (!UUID.test(requestId) || /^[0-]+$/.test(requestId))) {
    throw invalid(`Invalid value for field 'requestId': '${requestId}'.`);
  }
  for (const [key, value] of Object.entries(labels)) {
    if (!LABEL.test(key) || !LABEL.test(value))
      throw invalid(`Invalid value for field 'resource.labels': '${key}=${value}'.`);
  }
  if (machineType !== undefined && !new RegExp(`(^|/)zones/${zone}/machineTypes/[a-z0-9-]+$`).test(machineType)) {
    throw invalid(`Invalid value for field 'resource.machineType': '${machineType}'.`);
  }
  checkMetadata(metadata?.items ?? []);
}

function checkMetadata(items: readonly MetadataItem[]): void {
  const keys = items.map(({key}) => key);
  // The real API echoes the request's metadata too, which is why messages are scrubbed before they are logged.
  if (new Set(keys).size < keys.length) throw invalid(`Metadata has duplicate keys: ${JSON.stringify(items)}`);
  const bad = items.find(({key, value}) => !METADATA_KEY.test(key) || Buffer.byteLength(value) > METADATA_VALUE_BYTES);
  if (bad) throw invalid(`Invalid value for field 'resource.metadata.items': ${JSON.stringify(bad)}`);
  const bytes = items.reduce((sum, {key, value}) => sum + key.length + Buffer.byteLength(value), 0);
  if (bytes > METADATA_BYTES) throw invalid('Metadata is larger than 524288 bytes.');
}

/** The template with the request's body over it. */
export function instanceOf(call: InsertCall, template: Template, nowMs: number, id: string): Instance {
  const {name, machineType, labels, metadata, scheduling} = mergePatch(template.properties, call.body) as {
    name: string;
    machineType: string;
    labels?: Record<string, string>;
    metadata?: {items?: MetadataItem[]};
    scheduling?: Json;
  };
  return {
    id,
    name,
    zone: call.zone,
    machineType: machineType.slice(machineType.lastIndexOf('/') + 1),
    labels: labels ?? {},
    metadata: metadata?.items ?? [],
    scheduling: scheduling ?? {},
    createdAtMs: nowMs,
    status: 'PROVISIONING',
  };
}

function invalid(message: string): ApiError {
  return new ApiError(400, 'invalid', message);
}
