import {once} from 'node:events';
import type {AddressInfo} from 'node:net';
import {type HttpFunction, http} from '@google-cloud/functions-framework';
import {getTestServer} from '@google-cloud/functions-framework/testing';
import {KEPT_CONNECTIONS} from './kept-connections';

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

let served = 0;

/** Serves a function under the functions framework, as Cloud Functions does, on a port of the system's choice unless one is given. */
export async function serve(handler: HttpFunction, port = 0): Promise<Served> {
  // A registration is for good and by name.
  const name = `served-${++served}`;
  http(name, handler);
  const server = Object.assign(getTestServer(name), KEPT_CONNECTIONS).listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${address.port}/`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
