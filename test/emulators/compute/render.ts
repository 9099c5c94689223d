import type {Catalog} from './catalog';
import type {ComputeWorld} from './model';
import {ApiError, type Instance, type Operation, type Template} from './resources';

const PROJECT = 'https://www.googleapis.com/compute/v1/projects/p';
const STATUS_MESSAGES: Readonly<Record<number, string>> = {
  403: 'FORBIDDEN',
  409: 'CONFLICT',
  503: 'SERVICE UNAVAILABLE',
};

/** Compute Engine writes its timestamps in Mountain View's time. */
export function timestamp(timeMs: number): string {
  return new Date(timeMs - 8 * 3_600_000).toISOString().replace('Z', '-08:00');
}

export function zoneUrl(zone: string): string {
  return `${PROJECT}/zones/${zone}`;
}

export function instanceResource(one: Instance): object {
  return {
    ...one.properties,
    kind: 'compute#instance',
    id: one.id,
    name: one.name,
    status: one.status,
    zone: zoneUrl(one.zone),
    selfLink: `${zoneUrl(one.zone)}/instances/${one.name}`,
    machineType: `${zoneUrl(one.zone)}/machineTypes/${one.machineType}`,
    labels: one.labels,
    labelFingerprint: labelFingerprint(one),
    metadata: {kind: 'compute#metadata', fingerprint: metadataFingerprint(one), items: one.metadata},
    scheduling: one.scheduling,
    creationTimestamp: timestamp(one.createdAtMs),
    ...(one.startedAtMs === undefined ? {} : {lastStartTimestamp: timestamp(one.startedAtMs)}),
    ...(one.stoppedAtMs === undefined ? {} : {lastStopTimestamp: timestamp(one.stoppedAtMs)}),
    ...(one.suspendedAtMs === undefined ? {} : {lastSuspendedTimestamp: timestamp(one.suspendedAtMs)}),
    ...(one.endsAtMs === undefined
      ? {}
      : {resourceStatus: {scheduling: {terminationTimestamp: timestamp(one.endsAtMs)}}}),
  };
}

/** Only so much is kept. */
const SERIAL_BYTES = 1024 * 1024;

/**
 * What was written from byte `start` on, counted from the end if it is negative, as far as it is kept.
 * @see https://cloud.google.com/compute/docs/reference/rest/v1/instances/getSerialPortOutput
 */
export function serialOutputResource(one: Instance, isFirstPort: boolean, start: number): object {
  const bytes = Buffer.from(isFirstPort ? (one.printed ?? '') : '');
  const asked = start < 0 ? bytes.length + start : start;
  const from = Math.min(bytes.length, Math.max(0, asked, bytes.length - SERIAL_BYTES));
  return {
    kind: 'compute#serialPortOutput',
    selfLink: `${zoneUrl(one.zone)}/instances/${one.name}/serialPort`,
    contents: bytes.subarray(from).toString(),
    start: String(from),
    next: String(bytes.length),
  };
}

/** What `setLabels` has to bring along. */
export function labelFingerprint({labels}: Instance): string {
  return fingerprint(labels);
}

/** What `setMetadata` has to bring along. */
export function metadataFingerprint({metadata}: Instance): string {
  return fingerprint(metadata);
}

/** 404 where nothing is told. */
export function guestAttributesResource(one: Instance, path: string): object {
  const [namespace = '', key = ''] = path.split('/');
  const items = [...(one.guestAttributes ?? [])]
    .map(([at, value]) => ({namespace: at.split('/')[0] ?? '', key: at.split('/')[1] ?? '', value}))
    .filter((item) => (namespace === '' || item.namespace === namespace) && (key === '' || item.key === key));
  if (items.length === 0) {
    throw new ApiError(404, 'notFound', `The resource '${path}' of type 'Guest Attribute' was not found.`);
  }
  const selfLink = `${zoneUrl(one.zone)}/instances/${one.name}/getGuestAttributes`;
  return {kind: 'compute#guestAttributes', queryPath: path, queryValue: {items}, selfLink};
}

/** Changes with the content. FNV-1a. */
function fingerprint(content: object): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(JSON.stringify(content))) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(hash, 4);
  return bytes.toString('base64url');
}

export function operationResource(one: Operation, nowMs: number): object {
  const done = one.status === 'DONE';
  const pending = !done && nowMs < one.startsAtMs;
  return {
    kind: 'compute#operation',
    id: one.id,
    name: one.name,
    operationType: one.operationType,
    status: pending ? 'PENDING' : one.status,
    progress: done ? 100 : 0,
    user: one.user,
    zone: zoneUrl(one.zone),
    selfLink: `${zoneUrl(one.zone)}/operations/${one.name}`,
    targetLink: `${zoneUrl(one.zone)}/instances/${one.target}`,
    targetId: one.targetId,
    insertTime: timestamp(one.insertedAtMs),
    ...(pending ? {} : {startTime: timestamp(one.startsAtMs)}),
    ...(done ? {endTime: timestamp(one.doneAtMs)} : {}),
    ...(one.clientOperationId ? {clientOperationId: one.clientOperationId} : {}),
    ...(done && one.errors.length > 0 ? failure(one) : {}),
  };
}

function failure({errors}: Operation): object {
  const code = errors[0]?.code ?? '';
  const status = code.includes('QUOTA') ? 403 : code.includes('EXISTS') ? 409 : 503;
  return {error: {errors}, httpErrorStatusCode: status, httpErrorMessage: STATUS_MESSAGES[status]};
}

export function templateResource({name, region, properties}: Template): object {
  return {
    kind: 'compute#instanceTemplate',
    id: '1000000000000001',
    name,
    selfLink: `${PROJECT}/${region ? `regions/${region}` : 'global'}/instanceTemplates/${name}`,
    ...(region ? {region: `${PROJECT}/regions/${region}`} : {}),
    properties,
  };
}

export function zoneResource(catalog: Catalog, name: string): object {
  const region = `${PROJECT}/regions/${catalog.regionOf(name)}`;
  return {kind: 'compute#zone', name, status: catalog.statusOf(name), region, selfLink: zoneUrl(name)};
}

export function regionResource(world: Pick<ComputeWorld, 'catalog' | 'quotas'>, name: string): object {
  const zones = world.catalog.zonesByRegion[name];
  if (!zones) throw new ApiError(404, 'notFound', `The resource 'projects/p/regions/${name}' was not found`);
  const selfLink = `${PROJECT}/regions/${name}`;
  const quotas = world.quotas(name);
  return {kind: 'compute#region', name, status: 'UP', selfLink, zones: zones.map(zoneUrl), quotas};
}
