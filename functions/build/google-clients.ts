import {readdirSync, readFileSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import type {Plugin} from 'esbuild';

const ROOT = resolve(__dirname, '..', '..');
const MODULES = join(ROOT, 'node_modules');
const GAX = join(MODULES, 'google-gax', 'build', 'src');

const FIRESTORE_V1 = `{FirestoreClient: require(${JSON.stringify(join(MODULES, '@google-cloud/firestore-api/build/src/v1/firestore_client.js'))}).FirestoreClient}`;

/**
 * Modules that stand in for others in the bundles. Google's clients come with gRPC, with every version of an API, and with static classes
 * of every message, for callers who want one; REST needs none of that.
 */
const STAND_INS: Readonly<Record<string, string>> = {
  // The client's own REST half, and the four things that clients take from its gRPC half. Firestore asks for gRPC credentials of an
  // emulator even when it does not use them.
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
  // Static classes that Firestore's pipelines build their messages with; nothing else does, and nothing here has a pipeline.
  firestoreProtos: 'exports.google = {firestore: {v1: {}}};',
  // Every client makes a client for locations beside itself, which nobody asks anything.
  locationService: 'exports.LocationsClient = class { async close() {} };',
  iamService: 'exports.IamClient = class { async close() {} };',
  // Static classes, for callers of long-running operations over gRPC.
  staticProtos: '',
};

/** Makes Google's client libraries as small as what is used of them. */
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
 * cannot follow: each such call becomes a plain `require`. Its CommonJS build, because the other asks for `import.meta`.
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

/** Called by Firestore's own library; the methods of every other client are called from `shared`. */
const FIRESTORE = ['BatchGetDocuments', 'BeginTransaction', 'Commit', 'Rollback', 'RunQuery', 'RunAggregationQuery'];

/** Of these packages every client is imported by its file, so that the imports tell which services are used. */
const BY_FILE = /['"]@google-cloud\/compute\/build\/src\/v1\/(\w+)_client['"]/g;

/** Services and methods that are used, read off the sources in `shared`: by name alone, which keeps too much rather than too little. */
function calls(): IsCalled {
  const folder = join(ROOT, 'shared');
  const sources = readdirSync(folder, {recursive: true, encoding: 'utf8'})
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'));
  const all = (pattern: RegExp) =>
    new Set(sources.flatMap((source) => [...source.matchAll(pattern)].map(([, name = '']) => name)));
  const methods = all(/\.(\w+)\(/g);
  const compute = new Set([...all(BY_FILE)].map(pascalCase));
  const elsewhere = new Set(['CloudTasks', 'SecretManagerService']);
  return (service, method) => {
    if (service === 'Firestore') return FIRESTORE.includes(method);
    if (!compute.has(service) && !elsewhere.has(service)) return false;
    const name = method.charAt(0).toLowerCase() + method.slice(1);
    // Listing in pages, too, is by a method of its own.
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

/** What is called: a method of a service by its protobuf names, `Instances` and `Insert`. */
type IsCalled = (service: string, method: string) => boolean;

/**
 * A package's `protos.json` without what nobody calls: of its services only the methods for which `isCalled`, and of its messages those
 * that these methods carry, at any depth. Compute Engine's shrinks from 12 MB to a hundredth. `Any` stays, by which errors carry details.
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
    // A service without methods stays, too: its client looks it up when it starts.
    kept.set(path, {...node, methods: Object.fromEntries(methods)});
    for (const [, {requestType, responseType}] of methods) {
      visit(requestType, path);
      visit(responseType, path);
    }
  }
  // What the REST transport itself decodes.
  for (const name of ['google.protobuf.Any', 'google.rpc.Status', 'google.api.HttpRule']) visit(name, '');
  for (const {path, node} of messagesOf(root, 'google.rpc')) kept.set(path, node);
  return subtree(root, '', kept) ?? {};
}

function* services(node: Node, path: string): Generator<{path: string; node: Node}> {
  if (node.methods) yield {path, node};
  for (const [name, inner] of Object.entries(node.nested ?? {})) yield* services(inner, qualified(path, name));
}

/** Error details are packed by name into `Any`: no field says which. */
function messagesOf(root: Node, namespace: string): {path: string; node: Node}[] {
  const found = lookup(root, namespace);
  return Object.entries(found?.nested ?? {}).map(([name, node]) => ({path: qualified(namespace, name), node}));
}

/** As protobuf resolves a name: in the scope itself, then outwards. A leading dot makes it absolute. */
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

/** What is kept, and the namespaces and messages around it. Nested messages and enums stay when a field names them. */
function subtree(node: Node, path: string, kept: ReadonlyMap<string, Node>): Node | undefined {
  const whole = kept.get(path);
  const nested: Record<string, Node> = {};
  for (const [name, inner] of Object.entries(node.nested ?? {})) {
    const part = subtree(inner, qualified(path, name), kept);
    if (part) nested[name] = part;
  }
  const isMessage = node.fields !== undefined;
  if (!whole && Object.keys(nested).length === 0) return undefined;
  // A message that only surrounds a kept one needs no fields, whose types may be gone.
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
