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
export type IsCalled = (service: string, method: string) => boolean;

/**
 * A package's `protos.json` without what nobody calls: of its services only the methods for which `isCalled`, and of its messages those
 * that these methods carry, at any depth. Compute Engine's shrinks from 12 MB to a hundredth. `Any` stays, by which errors carry details.
 * @see https://github.com/protobufjs/protobuf.js#reflection-vs-static-code (the JSON)
 */
export function trimProtos(root: Node, isCalled: IsCalled): Node {
  const kept = new Map<string, Node>();
  const visit = (name: string, scope: string): void => {
    const found = resolve(root, name, scope);
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
  for (const [name, inner] of Object.entries(node.nested ?? {})) yield* services(inner, join(path, name));
}

/** Error details are packed by name into `Any`: no field says which. */
function messagesOf(root: Node, namespace: string): {path: string; node: Node}[] {
  const found = lookup(root, namespace);
  return Object.entries(found?.nested ?? {}).map(([name, node]) => ({path: join(namespace, name), node}));
}

/** As protobuf resolves a name: in the scope itself, then outwards. A leading dot makes it absolute. */
function resolve(root: Node, name: string, scope: string): {path: string; node: Node} | undefined {
  const absolute = name.startsWith('.');
  const bare = absolute ? name.slice(1) : name;
  for (let around = absolute ? '' : scope; ; around = around.slice(0, Math.max(0, around.lastIndexOf('.')))) {
    const path = join(around, bare);
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
    const part = subtree(inner, join(path, name), kept);
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

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
