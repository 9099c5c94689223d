import {Readable} from 'node:stream';
import type {HttpFunction, Request, Response} from '@google-cloud/functions-framework';

export interface FunctionAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: unknown;
}

/** Calls a function with a request as the functions framework hands it over when it was kept from the body, without a server. */
export async function callFunction(
  handler: HttpFunction,
  request: {
    readonly method?: string;
    readonly path?: string;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: Buffer;
  },
): Promise<FunctionAnswer> {
  const headers = Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name.toLowerCase(), value]),
  );
  const incoming = Object.assign(Readable.from(request.body.length > 0 ? [request.body] : []), {
    method: request.method ?? 'POST',
    url: request.path ?? '/',
    originalUrl: request.path ?? '/',
    path: (request.path ?? '/').split('?')[0],
    headers,
    rawHeaders: Object.entries({...headers, 'content-length': String(request.body.length)}).flat(),
    get: (name: string) => headers[name.toLowerCase()],
    socket: {remoteAddress: '127.0.0.1'},
  });
  let status = 200;
  let answered: unknown;
  const sent: Record<string, string> = {};
  const outgoing = {
    status(code: number) {
      status = code;
      return outgoing;
    },
    set(values: Readonly<Record<string, string>>) {
      for (const [name, value] of Object.entries(values)) sent[name.toLowerCase()] = value;
      return outgoing;
    },
    send(body: Buffer) {
      answered = JSON.parse(body.toString());
      return outgoing;
    },
  };
  await handler(incoming as unknown as Request, outgoing as unknown as Response);
  return {status, headers: sent, body: answered};
}
