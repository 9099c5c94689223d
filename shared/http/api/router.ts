export type Method = 'GET' | 'POST' | 'DELETE';

export interface Routed {
  readonly method: Method;
  /** `/runners/{id}`: a parameter is one whole segment. */
  readonly path: string;
}

export type RouteMatch<R extends Routed> =
  | {readonly kind: 'found'; readonly route: R; readonly parameters: Readonly<Record<string, string>>}
  /** There is something at the path, for other methods: `Allow`'s value. */
  | {readonly kind: 'wrong_method'; readonly allow: string}
  | {readonly kind: 'unknown'};

export interface Router<R extends Routed> {
  /** HEAD is answered as GET. */
  match(method: string, path: string): RouteMatch<R>;
  /** What `Allow` says of the path; undefined when there is nothing at it. */
  allow(path: string): string | undefined;
}

/** What every path may start with, and may leave out. */
export const VERSION_PREFIX = '/api/v1';

/** Finds who answers a request. Every path is there with and without `/api/v1`, so that old scripts and new ones find it. */
export function createRouter<R extends Routed>(routes: readonly R[]): Router<R> {
  const patterns = routes.map((route) => ({route, segments: withoutPrefix(route.path).split('/')}));

  function at(path: string): {route: R; parameters: Record<string, string>}[] {
    const segments = withoutPrefix(path).split('/');
    return patterns.flatMap(({route, segments: pattern}) => {
      const parameters = parametersOf(pattern, segments);
      return parameters ? [{route, parameters}] : [];
    });
  }

  function allow(path: string): string | undefined {
    const methods = at(path).map(({route}) => route.method);
    if (methods.length === 0) return undefined;
    return [...new Set([...methods, ...(methods.includes('GET') ? ['HEAD'] : []), 'OPTIONS'])].join(', ');
  }

  return {
    allow,
    match(method, path) {
      const asked = method === 'HEAD' ? 'GET' : method;
      const found = at(path).find(({route}) => route.method === asked);
      if (found) return {kind: 'found', ...found};
      const others = allow(path);
      return others ? {kind: 'wrong_method', allow: others} : {kind: 'unknown'};
    },
  };
}

/** `/api/v1/runners` → `/runners`, `/api/v1` → `/`. */
export function withoutPrefix(path: string): string {
  if (path === VERSION_PREFIX) return '/';
  return path.startsWith(`${VERSION_PREFIX}/`) ? path.slice(VERSION_PREFIX.length) : path;
}

/** The parameters when the segments fit the pattern. A segment that is no valid percent-encoding fits nothing. */
function parametersOf(pattern: readonly string[], segments: readonly string[]): Record<string, string> | undefined {
  if (pattern.length !== segments.length) return undefined;
  const parameters: Record<string, string> = {};
  for (const [index, expected] of pattern.entries()) {
    const name = /^\{(\w+)\}$/.exec(expected)?.[1];
    const segment = decode(segments[index] ?? '');
    if (segment === undefined || (name ? segment === '' : segment !== expected)) return undefined;
    if (name) parameters[name] = segment;
  }
  return parameters;
}

function decode(segment: string): string | undefined {
  try {
    return decodeURIComponent(segment);
  } catch {
    return undefined;
  }
}
