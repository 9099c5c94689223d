import type {ComputeWorld} from './model';
import {ApiError, type Instance, type Operation, type Template} from './resources';
import type {ComputeRequest} from './server';

/** The server answers a wait after two minutes at the latest. */
const WAIT_MS = 120_000;

type Answer = object | Promise<object>;
type Handler = (world: ComputeWorld, request: ComputeRequest, parts: readonly string[]) => Answer;

const PROJECT = '/projects/[^/]+';
const ROUTES: readonly (readonly [string, RegExp, Handler])[] = [
  ['POST', new RegExp(`^${PROJECT}/zones/([^/]+)/instances$`), insert],
  ['GET', new RegExp(`^${PROJECT}/zones/([^/]+)/instances$`), list],
  [
    'GET',
    new RegExp(`^${PROJECT}/zones/([^/]+)/instances/([^/]+)$`),
    (world, _, [zone = '', name = '']) => instance(world.get(zone, name)),
  ],
  ['DELETE', new RegExp(`^${PROJECT}/zones/([^/]+)/instances/([^/]+)$`), remove],
  ['POST', new RegExp(`^${PROJECT}/zones/([^/]+)/operations/([^/]+)/wait$`), wait],
  [
    'GET',
    new RegExp(`^${PROJECT}/zones/([^/]+)/operations/([^/]+)$`),
    (world, _, [zone = '', name = '']) => operation(world.operation(zone, name)),
  ],
  [
    'GET',
    new RegExp(`^${PROJECT}/global/instanceTemplates/([^/]+)$`),
    (world, _, [name = '']) => template(world.template(name, undefined)),
  ],
  [
    'GET',
    new RegExp(`^${PROJECT}/regions/([^/]+)/instanceTemplates/([^/]+)$`),
    (world, _, [region = '', name = '']) => template(world.template(name, region)),
  ],
  ['GET', new RegExp(`^${PROJECT}/zones$`), zones],
];

/** What answers a request; undefined when the model has no such thing. */
export function route(world: ComputeWorld, request: ComputeRequest): Answer | undefined {
  for (const [method, pattern, handler] of ROUTES) {
    const match = pattern.exec(request.path);
    if (match && method === request.method) return handler(world, request, match.slice(1));
  }
  return undefined;
}

function insert(world: ComputeWorld, {query, body}: ComputeRequest, [zone = '']: readonly string[]): object {
  const source = query.get('sourceInstanceTemplate') ?? '';
  const match = /(?:global|regions\/([^/]+))\/instanceTemplates\/([^/]+)$/.exec(source);
  if (!match?.[2]) throw new ApiError(400, 'invalid', `Invalid value for field 'sourceInstanceTemplate': '${source}'.`);
  const requestId = query.get('requestId') ?? undefined;
  return operation(world.insert({zone, template: {name: match[2], region: match[1]}, requestId, body}));
}

function remove(world: ComputeWorld, {query}: ComputeRequest, [zone = '', name = '']: readonly string[]): object {
  return operation(world.delete(zone, name, query.get('requestId') ?? undefined));
}

async function wait(
  world: ComputeWorld,
  _: ComputeRequest,
  [zone = '', name = '']: readonly string[],
): Promise<object> {
  const found = world.operation(zone, name);
  const {scheduler} = world;
  await scheduler.reach(Math.min(Math.max(found.doneAtMs, scheduler.now()), scheduler.now() + WAIT_MS));
  return operation(found);
}

function list(world: ComputeWorld, _: ComputeRequest, [zone = '']: readonly string[]): object {
  return {
    kind: 'compute#instanceList',
    items: world
      .instances()
      .filter((one) => one.zone === zone)
      .map(instance),
  };
}

function zones(world: ComputeWorld): object {
  const items = Object.entries(world.zones).flatMap(([region, names]) =>
    names.map((name) => ({
      kind: 'compute#zone',
      name,
      status: 'UP',
      region: `https://www.googleapis.com/compute/v1/projects/p/regions/${region}`,
    })),
  );
  return {kind: 'compute#zoneList', items};
}

function instance(one: Instance): object {
  return {
    kind: 'compute#instance',
    id: one.id,
    name: one.name,
    status: one.status,
    zone: `https://www.googleapis.com/compute/v1/projects/p/zones/${one.zone}`,
    machineType: `https://www.googleapis.com/compute/v1/projects/p/zones/${one.zone}/machineTypes/${one.machineType}`,
    labels: one.labels,
    metadata: {kind: 'compute#metadata', items: one.metadata},
    scheduling: one.scheduling,
    creationTimestamp: new Date(one.createdAtMs).toISOString(),
  };
}

function operation(one: Operation): object {
  return {
    kind: 'compute#operation',
    name: one.name,
    operationType: one.operationType,
    status: one.status,
    zone: `https://www.googleapis.com/compute/v1/projects/p/zones/${one.zone}`,
    targetLink: `https://www.googleapis.com/compute/v1/projects/p/zones/${one.zone}/instances/${one.target}`,
    insertTime: new Date(one.insertedAtMs).toISOString(),
    ...(one.clientOperationId ? {clientOperationId: one.clientOperationId} : {}),
    ...(one.errors.length > 0 && one.status === 'DONE' ? {error: {errors: one.errors}} : {}),
  };
}

function template({name, region, properties}: Template): object {
  const place = region ? `regions/${region}` : 'global';
  return {
    kind: 'compute#instanceTemplate',
    name,
    selfLink: `https://www.googleapis.com/compute/v1/projects/p/${place}/instanceTemplates/${name}`,
    properties,
  };
}
