import type {IncomingMessage, ServerResponse} from 'node:http';
import {LoopbackServer} from '../loopback-server';
import {RunApi} from './api';
import type {RunRequest} from './request';

/** Cloud Run's Admin API over HTTP, as the client library speaks to it. */
export class RunServer extends RunApi {
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
    const write = (status: number, body: object) => {
      response.writeHead(status, {'content-type': 'application/json; charset=UTF-8'}).end(JSON.stringify(body));
    };
    if (answer.kind === 'hanging') return;
    if (answer.kind === 'broken') response.destroy();
    else if (answer.kind === 'foreign')
      response.writeHead(answer.status, {'content-type': 'text/html'}).end(answer.message);
    else if (answer.kind === 'answered') write(200, answer.body);
    else write(answer.error.status, answer.error.body);
  }
}

async function read(request: IncomingMessage): Promise<RunRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? '/', 'http://run');
  const body: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
  return {
    method: request.method ?? 'GET',
    path: decodeURIComponent(url.pathname.replace(/^\/v2\//, '')),
    query: url.searchParams,
    body: typeof body === 'object' && body !== null ? (body as RunRequest['body']) : {},
  };
}
