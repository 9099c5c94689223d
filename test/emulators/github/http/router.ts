import {type Operation, openApi} from '../openapi';

interface Route {
  readonly method: string;
  readonly segments: readonly string[];
  readonly operation: Operation;
}

export interface Match {
  readonly operation: Operation;
  readonly path: Record<string, string>;
}

let table: Route[] | undefined;

/** The operation of GitHub's description that this request is, and the parameters in its path. */
export function route(method: string, path: string): Match | undefined {
  table ??= makeTable();
  const segments = path.split('/').slice(1);
  for (const each of table) {
    const parameters = each.method === method ? matched(each.segments, segments) : undefined;
    if (parameters) return {operation: each.operation, path: parameters};
  }
  return undefined;
}

/** Literal segments before parameters: `runners/generate-jitconfig` is no `runners/{runner_id}`. */
function makeTable(): Route[] {
  const routes = Object.entries(openApi().paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => ({
      method: method.toUpperCase(),
      segments: path.split('/').slice(1),
      operation,
    })),
  );
  return routes.sort((a, b) => parameterCount(a) - parameterCount(b));
}

function parameterCount(each: Route): number {
  return each.segments.filter((segment) => segment.startsWith('{')).length;
}

function matched(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  // The path of a file is the only parameter that spans segments, and the last one.
  const isFile = pattern.at(-1) === '{path}';
  if (isFile ? segments.length < pattern.length : segments.length !== pattern.length) return undefined;
  for (const [index, part] of pattern.entries()) {
    const given = isFile && index === pattern.length - 1 ? segments.slice(index).join('/') : segments[index];
    if (given === undefined || given === '') return undefined;
    if (part.startsWith('{')) parameters[part.slice(1, -1)] = decodeURIComponent(given);
    else if (part !== given) return undefined;
  }
  return parameters;
}
