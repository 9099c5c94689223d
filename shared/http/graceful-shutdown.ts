import type {Server} from 'node:http';
import type {HttpFunction} from '@google-cloud/functions-framework';
import {systemClock} from '../clock';

/** Cloud Run gives ten seconds between SIGTERM and SIGKILL. */
const GRACE_MS = 9_000;

/**
 * On SIGTERM: refuse new connections, answer the requests in flight, then end. The framework's own listeners cut requests off
 * and are removed; its server is only to be had from a request, so this happens on the first one.
 * @see https://github.com/GoogleCloudPlatform/functions-framework-nodejs/issues/704
 */
export function gracefully(handler: HttpFunction): HttpFunction {
  let server: Server | undefined;
  let ending = false;

  const end = () => {
    ending = true;
    server?.close(() => process.exit(0));
    server?.closeIdleConnections();
    void systemClock.sleep(GRACE_MS).then(() => process.exit(0));
  };

  return (request, response) => {
    if (!server) {
      server = (request.socket as {server?: Server}).server;
      process.removeAllListeners('SIGTERM');
      process.once('SIGTERM', end);
    }
    response.once('close', () => {
      if (ending) server?.closeIdleConnections();
    });
    return handler(request, response);
  };
}
