import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo, Socket} from 'node:net';
import {KEPT_CONNECTIONS} from '../kept-connections';
import {answer, logRequest, type ReceivedRequest} from './http/answer';
import type {Answer} from './http/call';
import {webPage} from './http/web-pages';
import type {GitHubWorld} from './model';

/** GitHub's REST API over HTTP on 127.0.0.1, for octokit. */
export interface GitHubServer {
  /** As github.com has it: `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** As a GitHub Enterprise Server has it: `<url>/api/v3`. */
  readonly enterpriseUrl: string;
  readonly port: number;
  /** Breaks every connection, those of requests that hang too. */
  close(): Promise<void>;
}

const ENTERPRISE_PREFIX = '/api/v3';

/** Serves the model on a port that the system chooses, or on `port`. */
export async function serveGitHub(world: GitHubWorld, port = 0): Promise<GitHubServer> {
  const sockets = new Set<Socket>();
  const server = createServer(KEPT_CONNECTIONS, (request, response) => {
    respond(world, request, response).catch((error) => {
      fail(world, request, response, error);
    });
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${address.port}`;
  // A GitHub on a loopback address is its own web address: the URLs that it gives lead to itself.
  world.webUrl = url;
  return {
    url,
    enterpriseUrl: `${url}${ENTERPRISE_PREFIX}`,
    port: address.port,
    close: () => close(server, sockets),
  };
}

function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}

async function respond(world: GitHubWorld, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const received = await receive(request);
  const page = webPage(world, received);
  if (page) {
    send(world, response, page);
    return;
  }
  const fault = world.faults.take(received.method, received.path, received.url.search.slice(1));
  if (typeof fault === 'object' && 'total' in fault) {
    send(world, response, withWrongTotal(answer(world, {...received, knownEtag: undefined}), fault.total));
    return;
  }
  if (fault !== undefined && fault !== 'lose-response') logRequest(world, received);
  if (fault === 'hang') return;
  if (fault === 'reset') {
    request.socket.destroy();
    return;
  }
  if (typeof fault === 'object') {
    const {status, headers = {}, body = {message: 'Server Error'}} = fault;
    send(world, response, {status, headers, body});
    return;
  }
  const given = answer(world, received);
  if (fault === 'lose-response') request.socket.destroy();
  else send(world, response, given);
}

/** The tag is another list's. */
function withWrongTotal({status, headers, body}: Answer, by: number): Answer {
  const {etag: _, ...rest} = headers ?? {};
  const total = typeof body === 'object' && body !== null && 'total_count' in body ? Number(body.total_count) : 0;
  return {status, headers: rest, body: {...(body as object), total_count: total + by}};
}

async function receive(request: IncomingMessage): Promise<ReceivedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? '/', `http://${request.headers.host ?? '127.0.0.1'}`);
  const {pathname} = url;
  return {
    method: request.method ?? 'GET',
    url,
    path: pathname.startsWith(`${ENTERPRISE_PREFIX}/`) ? pathname.slice(ENTERPRISE_PREFIX.length) : pathname,
    authorization: request.headers.authorization,
    knownEtag: request.headers['if-none-match'],
    body: Buffer.concat(chunks),
  };
}

function send(world: GitHubWorld, response: ServerResponse, {status, headers, body}: Answer): void {
  response.writeHead(status, {
    'content-type': 'application/json; charset=utf-8',
    // What auth-app corrects its clock by.
    date: new Date(world.authClock.now()).toUTCString(),
    'x-github-request-id': `WORLD:${world.requests.length}`,
    ...headers,
  });
  response.end(body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body));
}

/** A mistake in the world itself: whoever asked gets it in words, and the test finds it in `violations`. */
function fail(world: GitHubWorld, request: IncomingMessage, response: ServerResponse, error: unknown): void {
  const message = error instanceof Error ? error.message : String(error);
  const where = `${request.method} ${request.url}`;
  if (!world.violations.some((violation) => message.includes(violation.where))) {
    world.violated({where, problems: [message]});
  }
  if (response.headersSent) response.destroy();
  else send(world, response, {status: 500, body: {message: `the world: ${message}`}});
}
