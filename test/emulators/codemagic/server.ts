import type {IncomingMessage, ServerResponse} from 'node:http';
import {LoopbackServer} from '../loopback-server';
import {CodemagicApi} from './api';

/** CodeMagic over HTTP, with v1 and v3 of its API on one port. */
export class CodemagicServer extends CodemagicApi {
  readonly #server = new LoopbackServer((request, response) => void this.#serve(request, response));

  /** Returns its URL, without a slash at the end. */
  async listen(): Promise<string> {
    const {host, port} = await this.#server.listen();
    return `http://${host}:${port}`;
  }

  close(): Promise<void> {
    return this.#server.close();
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
