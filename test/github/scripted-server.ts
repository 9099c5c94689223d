import {once} from 'node:events';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {KEPT_CONNECTIONS} from '../emulators/kept-connections';

export interface SeenRequest {
  /** `POST /path?query` */
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** `cut`: the connection ends inside the body; `hang`: no answer ever; `drop`: the connection ends without an answer. */
export type Answer =
  | 'cut'
  | 'hang'
  | 'drop'
  | {readonly status: number; readonly body?: unknown; readonly headers?: Readonly<Record<string, string>>};

export interface ScriptedServer {
  readonly url: string;
  readonly seen: SeenRequest[];
  close(): Promise<void>;
}

/** A server with scripted answers that the simulated GitHub does not give: truncated bodies, no answers, lists with wrong totals. */
export async function scriptedServer(answer: (request: SeenRequest) => Answer): Promise<ScriptedServer> {
  const seen: SeenRequest[] = [];
  const server = createServer(KEPT_CONNECTIONS, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const one = {
      line: `${request.method} ${request.url}`,
      headers: request.headers,
      body: Buffer.concat(chunks).toString(),
    };
    seen.push(one);
    send(response, answer(one));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    seen,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function send(response: ServerResponse, answer: Answer): void {
  if (answer === 'hang') return;
  if (answer === 'drop') {
    response.destroy();
  } else if (answer === 'cut') {
    response.writeHead(201, {'content-type': 'application/json', 'content-length': '1000'});
    response.write('{"runner":{"id":1},"encoded_jit', () => response.destroy());
  } else {
    response.writeHead(answer.status, {'content-type': 'application/json; charset=utf-8', ...answer.headers});
    response.end(answer.body === undefined ? undefined : JSON.stringify(answer.body));
  }
}
