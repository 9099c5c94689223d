import {once} from 'node:events';
import {createServer, type IncomingMessage} from 'node:http';
import {encodeDocument, type Value} from './firestore-value';

interface Request {
  readonly documents?: readonly string[];
  readonly newTransaction?: unknown;
  readonly structuredQuery?: Query;
  readonly writes?: readonly {update?: {name: string; fields: Record<string, Value>}; delete?: string}[];
}

interface Query {
  readonly from: readonly {collectionId: string}[];
  readonly where?: Filter;
  readonly limit?: number | {value: number};
  readonly startAt?: {values: readonly {referenceValue?: string}[]};
}

interface Filter {
  readonly fieldFilter?: {field: {fieldPath: string}; value: Value};
  readonly compositeFilter?: {filters: readonly Filter[]};
}

const TIME = '2026-01-01T00:00:00Z';

/**
 * As much of Firestore's REST API as the functions use, in a process that is not theirs, so that what is stored is not in their memory:
 * reads by name, queries by equality in the order of names, commits. No transaction collides here.
 * @see https://cloud.google.com/firestore/docs/reference/rest/v1/projects.databases.documents
 */
export class FirestoreRest {
  /** As Firestore bills them: a document a read; a query without a result is one too. */
  reads = 0;
  writes = 0;
  readonly #server = createServer((request, response) => {
    void read(request).then((body) => {
      response
        .writeHead(200, {'content-type': 'application/json'})
        .end(JSON.stringify(this.#answer(request.url ?? '', body)));
    });
  });
  /** Collection → full name → fields. */
  readonly #collections = new Map<string, Map<string, Record<string, Value>>>();

  constructor(private readonly project: string) {}

  /** Returns `host:port`. */
  async listen(): Promise<string> {
    this.#server.keepAliveTimeout = 60_000;
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    return `127.0.0.1:${typeof address === 'object' && address ? address.port : 0}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  put(collection: string, id: string, data: object): void {
    const name = `projects/${this.project}/databases/(default)/documents/${collection}/${id}`;
    this.#of(collection).set(name, encodeDocument(data));
  }

  #of(collection: string): Map<string, Record<string, Value>> {
    const known = this.#collections.get(collection) ?? new Map<string, Record<string, Value>>();
    this.#collections.set(collection, known);
    return known;
  }

  #answer(url: string, body: Request): unknown {
    if (url.includes(':beginTransaction')) return {transaction: 'AAAA'};
    if (url.includes(':batchGet')) return this.#get(body);
    if (url.includes(':runQuery') && body.structuredQuery) return this.#query(body.structuredQuery);
    if (url.includes(':commit')) return this.#commit(body);
    return {};
  }

  #get({documents = [], ...rest}: Request): unknown {
    this.reads += documents.length;
    return documents.map((name, index) => {
      const fields = this.#of(collectionOf(name)).get(name);
      const transaction = index === 0 && 'newTransaction' in rest ? {transaction: 'AAAA'} : {};
      return {...(fields ? {found: shown(name, fields)} : {missing: name}), readTime: TIME, ...transaction};
    });
  }

  #query({from, where, limit, startAt}: Query): unknown {
    const filters = where ? equalities(where) : [];
    const after = startAt?.values.at(-1)?.referenceValue;
    const found = [...this.#of(from[0]?.collectionId ?? '')]
      .filter(([name]) => after === undefined || name > after)
      .filter(([, fields]) => filters.every(([path, value]) => JSON.stringify(fields[path]) === value))
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .slice(0, (typeof limit === 'object' ? limit.value : limit) ?? Number.POSITIVE_INFINITY);
    this.reads += Math.max(1, found.length);
    if (found.length === 0) return [{readTime: TIME}];
    return found.map(([name, fields]) => ({document: shown(name, fields), readTime: TIME}));
  }

  #commit({writes = []}: Request): unknown {
    this.writes += writes.length;
    for (const {update, delete: deleted} of writes) {
      if (update) this.#of(collectionOf(update.name)).set(update.name, update.fields);
      if (deleted) this.#of(collectionOf(deleted)).delete(deleted);
    }
    return {writeResults: writes.map(() => ({updateTime: TIME})), commitTime: TIME};
  }
}

function shown(name: string, fields: Record<string, Value>) {
  return {name, fields, createTime: TIME, updateTime: TIME};
}

/** Field and value, as JSON. */
function equalities({fieldFilter, compositeFilter}: Filter): [string, string][] {
  if (fieldFilter) return [[fieldFilter.field.fieldPath, JSON.stringify(fieldFilter.value)]];
  return (compositeFilter?.filters ?? []).flatMap(equalities);
}

function collectionOf(name: string): string {
  return name.split('/').at(-2) ?? '';
}

async function read(request: IncomingMessage): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
}
