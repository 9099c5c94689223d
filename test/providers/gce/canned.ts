import {once} from 'node:events';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {ComputeEmulator} from '../../../shared/providers/gce/client/call';
import {KEPT_CONNECTIONS} from '../../emulators/kept-connections';

export interface SeenRequest {
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
}

/** `hang`: the request is accepted and never answered. `reset`: the connection breaks. */
export type Canned = {readonly status: number; readonly body: object | string} | 'hang' | 'reset';

export interface CannedCompute {
  readonly emulator: ComputeEmulator;
  readonly seen: SeenRequest[];
  close(): Promise<void>;
}

/** A server with canned answers, for answers of Compute Engine that are very rare. */
export async function cannedCompute(answer: (request: SeenRequest) => Canned): Promise<CannedCompute> {
  const seen: SeenRequest[] = [];
  const server = createServer(KEPT_CONNECTIONS, (request, response) => {
    void read(request).then((got) => {
      seen.push(got);
      send(response, answer(got));
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  return {
    emulator: {host: '127.0.0.1', port},
    seen,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function read(request: IncomingMessage): Promise<SeenRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  const url = new URL(request.url ?? '/', 'http://canned');
  return {
    method: request.method ?? '',
    path: url.pathname,
    query: url.searchParams,
    body: text ? JSON.parse(text) : undefined,
  };
}

function send(response: ServerResponse, canned: Canned): void {
  if (canned === 'hang') return;
  if (canned === 'reset') {
    response.destroy();
    return;
  }
  const isText = typeof canned.body === 'string';
  response.writeHead(canned.status, {'content-type': isText ? 'text/html' : 'application/json'});
  response.end(isText ? canned.body : JSON.stringify(canned.body));
}

/** The body of an error in the format of Compute Engine. */
export function refusal(status: number, reason: string, message: string): Canned {
  return {status, body: {error: {code: status, message, errors: [{message, domain: 'global', reason}]}}};
}
