import {once} from 'node:events';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {type Fault, Faults} from '../tasks/faults';
import type {ComputeWorld} from './model';
import {ApiError, type Json} from './resources';
import {route} from './routes';

/** A request as it came in. */
export interface ComputeRequest {
  readonly method: string;
  /** Without `/compute/v1`. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: Json;
}

/** `lost`: it is done, and no answer comes. `reset`: neither. `hang`: nothing ever comes. */
export type ComputeFault =
  | {readonly status: number; readonly reason: string; readonly message: string}
  | 'lost'
  | 'reset'
  | 'hang';

/** Compute Engine over HTTP, as the client libraries speak to it. */
export class ComputeServer {
  readonly requests: ComputeRequest[] = [];
  /** Requests for what the model does not have: a client asks for something that nobody thought of. */
  readonly violations: string[] = [];
  readonly #faults = new Faults<ComputeRequest, ComputeFault>();
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  constructor(readonly world: ComputeWorld) {}

  async listen(): Promise<{readonly host: string; readonly port: number}> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const {port} = this.#server.address() as AddressInfo;
    return {host: '127.0.0.1', port};
  }

  fault(fault: Fault<ComputeRequest, ComputeFault>): void {
    this.#faults.add(fault);
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const answer = (status: number, body: object) =>
      response.writeHead(status, {'content-type': 'application/json; charset=UTF-8'}).end(JSON.stringify(body));
    try {
      const one = await read(request);
      this.requests.push(one);
      const fault = this.#faults.take(one);
      if (fault === 'hang') return;
      if (fault === 'reset') return void response.destroy();
      if (typeof fault === 'object') throw new ApiError(fault.status, fault.reason, fault.message);
      const work = route(this.world, one);
      if (work === undefined) {
        this.violations.push(`${one.method} ${one.path}`);
        throw new ApiError(404, 'notFound', `The URL ${one.path} was not found on this server`);
      }
      const body = await work;
      if (fault === 'lost') response.destroy();
      else answer(200, body);
    } catch (error) {
      const {status, reason, message} =
        error instanceof ApiError ? error : new ApiError(500, 'backendError', String(error));
      answer(status, {error: {code: status, message, errors: [{message, domain: 'global', reason}]}});
    }
  }
}

async function read(request: IncomingMessage): Promise<ComputeRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const url = new URL(request.url ?? '/', 'http://compute');
  const text = Buffer.concat(chunks).toString('utf8');
  return {
    method: request.method ?? 'GET',
    path: decodeURIComponent(url.pathname.replace(/^\/compute\/v1/, '')),
    query: url.searchParams,
    body: text ? (JSON.parse(text) as Json) : {},
  };
}
