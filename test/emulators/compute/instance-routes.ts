import type {ComputeWorld, PowerAction} from './model';
import {page} from './paging';
import {
  guestAttributesResource,
  instanceResource,
  labelFingerprint,
  metadataFingerprint,
  operationResource,
  serialOutputResource,
  zoneUrl,
} from './render';
import type {Handler} from './request';
import {ApiError, invalid, isObject, type MetadataItem, notFound, type Operation} from './resources';

const TEMPLATE_URL = /(?:^|\/)(?:global|regions\/([^/]+))\/instanceTemplates\/([^/]+)$/;

export const insertInstance: Handler = (world, {query, body}, [zone = '']) => {
  const source = query.get('sourceInstanceTemplate') ?? '';
  const match = TEMPLATE_URL.exec(source);
  if (!match?.[2])
    throw invalid(`Invalid value for field 'sourceInstanceTemplate': '${source}'. The URL is malformed.`);
  const requestId = query.get('requestId') ?? undefined;
  return accepted(world, world.insert({zone, template: {name: match[2], region: match[1]}, requestId, body}));
};

export const getInstance: Handler = (world, _, [zone = '', name = '']) => instanceResource(world.get(zone, name));

/** Of the first of its four ports; nothing is written to the others. */
export const serialOutput: Handler = (world, {query}, [zone = '', name = '']) => {
  const port = query.get('port') ?? '1';
  if (!/^[1-4]$/.test(port)) throw invalid(`Invalid value for field 'port': '${port}'. Must be between 1 and 4.`);
  const start = query.get('start') ?? '0';
  if (!/^-?\d+$/.test(start)) throw invalid(`Invalid value for field 'start': '${start}'.`);
  return serialOutputResource(world.get(zone, name), port === '1', Number(start));
};

export const deleteInstance: Handler = (world, {query}, [zone = '', name = '']) =>
  accepted(world, world.delete(zone, name, query.get('requestId') ?? undefined));

export const powerInstance: Handler = (world, {query}, [zone = '', name = '', action = '']) =>
  accepted(world, world.power(action as PowerAction, zone, name, query.get('requestId') ?? undefined));

export const setLabels: Handler = (world, {query, body}, [zone = '', name = '']) => {
  const {labels = {}, labelFingerprint: given} = body;
  if (!isObject(labels)) throw invalid("Invalid value for field 'labels': not an object.");
  if (given !== labelFingerprint(world.get(zone, name))) {
    throw new ApiError(412, 'conditionNotMet', 'Labels fingerprint either invalid or resource labels have changed');
  }
  const requestId = query.get('requestId') ?? undefined;
  return accepted(world, world.setLabels(zone, name, labels as Record<string, string>, requestId));
};

/** The whole metadata is replaced; who read an older one has to read again. */
export const setMetadata: Handler = (world, {query, body}, [zone = '', name = '']) => {
  const {items = [], fingerprint: given} = body;
  if (!Array.isArray(items)) throw invalid("Invalid value for field 'items': not a list.");
  if (given !== metadataFingerprint(world.get(zone, name))) {
    throw new ApiError(412, 'conditionNotMet', 'Supplied fingerprint does not match current metadata fingerprint.');
  }
  const requestId = query.get('requestId') ?? undefined;
  return accepted(world, world.setMetadata(zone, name, items as MetadataItem[], requestId));
};

/** As an organisation that enforces the policy has it in its logs. */
const FORBIDDEN = 'Constraint constraints/compute.disableGuestAttributesAccess violated for project 123456789012.';

/**
 * What the guest has told, under a namespace (`slipway/`) or one key of it.
 * @see https://cloud.google.com/compute/docs/reference/rest/v1/instances/getGuestAttributes
 */
export const guestAttributes: Handler = (world, {query}, [zone = '', name = '']) => {
  const path = query.get('queryPath') ?? '';
  if (!/^([\w-]+\/[\w-]*)?$/.test(path)) throw invalid(`Invalid value for field 'queryPath': '${path}'.`);
  const instance = world.get(zone, name);
  if (world.forbidsGuestAttributes) throw new ApiError(412, 'conditionNotMet', FORBIDDEN);
  return guestAttributesResource(instance, path);
};

export const listInstances: Handler = (world, {query}, [zone = '']) => {
  if (!world.catalog.hasZone(zone)) throw notFound(`zones/${zone}`);
  if (world.catalog.statusOf(zone) === 'DOWN')
    throw new ApiError(503, 'backendError', `Zone '${zone}' is unreachable.`);
  const resources = world.instances().filter((one) => one.zone === zone);
  return {kind: 'compute#instanceList', ...page(resources.map(instanceResource), query)};
};

/** Every zone is in every answer, most of them with a warning only; a zone that is down is missing with another warning. */
export const aggregatedList: Handler = (world, {query}) => {
  const {zones} = world.catalog;
  const shown = world.instances().filter(({name}) => !world.unlisted.has(name));
  const reachable = shown.filter(({zone}) => world.catalog.statusOf(zone) === 'UP');
  const {items, nextPageToken} = page(reachable.map(instanceResource), query);
  const down = zones.filter((zone) => world.catalog.statusOf(zone) === 'DOWN');
  const scopes = zones.map((zone) => {
    const instances = items.filter((item) => (item as {zone: string}).zone === zoneUrl(zone));
    return [
      `zones/${zone}`,
      instances.length > 0 ? {instances} : {warning: warning(zone, down.includes(zone))},
    ] as const;
  });
  return {
    kind: 'compute#instanceAggregatedList',
    items: Object.fromEntries(scopes),
    ...(nextPageToken ? {nextPageToken} : {}),
    ...(down.length > 0 && query.get('returnPartialSuccess') === 'true' ? {unreachables: down.map(zoneUrl)} : {}),
  };
};

function warning(zone: string, unreachable: boolean): object {
  const scope = `zones/${zone}`;
  const message = unreachable
    ? `The scope '${scope}' is unreachable.`
    : `There are no results for scope '${scope}' on this page.`;
  return {code: unreachable ? 'UNREACHABLE' : 'NO_RESULTS_ON_PAGE', message, data: [{key: 'scope', value: scope}]};
}

function accepted(world: ComputeWorld, operation: Operation): object {
  return operationResource(operation, world.scheduler.now());
}
