import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

/** The methods that Firestore's own library calls. The methods of every other client are called in `shared`. */
const FIRESTORE = ['BatchGetDocuments', 'BeginTransaction', 'Commit', 'Rollback', 'RunQuery', 'RunAggregationQuery'];

/** Imports of this package. Each client is imported from its own file, so the imports tell which services are used. */
const BY_FILE = /['"]@google-cloud\/compute\/build\/src\/v1\/(\w+)_client['"]/g;

/** The services and methods that these sources use, found by name alone, which keeps too many rather than too few. */
export function calls(sources: readonly string[]): IsCalled {
  const methods = new Set(names(sources, /\.(\w+)\(/g));
  const compute = computeServices(sources);
  const others = new Set(['CloudTasks', 'SecretManagerService', 'Jobs', 'Executions', 'Tasks']);
  return (service, method) => {
    if (service === 'Firestore') return FIRESTORE.includes(method);
    if (!compute.has(service) && !others.has(service)) return false;
    const name = method.charAt(0).toLowerCase() + method.slice(1);
    // A list has methods of its own for paging.
    return methods.has(name) || methods.has(`${name}Async`) || methods.has(`${name}Stream`);
  };
}

/** Compute Engine's services whose clients are imported, e.g. InstanceTemplates. */
export function computeServices(sources: readonly string[]): ReadonlySet<string> {
  return new Set(names(sources, BY_FILE).map(pascalCase));
}

/** The text of all TypeScript files of a folder, at any depth. */
export function sourcesOf(folder: string): string[] {
  return readdirSync(folder, {recursive: true, encoding: 'utf8'})
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(join(folder, file), 'utf8'));
}

function names(sources: readonly string[], pattern: RegExp): string[] {
  return sources.flatMap((source) => [...source.matchAll(pattern)].map(([, name = '']) => name));
}

/** `instance_templates` is InstanceTemplates. */
function pascalCase(name: string): string {
  return name.replace(/(?:^|_)(\w)/g, (_, letter: string) => letter.toUpperCase());
}

/** A namespace, message, enum or service in protobufjs' JSON. */
export interface Node {
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
export type IsCalled = (service: string, method: string) => boolean;

/**
 * A package's `protos.json` without unused parts: keeps the methods for which `isCalled` is true, and the messages that these methods carry,
 * at any depth. Compute Engine's file shrinks from 12 MB to a hundredth. `Any` is kept, because errors carry their details in it.
 * @see https://github.com/protobufjs/protobuf.js#reflection-vs-static-code (the JSON)
 */
export function trimProtos(root: Node, isCalled: IsCalled): Node {
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
