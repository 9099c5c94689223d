import type {Response} from '@google-cloud/functions-framework';

/** An answer of the `api` function, before it is written. */
export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: {readonly type: string; readonly content: string | Buffer};
}

export const JSON_TYPE = 'application/json; charset=utf-8';

export function jsonReply(body: object, status = 200, headers: Readonly<Record<string, string>> = {}): Reply {
  return {status, headers, body: {type: JSON_TYPE, content: JSON.stringify(body)}};
}

/** The body of HEAD is left out by the framework, which keeps its length. */
export function sendReply(response: Response, reply: Reply): void {
  response.status(reply.status).set({'Cache-Control': 'no-store', 'X-Content-Type-Options': 'nosniff'});
  response.set(reply.headers ?? {});
  if (!reply.body) return void response.end();
  response.set('Content-Type', reply.body.type).send(Buffer.from(reply.body.content));
}
