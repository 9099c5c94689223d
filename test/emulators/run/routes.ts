import type {RunWorld} from './model';
import {executionResource, jobResource, operationResource, taskResource} from './render';
import type {RunRequest} from './request';
import type {Execution, Overrides} from './resources';

const JOB = '(projects/[^/]+/locations/[^/]+/jobs/[^/:]+)';
const EXECUTION = `(${JOB.slice(1, -1)}/executions/[^/:]+)`;

type Handler = (world: RunWorld, request: RunRequest, path: string) => object;

/** Executions and tasks in one page at most. */
const LARGEST_PAGE = 1000;

const ROUTES = (
  [
    ['GET', JOB, (world, _, path) => jobResource(world.job(path))],
    ['POST', `${JOB}:run`, run],
    ['GET', `${JOB}/executions`, list],
    ['GET', EXECUTION, (world, _, path) => executionResource(world.execution(path))],
    ['POST', `${EXECUTION}:cancel`, (world, _, path) => begun(world, world.cancel(path))],
    ['DELETE', EXECUTION, (world, _, path) => begun(world, world.delete(path))],
    ['GET', `${EXECUTION}/tasks`, (world, _, path) => ({tasks: [taskResource(world.execution(path))]})],
  ] satisfies [string, string, Handler][]
).map(([method, path, handler]) => ({method, pattern: new RegExp(`^${path}$`), handler}));

/** The body of the answer; undefined when the model has no such thing. Throws `ApiError`. */
export function route(world: RunWorld, request: RunRequest): object | undefined {
  for (const {method, pattern, handler} of ROUTES) {
    const [, path] = (method === request.method && pattern.exec(request.path)) || [];
    if (path !== undefined) return handler(world, request, path);
  }
  return undefined;
}

function run(...[world, {body}, path]: Parameters<Handler>): object {
  return begun(world, world.run(path, (body['overrides'] ?? {}) as Overrides));
}

/** The token is where the next page begins: what was added meanwhile moves it. */
function list(...[world, {query}, path]: Parameters<Handler>): object {
  const all = world.executions(path);
  const size = Math.min(Number(query.get('pageSize')) || LARGEST_PAGE, LARGEST_PAGE);
  const token = query.get('pageToken');
  const first = token ? all.findIndex(({name}) => name === token) : 0;
  const from = first < 0 ? all.length : first;
  const next = all[from + size]?.name;
  const executions = all.slice(from, from + size).map(executionResource);
  return {executions, ...(next === undefined ? {} : {nextPageToken: next})};
}

function begun(world: RunWorld, execution: Execution): object {
  return operationResource(execution, `${execution.name}-${world.scheduler.now()}`);
}
