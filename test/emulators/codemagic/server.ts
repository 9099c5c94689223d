import {once} from 'node:events';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {KEPT_CONNECTIONS} from '../kept-connections';
import {CodemagicApi} from './api';

/** CodeMagic over HTTP, with v1 and v3 of its API on one port. */
export class CodemagicServer extends CodemagicApi {
  readonly #server = createServer(KEPT_CONNECTIONS, (request, response) => void this.#serve(request, response));

  /** Returns its URL, without a slash at the end. */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const {method = 'GET', url = '/', headers} = request;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const token = headers['x-auth-token'];
    const sent = {'x-auth-token': typeof token === 'string' ? token : undefined};
    const answer = this.answer({method, url, headers: sent, body: Buffer.concat(chunks).toString('utf8')});
    if (answer === 'hanging') return;
    if (answer === 'broken') response.destroy();
    else response.writeHead(answer.status, {...answer.headers}).end(answer.body);
  }
}
