import type {Catalog} from './catalog';
import {acceleratorsOf, migrationRefusal} from './features';
import {
  ApiError,
  type Instance,
  invalid,
  isObject,
  type Json,
  type MetadataItem,
  mergePatch,
  notFound,
  type Template,
} from './resources';
import {checkScheduling, completeScheduling} from './scheduling';

export interface InsertCall {
  readonly zone: string;
  readonly template: {readonly name: string; readonly region: string | undefined};
  readonly requestId: string | undefined;
  readonly body: Json;
}

const NAME = /^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$/;
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const LABEL_KEY = /^[a-z][a-z0-9_-]{0,62}$/;
const LABEL_VALUE = /^[a-z0-9_-]{0,63}$/;
const MOST_LABELS = 64;
const METADATA_KEY = /^[a-zA-Z0-9_-]{1,127}$/;
const METADATA_VALUE_BYTES = 262_144;
const METADATA_BYTES = 512 * 1024;

/** What Compute Engine refuses at once. @see https://cloud.google.com/compute/docs/reference/rest/v1/instances/insert */
export function checkInsert({zone, template, body}: InsertCall, catalog: Catalog): void {
  const {name, machineType} = body;
  if (!catalog.hasZone(zone)) throw invalid(`Invalid value for field 'zone': '${zone}'. Unknown zone.`);
  if (catalog.statusOf(zone) === 'DOWN') throw new ApiError(503, 'backendError', `The zone '${zone}' is unavailable.`);
  if (typeof name !== 'string' || !NAME.test(name)) {
    throw invalid(`Invalid value for field 'resource.name': '${name}'. Must be a match of regex '${NAME.source}'`);
  }
  if (template.region !== undefined && template.region !== catalog.regionOf(zone)) {
    throw invalid(`Invalid value for field 'sourceInstanceTemplate': its region is not that of zone '${zone}'.`);
  }
  if (machineType !== undefined && !new RegExp(`(^|/)zones/${zone}/machineTypes/[a-z0-9-]+$`).test(`${machineType}`)) {
    throw invalid(`Invalid value for field 'resource.machineType': '${machineType}'. The URL is malformed.`);
  }
}

/** Without an id nothing is checked: a request need not have one. */
export function checkRequestId(requestId: string | undefined): void {
  if (requestId === undefined || (UUID.test(requestId) && !/^[0-]+$/.test(requestId))) return;
  throw invalid(`Invalid value for field 'requestId': '${requestId}'. It must be a UUID other than zero.`);
}

export function checkLabels(labels: Json): void {
  const entries = Object.entries(labels);
  if (entries.length > MOST_LABELS) throw invalid(`There are ${entries.length} labels, at most 64 are allowed.`);
  for (const [key, value] of entries) {
    if (!LABEL_KEY.test(key) || typeof value !== 'string' || !LABEL_VALUE.test(value))
      throw invalid(`Invalid value for field 'resource.labels': '${key}=${value}'.`);
  }
}

export function checkMetadata(items: readonly MetadataItem[]): void {
  const keys = items.map(({key}) => key);
  // The real API echoes the request's metadata too, which is why messages are scrubbed before they are logged.
  if (new Set(keys).size < keys.length) throw invalid(`Metadata has duplicate keys: ${JSON.stringify(items)}`);
  const bad = items.find(({key, value}) => !METADATA_KEY.test(key) || Buffer.byteLength(value) > METADATA_VALUE_BYTES);
  if (bad) throw invalid(`Invalid value for field 'resource.metadata.items': ${JSON.stringify(bad)}`);
  const bytes = items.reduce((sum, {key, value}) => sum + key.length + Buffer.byteLength(value), 0);
  if (bytes > METADATA_BYTES) throw invalid('Metadata is larger than 524288 bytes.');
}

function checkAccelerators(zone: string, accelerators: readonly string[], catalog: Catalog): void {
  for (const accelerator of accelerators) {
    const absence = catalog.absence(zone, accelerator);
    if (absence === 404) throw notFound(`zones/${zone}/acceleratorTypes/${accelerator}`);
    if (absence) throw invalid(`Accelerator type "${accelerator}" does not exist in zone ${zone}.`);
  }
}

/** The template with the request's body over it. Refuses what cannot be had like this. */
export function instanceOf(
  call: InsertCall,
  template: Pick<Template, 'properties'>,
  catalog: Catalog,
  {nowMs, id}: {readonly nowMs: number; readonly id: string},
): Instance {
  const merged = mergePatch(template.properties, call.body) as Json;
  const {name, machineType: machineTypeUrl, labels = {}, metadata, scheduling = {}, ...properties} = merged;
  const machineType = String(machineTypeUrl).slice(String(machineTypeUrl).lastIndexOf('/') + 1);
  const where = `zones/${call.zone}/machineTypes/${machineType}`;
  if (catalog.vcpus(machineType) === undefined) {
    throw invalid(
      `Invalid value for field 'resource.machineType': '${where}'. The referenced resource does not exist.`,
    );
  }
  const absence = catalog.absence(call.zone, machineType);
  if (absence === 404) throw notFound(where);
  if (absence) {
    const why = `Machine type with name '${machineType}' does not exist in zone '${call.zone}'.`;
    throw invalid(`Invalid value for field 'resource.machineType': '${where}'. ${why}`);
  }
  checkAccelerators(call.zone, acceleratorsOf(machineType, properties), catalog);
  if (!isObject(labels) || !isObject(scheduling)) throw invalid("Invalid value for field 'resource': not an object.");
  const items = (metadata as {items?: MetadataItem[]} | undefined)?.items ?? [];
  checkLabels(labels);
  checkMetadata(items);
  checkScheduling(scheduling);
  const refusal = migrationRefusal(machineType, scheduling, properties);
  if (refusal) throw new ApiError(400, 'badRequest', refusal);
  return {
    id,
    name: String(name),
    zone: call.zone,
    machineType,
    labels: labels as Record<string, string>,
    metadata: items,
    scheduling: completeScheduling(scheduling),
    properties,
    createdAtMs: nowMs,
    status: 'PROVISIONING',
  };
}
