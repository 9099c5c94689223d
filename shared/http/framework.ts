import {subscribe, unsubscribe} from 'node:diagnostics_channel';
import type {IncomingMessage, Server, ServerResponse} from 'node:http';
import {type HttpFunction, http} from '@google-cloud/functions-framework';
import {MAX_BODY_MS} from './read-body';
import {gracefully} from './server';

/** Node publishes here before the server hands a request to anybody. @see https://nodejs.org/api/diagnostics_channel.html#http */
const REQUEST_START = 'http.server.request.start';

/** What tells a parser of the framework that there is a body, and how to inflate it. They stay in `rawHeaders`. */
const BODY_HEADERS = ['content-length', 'transfer-encoding', 'content-encoding'];

/** What is left of a smaller body is read to its end, so that the connection can be used again. */
const READ_TO_END_BYTES = 1024 * 1024;

/** How long a sender may take to hear the answer. */
const LINGER_MS = 5_000;

/**
 * Registers a function with functions-framework, which would inflate and parse up to 1 GB of any body before the function is asked, and
 * log and answer what it cannot parse. From the first request on, the framework sees requests without bodies: the function reads them.
 */
export function serveFunction(name: string, handler: HttpFunction): void {
  unsubscribe(REQUEST_START, hideBody);
  subscribe(REQUEST_START, hideBody);
  http(name, gracefully(handler));
}

interface Started {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly server: Server;
}

function hideBody(message: unknown): void {
  const {request, response, server} = message as Started;
  if (!isOfFramework(server)) return;
  server.requestTimeout = MAX_BODY_MS;
  if (isLarge(request)) leaveOutside(request, response);
  for (const name of BODY_HEADERS) delete request.headers[name];
  if (isPath(request.url)) return;
  // Express would answer such a URL itself, with a page, and log it. Its `originalUrl` keeps what it finds there.
  Object.assign(request, {originalUrl: request.url});
  request.url = '/';
}

function isLarge({headers}: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > READ_TO_END_BYTES;
}

/**
 * Node reads a body that nobody has begun to read to its end when the answer is written, which takes the memory that nobody wanted to spend,
 * and closes a connection so that the sender may not hear the answer. This one is begun, and what is not read waits outside; the
 * connection is ended after the answer, and cut off when the sender does not end it, too.
 */
function leaveOutside(request: IncomingMessage, response: ServerResponse): void {
  const {socket} = request;
  request.read(0);
  response.setHeader('Connection', 'close');
  socket.destroySoon = () => {
    socket.end();
    socket.once('end', () => socket.destroy());
    socket.setTimeout(LINGER_MS, () => socket.destroy());
  };
}

/** Whether an Express app listens, as the framework's server has it; other servers of the process are none of our business. */
function isOfFramework(server: Server): boolean {
  return server.listeners('request').some((listener) => typeof Reflect.get(listener, 'set') === 'function');
}

/** Whether a request's URL is a path, with a query or without, that can be decoded. */
export function isPath(url: string | undefined): boolean {
  if (!url?.startsWith('/') || !URL.canParse(url, 'http://localhost')) return false;
  try {
    decodeURIComponent(url.split('?', 1)[0] ?? '');
    return true;
  } catch {
    return false;
  }
}
