import {createHash} from 'node:crypto';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {KEPT_CONNECTIONS} from '../../emulators/kept-connections';
import {IMDS_PATH, Imds} from './imds';

const METADATA = '/computeMetadata/v1/';
const GUEST = 'instance/guest-attributes/';
const FAST_SECOND_MS = 10;

/** Tells who waits for a change. */
class Attributes extends Map<string, string> {
  readonly waiting = new Set<() => void>();

  override set(name: string, value: string): this {
    super.set(name, value);
    // Not yet there while Map's constructor runs.
    for (const give of this.waiting ?? []) give();
    return this;
  }
}

/** What a VM sees of the world: Google's metadata server or EC2's, and GitHub's releases. All on one loopback port. */
export interface MetadataServer {
  /** Metadata attributes of the VM; a test may change them at any time. */
  readonly attributes: Map<string, string>;
  /** What the VM told of itself, by `<namespace>/<key>`. */
  readonly guestAttributes: Map<string, string>;
  /** Path below `/releases/` → content. */
  readonly releases: Map<string, Buffer>;
  /** Paths in the order in which they were asked for. */
  readonly requests: string[];
  readonly imds: Imds;
  readonly metadataUrl: string;
  readonly imdsUrl: string;
  readonly releasesUrl: string;
  /** From now on the VM may tell nothing of itself. */
  forbidGuestAttributes(): void;
  /** The next requests for metadata are answered with 503. */
  failNext(requests: number): void;
  /** Compute Engine takes the spot VM back. */
  preempt(): void;
  close(): Promise<void>;
}

export async function startMetadataServer(): Promise<MetadataServer> {
  const attributes = new Attributes();
  const guestAttributes = new Map<string, string>();
  let isForbidden = false;
  const releases = new Map<string, Buffer>();
  const requests: string[] = [];
  const imds = new Imds();
  const waiting = new Set<ServerResponse>();
  let failures = 0;
  let preempted = 'FALSE';

  const metadata = (request: IncomingMessage, url: URL, response: ServerResponse) => {
    const path = url.pathname.slice(METADATA.length);
    if (request.headers['metadata-flavor'] !== 'Google') return void response.writeHead(403).end();
    if (failures > 0) {
      failures--;
      return void response.writeHead(503).end('unavailable');
    }
    if (path === 'instance/name' || path === 'instance/id') return void answer(response, 'vm-1');
    if (request.method === 'PUT' && path.startsWith(GUEST)) {
      if (isForbidden) return void response.writeHead(403).end('Guest attributes endpoint access is disabled.');
      request.on('data', (chunk: Buffer) => guestAttributes.set(path.slice(GUEST.length), chunk.toString()));
      return void request.once('end', () => response.writeHead(200).end());
    }
    if (path === 'instance/attributes/') return void answerNames(url, response);
    if (path === 'instance/preempted') {
      if (url.searchParams.get('last_etag') !== etag(preempted)) return void answer(response, preempted);
      waiting.add(response);
      response.once('close', () => waiting.delete(response));
      return;
    }
    const value = attributes.get(path.replace('instance/attributes/', ''));
    if (value === undefined) return void response.writeHead(404).end('not found');
    answer(response, value);
  };

  /** The names of the attributes, a line each; at the latest after `timeout_sec`, which passes fast here. */
  const answerNames = (url: URL, response: ServerResponse) => {
    const names = () => [...attributes.keys()].join('\n');
    if (url.searchParams.get('last_etag') !== etag(names())) return answer(response, names());
    const give = () => {
      attributes.waiting.delete(give);
      clearTimeout(timer);
      answer(response, names());
    };
    const timer = setTimeout(give, Number(url.searchParams.get('timeout_sec')) * FAST_SECOND_MS);
    attributes.waiting.add(give);
    response.once('close', () => attributes.waiting.delete(give) && clearTimeout(timer));
  };

  const server = createServer(KEPT_CONNECTIONS, (request, response) => {
    const url = new URL(request.url ?? '/', 'http://vm');
    requests.push(url.pathname);
    if (url.pathname.startsWith(METADATA)) return metadata(request, url, response);
    if (url.pathname.startsWith(IMDS_PATH)) return imds.answer(request, url.pathname.slice(IMDS_PATH.length), response);
    const content = releases.get(url.pathname.replace('/releases/', ''));
    if (content) response.writeHead(200).end(content);
    else response.writeHead(404).end('Not Found');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  return {
    attributes,
    guestAttributes,
    forbidGuestAttributes: () => {
      isForbidden = true;
    },
    releases,
    requests,
    imds,
    metadataUrl: `${origin}${METADATA.slice(0, -1)}`,
    imdsUrl: `${origin}${IMDS_PATH.slice(0, -1)}`,
    releasesUrl: `${origin}/releases`,
    failNext: (count) => {
      failures = count;
    },
    preempt: () => {
      preempted = 'TRUE';
      for (const response of waiting) answer(response, preempted);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function answer(response: ServerResponse, value: string): void {
  response.writeHead(200, {'Metadata-Flavor': 'Google', ETag: etag(value)}).end(value);
}

function etag(value: string): string {
  return createHash('sha256').update(value).digest('hex').slice(0, 16);
}
