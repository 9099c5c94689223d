import {sameName} from '../account';
import {type Delivery, type Hook, outcomeOf} from '../delivery';
import {httpSink} from '../http-sink';
import {notFound} from '../refusal';
import {isoSeconds} from '../time';
import {type Call, fullName, type Handler, type Handlers, isOfApp, text} from './call';
import {paginate, paginateByCursor} from './paginate';

const listDeliveries: Handler = (call) => {
  const {status} = call.query;
  const deliveries = call.world.deliveries
    .list(ofCall(call))
    .filter((delivery) => status === undefined || outcomeOf(delivery) === status);
  const page = paginateByCursor(call, deliveries, (delivery) => delivery.id);
  return {status: 200, headers: page.headers, body: page.items.map(deliveryJson)};
};

const getDelivery: Handler = (call) => {
  const delivery = call.world.deliveries.get(Number(call.path['delivery_id']), ofCall(call));
  return {
    status: 200,
    body: {
      ...deliveryJson(delivery),
      url: delivery.hook.url,
      request: {headers: delivery.headers, payload: JSON.parse(delivery.body)},
      response: {headers: {}, payload: delivery.responseBody},
    },
  };
};

const redeliver: Handler = (call) => {
  call.world.deliveries.redeliver(Number(call.path['delivery_id']), ofCall(call));
  return {status: 202, body: {}};
};

const listHooks: Handler = (call) => {
  const page = paginate(call, call.world.deliveries.hooks().filter(isOfScope(call)));
  return {status: 200, headers: page.headers, body: page.items.map((hook) => hookJson(call, hook))};
};

interface NewHookBody {
  readonly config?: {readonly url?: string; readonly secret?: string};
}

/** Its deliveries go to the URL over HTTP. */
const createHook: Handler = (call) => {
  const {config = {}} = (call.body ?? {}) as NewHookBody;
  const hook = call.world.addHook({
    target:
      'org' in call.path ? {kind: 'organization', name: text(call, 'org')} : {kind: 'repository', name: fullName(call)},
    url: config.url ?? '',
    secret: config.secret ?? '',
    deliver: httpSink,
  });
  return {status: 201, body: hookJson(call, hook)};
};

/** The hook of the path, or the App's. Throws 404. */
function ofCall(call: Call): (hook: Hook) => boolean {
  if (!('hook_id' in call.path)) return isOfApp(call);
  const id = Number(call.path['hook_id']);
  if (!isOfScope(call)(call.world.deliveries.hook(id))) throw notFound();
  return (hook) => hook.id === id;
}

function isOfScope(call: Call): (hook: Hook) => boolean {
  const name = 'org' in call.path ? text(call, 'org') : fullName(call);
  return ({target}) => target.kind !== 'app' && sameName(target.name, name);
}

function deliveryJson(delivery: Delivery) {
  return {
    id: delivery.id,
    guid: delivery.guid,
    delivered_at: isoSeconds(delivery.deliveredAtMs),
    redelivery: delivery.redelivery,
    duration: delivery.durationMs / 1000,
    status: delivery.status,
    status_code: delivery.statusCode,
    event: delivery.event,
    action: delivery.action,
    installation_id: delivery.installationId,
    repository_id: delivery.repositoryId,
    throttled_at: null,
  };
}

function hookJson(call: Call, hook: Hook) {
  const url = `https://api.github.com${call.url.pathname.replace(/^\/api\/v3/, '')}/${hook.id}`;
  const made = isoSeconds(hook.createdAtMs);
  return {
    type: hook.target.kind === 'organization' ? 'Organization' : 'Repository',
    id: hook.id,
    name: 'web',
    active: hook.active,
    events: ['workflow_job'],
    config: {content_type: 'json', insecure_ssl: '0', secret: '********', url: hook.url},
    created_at: made,
    updated_at: made,
    url,
    test_url: `${url}/tests`,
    ping_url: `${url}/pings`,
    deliveries_url: `${url}/deliveries`,
    last_response: {code: null, status: 'unused', message: null},
  };
}

export const deliveryHandlers: Handlers = {
  'apps/list-webhook-deliveries': listDeliveries,
  'apps/get-webhook-delivery': getDelivery,
  'apps/redeliver-webhook-delivery': redeliver,
  'repos/list-webhook-deliveries': listDeliveries,
  'repos/redeliver-webhook-delivery': redeliver,
  'orgs/list-webhook-deliveries': listDeliveries,
  'orgs/redeliver-webhook-delivery': redeliver,
  'repos/list-webhooks': listHooks,
  'orgs/list-webhooks': listHooks,
  'repos/create-webhook': createHook,
  'orgs/create-webhook': createHook,
};
