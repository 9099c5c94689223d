import {once} from 'node:events';
import {createServer, type RequestListener} from 'node:http';
import type {AddressInfo} from 'node:net';
import {KEPT_CONNECTIONS} from './kept-connections';

/** An HTTP server on loopback, on a port that the system chooses. */
export class LoopbackServer {
  readonly #server;

  constructor(listener: RequestListener) {
    this.#server = createServer(KEPT_CONNECTIONS, listener);
  }

  async listen(): Promise<{readonly host: string; readonly port: number}> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return {host: '127.0.0.1', port: (this.#server.address() as AddressInfo).port};
  }

  /** Cuts off what is open. A server that does not listen is closed already. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }
}
