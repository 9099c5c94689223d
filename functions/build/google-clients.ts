import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import type {Plugin} from 'esbuild';

const ROOT = resolve(__dirname, '..', '..');
const MODULES = join(ROOT, 'node_modules');
const GAX = join(MODULES, 'google-gax', 'build', 'src');

const FIRESTORE_V1 = `{FirestoreClient: require(${JSON.stringify(join(MODULES, '@google-cloud/firestore-api/build/src/v1/firestore_client.js'))}).FirestoreClient}`;

/**
 * Modules that replace others in the bundles. Google's clients contain gRPC, every version of an API, and static classes of every message;
 * REST needs none of them.
 */
const STAND_INS: Readonly<Record<string, string>> = {
  // The REST half of google-gax, and the four exports of its gRPC half that clients use. For an emulator, Firestore creates gRPC credentials
  // even if it does not use them.
  'google-gax': `
    module.exports = {
      ...require(${JSON.stringify(join(GAX, 'fallback.js'))}),
      Status: require(${JSON.stringify(join(GAX, 'status.js'))}).Status,
      loggingUtils: require('google-logging-utils'),
      decodeAnyProtosInArray: require(${JSON.stringify(join(GAX, 'util.js'))}).decodeAnyProtosInArray,
      grpc: {credentials: {createInsecure() {}}},
    };`,
  '@google-cloud/tasks': `
    exports.CloudTasksClient =
      require(${JSON.stringify(join(MODULES, '@google-cloud/tasks/build/cjs/src/v2/cloud_tasks_client.cjs'))}).CloudTasksClient;`,
  '@google-cloud/firestore-api': `exports.v1 = ${FIRESTORE_V1};`,
  '@google-cloud/firestore-api/build/src/v1': `module.exports = ${FIRESTORE_V1};`,
  // Static classes that only Firestore's pipelines use. Slipway uses no pipeline.
  firestoreProtos: 'exports.google = {firestore: {v1: {}}};',
  // Every client creates a client for locations, which is never called.
  locationService: 'exports.LocationsClient = class { async close() {} };',
  iamService: 'exports.IamClient = class { async close() {} };',
  // Static classes that only long-running operations over gRPC use.
  staticProtos: '',
};

/** Reduces Google's client libraries to the parts that Slipway uses. */
export const slimClients: Plugin = {
  name: 'google-clients',
  setup(build) {
    const isCalled = calls();
    const standIn = (name: string) => ({path: name, namespace: 'stand-in'});
    build.onResolve({filter: /^google-gax(\/fallback)?$/}, () => standIn('google-gax'));
    build.onResolve({filter: /^@google-cloud\/tasks$/}, ({path}) => standIn(path));
    build.onResolve({filter: /^@google-cloud\/firestore-api(\/build\/src\/v1)?$/}, ({path}) => standIn(path));
    build.onResolve({filter: /\/protos\/firestore_v1_proto_api$/}, () => standIn('firestoreProtos'));
    build.onResolve({filter: /^\.\/(iamService|locationService)$/}, ({path, importer}) =>
      importer.startsWith(GAX) ? standIn(path.slice(2)) : undefined,
    );
    build.onResolve({filter: /\/protos\/(iam_service|locations|operations)$/}, ({importer}) =>
      importer.startsWith(GAX) ? standIn('staticProtos') : undefined,
    );
    build.onLoad({filter: /.*/, namespace: 'stand-in'}, ({path}) => ({
      contents: STAND_INS[path] ?? '',
      resolveDir: GAX,
    }));
    build.onLoad({filter: /@google-cloud[\\/][^\\/]+[\\/]build[\\/]protos[\\/]protos\.json$/}, ({path}) => ({
      contents: JSON.stringify(trimProtos(JSON.parse(readFileSync(path, 'utf8')), isCalled)),
      loader: 'json',
    }));
    build.onLoad({filter: /@google-cloud[\\/]tasks[\\/].*_client\.cjs$/}, ({path}) => ({
      contents: withPlainRequires(readFileSync(path, 'utf8')),
      resolveDir: dirname(path),
    }));
  },
};

/**
 * The Cloud Tasks client reads its JSON files by a computed path, `getJSON(path.join(dirname, '..', 'x.json'))`, which a bundler
 * cannot follow: each such call becomes a plain `require`. The client's CommonJS build is used, because its other build needs `import.meta`.
 */
function withPlainRequires(source: string): string {
  return source.replace(
    /\(0, _jsonHelper\.getJSON\)\(_path\["default"\]\.join\(dirname, ([^)]*)\)\)/g,
    (_, parts: string) =>
      `require('./${parts
        .split(',')
        .map((part) => part.trim().replace(/'/g, ''))
        .join('/')}')`,
  );
}

/** The methods that Firestore's own library calls. The methods of every other client are called in `shared`. */
const FIRESTORE = ['BatchGetDocuments', 'BeginTransaction', 'Commit', 'Rollback', 'RunQuery', 'RunAggregationQuery'];

/** Imports of this package. Each client is imported from its own file, so the imports tell which services are used. */
const BY_FILE = /['"]@google-cloud\/compute\/build\/src\/v1\/(\w+)_client['"]/g;

/** The used services and methods, found in the sources of `shared` by name alone, which keeps too many rather than too few. */
function calls(): IsCalled {
  const folder = join(ROOT, 'shared');
  const sources = readdirSync(folder, {recursive: true, encoding: 'utf8'})
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'));
  const all = (pattern: RegExp) =>
    new Set(sources.flatMap((source) => [...source.matchAll(pattern)].map(([, name = '']) => name)));
  const methods = all(/\.(\w+)\(/g);
  const compute = new Set([...all(BY_FILE)].map(pascalCase));
  const others = new Set(['CloudTasks', 'SecretManagerService']);
  return (service, method) => {
    if (service === 'Firestore') return FIRESTORE.includes(method);
    if (!compute.has(service) && !others.has(service)) return false;
    const name = method.charAt(0).toLowerCase() + method.slice(1);
    // A list has methods of its own for paging.
    return methods.has(name) || methods.has(`${name}Async`) || methods.has(`${name}Stream`);
  };
}

/** `instance_templates` is InstanceTemplates. */
function pascalCase(name: string): string {
  return name.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** A namespace, message, enum or service in protobufjs' JSON. */
interface Node {
  readonly nested?: Record<string, Node>;
  readonly fields?: Record<string, Field>;
  readonly methods?: Record<string, Method>;
  readonly [more: string]: unknown;
}

interface Field {
  readonly type: string;
  readonly keyType?: string;
  readonly [more: string]: unknown;
}

interface Method {
  readonly requestType: string;
  readonly responseType: string;
  readonly [more: string]: unknown;
}

/** Whether a method of a service is called. Both have their protobuf names, such as `Instances` and `Insert`. */
type IsCalled = (service: string, method: string) => boolean;

/**
 * A package's `protos.json` without unused parts: keeps the methods for which `isCalled` is true, and the messages that these methods carry,
 * at any depth. Compute Engine's file shrinks from 12 MB to a hundredth. `Any` is kept, because errors carry their details in it.
 * @see https://github.com/protobufjs/protobuf.js#reflection-vs-static-code (the JSON)
 */
function trimProtos(root: Node, isCalled: IsCalled): Node {
  const kept = new Map<string, Node>();
  const visit = (name: string, scope: string): void => {
    const found = resolveType(root, name, scope);
    if (!found || kept.has(found.path)) return;
    kept.set(found.path, found.node);
    for (const {type} of Object.values(found.node.fields ?? {})) visit(type, found.path);
  };

  for (const {path, node} of services(root, '')) {
    const service = path.slice(path.lastIndexOf('.') + 1);
    const methods = Object.entries(node.methods ?? {}).filter(([method]) => isCalled(service, method));
    // A service without methods is kept, too: the client looks up the service when it starts.
    kept.set(path, {...node, methods: Object.fromEntries(methods)});
    for (const [, {requestType, responseType}] of methods) {
      visit(requestType, path);
      visit(responseType, path);
    }
  }
  // Messages that the REST transport itself decodes.
  for (const name of ['google.protobuf.Any', 'google.rpc.Status', 'google.api.HttpRule']) visit(name, '');
  for (const {path, node} of messagesOf(root, 'google.rpc')) kept.set(path, node);
  return subtree(root, '', kept) ?? {};
}

function* services(node: Node, path: string): Generator<{path: string; node: Node}> {
  if (node.methods) yield {path, node};
  for (const [name, inner] of Object.entries(node.nested ?? {})) yield* services(inner, qualified(path, name));
}

/** The messages of a namespace, for error details: they are packed into `Any` by name, so that no field refers to them. */
function messagesOf(root: Node, namespace: string): {path: string; node: Node}[] {
  const found = lookup(root, namespace);
  return Object.entries(found?.nested ?? {}).map(([name, node]) => ({path: qualified(namespace, name), node}));
}

/** Resolves a name as protobuf does: in the scope itself, then outwards. A leading dot makes the name absolute. */
function resolveType(root: Node, name: string, scope: string): {path: string; node: Node} | undefined {
  const absolute = name.startsWith('.');
  const bare = absolute ? name.slice(1) : name;
  for (let around = absolute ? '' : scope; ; around = around.slice(0, Math.max(0, around.lastIndexOf('.')))) {
    const path = qualified(around, bare);
    const node = lookup(root, path);
    if (node) return {path, node};
    if (around === '') return undefined;
  }
}

function lookup(root: Node, path: string): Node | undefined {
  return path.split('.').reduce<Node | undefined>((node, name) => node?.nested?.[name], root);
}

/** The kept nodes, and the namespaces and messages around them. Nested messages and enums are kept if a field names them. */
function subtree(node: Node, path: string, kept: ReadonlyMap<string, Node>): Node | undefined {
  const whole = kept.get(path);
  const nested: Record<string, Node> = {};
  for (const [name, inner] of Object.entries(node.nested ?? {})) {
    const part = subtree(inner, qualified(path, name), kept);
    if (part) nested[name] = part;
  }
  const isMessage = node.fields !== undefined;
  if (!whole && Object.keys(nested).length === 0) return undefined;
  // A message that only surrounds a kept message gets no fields, because their types may be removed.
  const own = whole ?? (isMessage ? {fields: {}} : node);
  const bare = withoutNested(own);
  return Object.keys(nested).length > 0 ? {...bare, nested} : bare;
}

function withoutNested({nested: _, ...own}: Node): Node {
  return own;
}

function qualified(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
