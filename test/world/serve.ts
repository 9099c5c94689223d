import {once} from 'node:events';
import type {AddressInfo} from 'node:net';
import {type HttpFunction, http} from '@google-cloud/functions-framework';
import {getTestServer} from '@google-cloud/functions-framework/testing';

export interface Served {
  readonly url: string;
  close(): Promise<void>;
}

let served = 0;

/** Serves a function under the functions framework, as Cloud Functions does, on a port of the system's choice. */
export async function serve(handler: HttpFunction): Promise<Served> {
  // A registration is for good and by name.
  const name = `served-${++served}`;
  http(name, handler);
  const server = getTestServer(name).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const {port} = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/`,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
