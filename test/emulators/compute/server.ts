import type {IncomingMessage, ServerResponse} from 'node:http';
import {LoopbackServer} from '../loopback-server';
import {ComputeApi, type ComputeFault} from './api';
import type {ComputeRequest} from './request';
import type {Json} from './resources';

export type {ComputeFault, ComputeRequest};

/** Compute Engine over HTTP, as the client libraries speak to it. */
export class ComputeServer extends ComputeApi {
  readonly #server = new LoopbackServer((request, response) => void this.#serve(request, response));

  listen(): Promise<{readonly host: string; readonly port: number}> {
    return this.#server.listen();
  }

  close(): Promise<void> {
    return this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const one = await read(request).catch(() => undefined);
    if (one === undefined) return void response.writeHead(400).end();
    const answer = await this.answer(one);
    const write = (status: number, body: object, headers: Readonly<Record<string, string>> = {}) => {
      response.writeHead(status, {'content-type': 'application/json; charset=UTF-8', ...headers});
      response.end(JSON.stringify(body));
    };
    if (answer.kind === 'hanging') return;
    if (answer.kind === 'broken') response.destroy();
    else if (answer.kind === 'foreign')
      response.writeHead(answer.status, {'content-type': 'text/html'}).end(answer.message);
    else if (answer.kind === 'answered') write(200, answer.body);
    else {
      const {status: code, message, reason, domain} = answer.error;
      write(code, {error: {code, message, errors: [{message, domain, reason}]}}, answer.headers);
    }
  }
}

async function read(request: IncomingMessage): Promise<ComputeRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? '/', 'http://compute');
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
  return {
    method: request.method ?? 'GET',
    path: decodeURIComponent(url.pathname.replace(/^\/compute\/v1/, '')),
    query: url.searchParams,
    // A call without a body, such as wait, comes with an empty string as its JSON.
    body: typeof body === 'object' && body !== null ? (body as Json) : {},
  };
}
