import type {Server} from 'node:http';
import type {HttpFunction, Request, Response} from '@google-cloud/functions-framework';
import {systemClock} from '../clock';
import {BadRequest} from '../errors';

/** An HTTP answer that is not written yet. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: {readonly type: string; readonly content: string | Buffer};
}

export const JSON_TYPE = 'application/json; charset=utf-8';

export function jsonReply(body: object, status = 200, headers: Readonly<Record<string, string>> = {}): Reply {
  return {status, headers, body: {type: JSON_TYPE, content: JSON.stringify(body)}};
}

export function textReply(content: string, status = 200): Reply {
  return {status, body: {type: 'text/plain; charset=utf-8', content}};
}

/** Writes the answer. For HEAD the framework leaves out the body and keeps `Content-Length`. */
export function sendReply(response: Response, {status, headers = {}, body}: Reply): void {
  response.status(status).set(headers);
  if (!body) return void response.end();
  response.set({'Content-Type': body.type}).send(Buffer.from(body.content));
}

/** Throws `BadRequest` (405) for every method but POST. */
export function requirePost(request: Request): void {
  if (request.method !== 'POST') throw new BadRequest(405, `method ${request.method} is not allowed, use POST`);
}

/** Cloud Run gives ten seconds between SIGTERM and SIGKILL. */
const GRACE_MS = 9_000;

/**
 * On SIGTERM: refuses new connections, answers the requests in flight, then ends the process. The framework's own SIGTERM listeners would
 * cut requests off, so they are removed. Only a request gives access to the framework's server, so this happens on the first request.
 * @see https://github.com/GoogleCloudPlatform/functions-framework-nodejs/issues/704
 */
export function withGracefulShutdown(handler: HttpFunction): HttpFunction {
  let server: Server | undefined;
  let ending = false;

  const end = () => {
    ending = true;
    server?.close(() => process.exit(0));
    server?.closeIdleConnections();
    void systemClock.sleep(GRACE_MS).then(() => process.exit(0));
  };

  return (request, response) => {
    if (!server) {
      server = (request.socket as {server?: Server}).server;
      process.removeAllListeners('SIGTERM');
      process.once('SIGTERM', end);
    }
    response.once('close', () => {
      if (ending) server?.closeIdleConnections();
    });
    return handler(request, response);
  };
}
