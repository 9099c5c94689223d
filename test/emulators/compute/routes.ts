import {
  aggregatedList,
  deleteInstance,
  getInstance,
  guestAttributes,
  insertInstance,
  listInstances,
  powerInstance,
  serialOutput,
  setLabels,
  setMetadata,
} from './instance-routes';
import type {ComputeWorld} from './model';
import {page} from './paging';
import {operationResource, regionResource, templateResource, zoneResource} from './render';
import type {ComputeRequest, Handler, Resource} from './request';
import {notFound} from './resources';

/** The server answers a wait after two minutes at the latest. */
const WAIT_MS = 120_000;

const INSTANCES = '/zones/([^/]+)/instances';
const OPERATIONS = '/zones/([^/]+)/operations';
const ROUTES = (
  [
    ['POST', INSTANCES, insertInstance],
    ['GET', INSTANCES, listInstances],
    ['GET', `${INSTANCES}/([^/]+)`, getInstance],
    ['GET', `${INSTANCES}/([^/]+)/serialPort`, serialOutput],
    ['DELETE', `${INSTANCES}/([^/]+)`, deleteInstance],
    ['POST', `${INSTANCES}/([^/]+)/(start|stop|reset|suspend|resume)`, powerInstance],
    ['POST', `${INSTANCES}/([^/]+)/setLabels`, setLabels],
    ['POST', `${INSTANCES}/([^/]+)/setMetadata`, setMetadata],
    ['GET', `${INSTANCES}/([^/]+)/getGuestAttributes`, guestAttributes],
    ['GET', '/aggregated/instances', aggregatedList],
    ['GET', OPERATIONS, listOperations],
    ['GET', `${OPERATIONS}/([^/]+)`, getOperation],
    ['POST', `${OPERATIONS}/([^/]+)/wait`, waitForOperation],
    ['GET', '/global/instanceTemplates()', listTemplates],
    ['GET', '/regions/([^/]+)/instanceTemplates', listTemplates],
    ['GET', '/global()/instanceTemplates/([^/]+)', getTemplate],
    ['GET', '/regions/([^/]+)/instanceTemplates/([^/]+)', getTemplate],
    ['GET', '/zones', listZones],
    ['GET', '/zones/([^/]+)', getZone],
    ['GET', '/regions', listRegions],
    ['GET', '/regions/([^/]+)', (world, _, [name = '']) => regionResource(world, name)],
  ] satisfies [string, string, Handler][]
).map(([method, path, handler]) => ({method, pattern: new RegExp(`^/projects/[^/]+${path}$`), handler}));

/** What answers a request; undefined when the model has no such thing. */
export function route(world: ComputeWorld, request: ComputeRequest): Resource | undefined {
  for (const {method, pattern, handler} of ROUTES) {
    const match = method === request.method ? pattern.exec(request.path) : null;
    if (match) return handler(world, request, match.slice(1));
  }
  return undefined;
}

function listOperations(...[world, {query}, [zone = '']]: Parameters<Handler>): Resource {
  const resources = world.operations(zone).map((one) => operationResource(one, world.scheduler.now()));
  return {kind: 'compute#operationList', ...page(resources, query)};
}

function getOperation(...[world, , [zone = '', name = '']]: Parameters<Handler>): Resource {
  return operationResource(world.operation(zone, name), world.scheduler.now());
}

async function waitForOperation(...[world, , [zone = '', name = '']]: Parameters<Handler>): Promise<object> {
  const found = world.operation(zone, name);
  const {scheduler} = world;
  const now = scheduler.now();
  if (found.status !== 'DONE') await scheduler.reach(Math.min(Math.max(found.doneAtMs, now), now + WAIT_MS));
  return operationResource(found, scheduler.now());
}

function getTemplate(...[world, , [region, name = '']]: Parameters<Handler>): Resource {
  return templateResource(world.template(name, region || undefined));
}

function listTemplates(...[world, {query}, [region]]: Parameters<Handler>): Resource {
  const there = world.templates.filter((template) => (template.region ?? '') === region);
  return {kind: 'compute#instanceTemplateList', ...page(there.map(templateResource), query)};
}

function listZones(...[world, {query}]: Parameters<Handler>): Resource {
  const {catalog} = world;
  const resources = catalog.zones.map((zone) => zoneResource(catalog, zone));
  return {kind: 'compute#zoneList', ...page(resources, query)};
}

function getZone(...[{catalog}, , [zone = '']]: Parameters<Handler>): Resource {
  if (!catalog.hasZone(zone)) throw notFound(`zones/${zone}`);
  return zoneResource(catalog, zone);
}

function listRegions(...[world, {query}]: Parameters<Handler>): Resource {
  const resources = Object.keys(world.catalog.zonesByRegion).map((region) => regionResource(world, region));
  return {kind: 'compute#regionList', ...page(resources, query)};
}
