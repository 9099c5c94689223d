import {once} from 'node:events';
import {createServer, type IncomingMessage} from 'node:http';

/** Cloud Tasks and Firestore that answer at once, from memory that holds nothing: what is left is the time of the function. */
export interface InstantCloud {
  /** `host:port` */
  readonly host: string;
  /** Tasks that were created. */
  tasks(): number;
  stop(): void;
}

export async function startInstantCloud(): Promise<InstantCloud> {
  let tasks = 0;
  const server = createServer((request, response) => {
    void read(request).then((body) => {
      if (/\/tasks($|\?)/.test(request.url ?? '')) tasks += 1;
      response
        .writeHead(200, {'content-type': 'application/json'})
        .end(JSON.stringify(answer(request.url ?? '', body)));
    });
  });
  server.keepAliveTimeout = 60_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  return {
    host: `127.0.0.1:${port}`,
    tasks: () => tasks,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

const TIME = '2026-01-01T00:00:00Z';

/** @see https://cloud.google.com/firestore/docs/reference/rest/v1/projects.databases.documents */
function answer(url: string, body: {documents?: string[]; task?: object; writes?: object[]}): unknown {
  if (url.includes(':beginTransaction')) return {transaction: 'AAAA'};
  if (url.includes(':batchGet')) {
    return (body.documents ?? []).map((missing, index) => ({
      missing,
      readTime: TIME,
      ...(index === 0 && 'newTransaction' in body ? {transaction: 'AAAA'} : {}),
    }));
  }
  if (url.includes(':runQuery')) return [{readTime: TIME}];
  if (url.includes(':commit')) {
    return {writeResults: (body.writes ?? []).map(() => ({updateTime: TIME})), commitTime: TIME};
  }
  return body.task ?? {};
}

async function read(request: IncomingMessage): Promise<Parameters<typeof answer>[1]> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString('utf8') || '{}');
}
