import {subscribe, unsubscribe} from 'node:diagnostics_channel';
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import {type HttpFunction, http} from '@google-cloud/functions-framework';
import {MAX_BODY_MS} from './read-body';
import {withGracefulShutdown} from './server';

/** Node publishes to this channel before a server passes on a request. @see https://nodejs.org/api/diagnostics_channel.html#http */
const REQUEST_START = 'http.server.request.start';

/** The headers that tell the framework's parsers of a body, and how to inflate it. They stay in `rawHeaders`. */
const BODY_HEADERS = ['content-length', 'transfer-encoding', 'content-encoding'];

/** The rest of a body up to this size is read to its end, so that the connection can be used again. */
const READ_TO_END_BYTES = 1024 * 1024;

/** How long a sender of a large body may take to read the answer. */
const LINGER_MS = 5_000;

/**
 * Registers a function with functions-framework. The framework would inflate and parse up to 1 GB of any body before it calls the function,
 * and would itself log and answer a body that it cannot parse. So the headers of bodies are hidden from the framework, and the function
 * reads the bodies.
 */
export function serveFunction(name: string, handler: HttpFunction): void {
  unsubscribe(REQUEST_START, hideBody);
  subscribe(REQUEST_START, hideBody);
  http(name, withGracefulShutdown(handler));
}

/** What Node publishes for each request. */
interface RequestStart {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly server: Server;
}

function hideBody(message: unknown): void {
  const {request, response, server} = message as RequestStart;
  if (!isFrameworkServer(server)) return;
  server.requestTimeout = MAX_BODY_MS;
  if (isLarge(request)) stopReading(request, response);
  for (const name of BODY_HEADERS) delete request.headers[name];
  if (isPath(request.url)) return;
  // Express itself would answer a malformed URL with a page, and log it. Express keeps an `originalUrl` that is set already.
  Object.assign(request, {originalUrl: request.url});
  request.url = '/';
}

function isLarge({headers}: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > READ_TO_END_BYTES;
}

/**
 * Keeps the unread rest of a large body out of memory. When the answer is written, Node reads to its end any body that nobody has begun to
 * read, and may close the connection before the sender has read the answer. So reading begins here and the rest stays in the socket. After
 * the answer our side of the connection is ended; if the sender does not end its side, the connection is cut off.
 */
function stopReading(request: IncomingMessage, response: ServerResponse): void {
  const {socket} = request;
  request.read(0);
  response.setHeader('Connection', 'close');
  socket.destroySoon = () => {
    socket.end();
    socket.once('end', () => socket.destroy());
    socket.setTimeout(LINGER_MS, () => socket.destroy());
  };
}

/** Whether an Express app handles the server's requests, as in the framework. Other servers of the process are left alone. */
function isFrameworkServer(server: Server): boolean {
  return server.listeners('request').some((listener) => typeof Reflect.get(listener, 'set') === 'function');
}

/** Whether a request's URL is a path that can be decoded, with or without a query. */
export function isPath(url: string | undefined): boolean {
  if (!url?.startsWith('/') || !URL.canParse(url, 'http://localhost')) return false;
  try {
    decodeURIComponent(url.split('?', 1)[0] ?? '');
    return true;
  } catch {
    return false;
  }
}
