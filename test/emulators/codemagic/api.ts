import {type Fault, Faults} from '../tasks/faults';
import type {BuildStart, EmulatedBuild} from './build';
import type {CodemagicWorld} from './world';

/** A request as it arrives, whichever way. */
export interface CodemagicRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
}

export interface CodemagicAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `lost`: it is done, and no answer comes. `reset`: neither. `hang`: nothing ever comes. `page`: a proxy's, with status 404. */
export type CodemagicFault =
  | 'lost'
  | 'reset'
  | 'hang'
  | 'page'
  | {readonly status: number; readonly body?: object; readonly headers?: Readonly<Record<string, string>>};

/** `broken`, `hanging`: no answer. */
export type Answered = CodemagicAnswer | 'broken' | 'hanging';

export const TOKEN = 'codemagic-token-of-the-world';

/** Requests that are kept. */
const KEPT = 20_000;
const START_KEYS = new Set(['appId', 'workflowId', 'branch', 'tag', 'labels', 'environment', 'instanceType']);
const ENVIRONMENT_KEYS = new Set(['variables', 'groups', 'softwareVersions']);
const LIST_KEYS = new Set(['app_id', 'workflow_id', 'branch', 'status', 'page_size', 'cursor']);

/**
 * CodeMagic's API without the transport: v1 (`/builds`, `/apps`) and v3 (`/api/v3`).
 *
 * @see https://docs.codemagic.io/rest-api/codemagic-rest-api/
 */
export class CodemagicApi {
  /** The newest ones. */
  readonly requests: CodemagicRequest[] = [];
  /** Requests for what the model does not have. */
  readonly violations: string[] = [];
  /** Tokens that are accepted; `viewer`: may not start or cancel builds. */
  readonly tokens = new Map<string, 'developer' | 'viewer'>([[TOKEN, 'developer']]);
  readonly #faults = new Faults<CodemagicRequest, CodemagicFault>();

  constructor(readonly world: CodemagicWorld) {}

  fault(fault: Fault<CodemagicRequest, CodemagicFault>): void {
    this.#faults.add(fault);
  }

  answer(request: CodemagicRequest): Answered {
    this.requests.push(request);
    if (this.requests.length > KEPT) this.requests.splice(0, KEPT / 2);
    const fault = this.#faults.take(request);
    if (fault === 'hang') return 'hanging';
    if (fault === 'reset') return 'broken';
    if (fault === 'page') return page(404);
    if (typeof fault === 'object') return json(fault.status, fault.body ?? {error: 'Error'}, fault.headers);
    const answer = this.#route(request);
    return fault === 'lost' ? 'broken' : answer;
  }

  #route(request: CodemagicRequest): CodemagicAnswer {
    const {method, headers} = request;
    const {pathname, searchParams} = new URL(request.url, 'http://codemagic');
    const role = this.tokens.get(headers['x-auth-token'] ?? '');
    const isV3 = pathname.startsWith('/api/v3/');
    if (!role) return isV3 ? v3Error(401, 'Not authenticated') : json(401, {error: 'Unauthorized'});
    if (method === 'POST' && role === 'viewer') return json(403, {error: 'Forbidden'});
    const [, build] = /^\/builds\/([^/]+)$/.exec(pathname) ?? [];
    const [, cancelled] = /^\/builds\/([^/]+)\/cancel$/.exec(pathname) ?? [];
    const [, app] = /^\/apps\/([^/]+)$/.exec(pathname) ?? [];
    const [, team] = /^\/api\/v3\/teams\/([^/]+)\/builds$/.exec(pathname) ?? [];
    if (method === 'POST' && pathname === '/builds') return this.#start(request.body);
    if (method === 'GET' && build) return this.#build(build);
    if (method === 'POST' && cancelled) return this.#cancel(cancelled);
    if (method === 'GET' && app) return this.#app(app);
    if (method === 'GET' && team) return this.#list(team, searchParams);
    this.violations.push(`${method} ${pathname}`);
    return json(404, {error: 'Not found'});
  }

  #start(text: string): CodemagicAnswer {
    const body = JSON.parse(text) as Record<string, unknown>;
    const environment = (body['environment'] ?? {}) as Record<string, unknown>;
    this.#known('POST /builds', Object.keys(body), START_KEYS);
    this.#known('POST /builds environment', Object.keys(environment), ENVIRONMENT_KEYS);
    const {appId, workflowId, branch, tag, labels, instanceType} = body;
    const app = this.world.apps.get(String(appId));
    if (!app) return json(404, {error: 'Application not found'});
    if (!app.workflows.includes(String(workflowId))) return json(404, {error: 'Workflow not found'});
    if (typeof branch !== 'string' && typeof tag !== 'string') return json(400, {error: 'branch or tag is required'});
    const start: BuildStart = {
      ...{app: String(appId), workflow: String(workflowId), branch: String(branch ?? tag)},
      ...(typeof instanceType === 'string' ? {instanceType} : {}),
      labels: (labels ?? []) as string[],
      variables: (environment['variables'] ?? {}) as Record<string, string>,
    };
    return json(200, {buildId: this.world.start(start).id});
  }

  #build(id: string): CodemagicAnswer {
    const build = this.world.get(id);
    if (!build) return json(404, {error: 'Build not found'});
    const {app, workflow, status, labels, variables, startedAtMs, branch} = build;
    return json(200, {
      application: {_id: app, appName: this.world.apps.get(app)?.name},
      build: {
        ...{_id: id, appId: app, workflowId: workflow, branch, status, labels},
        startedAt: startedAtMs === undefined ? null : v1Time(startedAtMs),
        config: {environment: {variables}},
      },
    });
  }

  #cancel(id: string): CodemagicAnswer {
    const result = this.world.cancel(id);
    if (result === 'absent') return json(404, {error: 'Build not found'});
    return json(result === 'ended' ? 208 : 200, {});
  }

  #app(id: string): CodemagicAnswer {
    const app = this.world.apps.get(id);
    if (!app) return json(404, {error: 'Application not found'});
    // The workflows of a codemagic.yaml are not known before a build.
    const {name, branches} = app;
    return json(200, {application: {_id: id, appName: name, branches, workflowIds: [], workflows: {}}});
  }

  #list(team: string, query: URLSearchParams): CodemagicAnswer {
    this.#known('GET builds', [...query.keys()], LIST_KEYS);
    if (this.world.isListDown) return v3Error(503, 'Service Unavailable');
    if (![...this.world.apps.values()].some((app) => app.team === team)) return v3Error(404, 'Team not found');
    const size = Number(query.get('page_size') ?? 30);
    if (size > 100) return v3Error(400, 'page_size is at most 100');
    // New builds come before the page that is asked for: a cursor names the last one that was seen.
    const cursor = query.get('cursor');
    const all = this.world.list().filter(({app}) => this.world.apps.get(app)?.team === team);
    const left = cursor === null ? all : all.filter(({index}) => index < Number(cursor));
    const shown = left.slice(0, size);
    const next = left.length > size ? String(shown.at(-1)?.index) : null;
    return json(200, {data: shown.map((build) => this.#item(build)), cursor: next});
  }

  #item({id, app, status, index, workflow, branch, createdAtMs, startedAtMs, finishedAtMs, labels}: EmulatedBuild) {
    const time = (ms: number | undefined) => (ms === undefined ? null : new Date(ms).toISOString());
    return {
      ...{id, app_id: app, status, index, branch},
      workflow: {id: workflow, source: 'file', name: workflow},
      created_at: time(createdAtMs),
      started_at: time(startedAtMs),
      finished_at: time(finishedAtMs),
      ...(this.world.leavesLabelsOut ? {} : {labels}),
    };
  }

  #known(where: string, keys: readonly string[], known: ReadonlySet<string>): void {
    for (const key of keys) if (!known.has(key)) this.violations.push(`${where}: ${key}`);
  }
}

function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): CodemagicAnswer {
  return {status, headers: {'content-type': 'application/json', ...headers}, body: JSON.stringify(body)};
}

function v3Error(status: number, detail: string): CodemagicAnswer {
  return json(status, {status_code: status, detail});
}

function page(status: number): CodemagicAnswer {
  const body = `<html><title>Error ${status}</title></html>`;
  return {status, headers: {'content-type': 'text/html'}, body};
}

/** As v1 writes it: `2020-05-23T09:36:39.028+0000`. */
function v1Time(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '+0000');
}
