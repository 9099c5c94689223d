import {once} from 'node:events';
import {createServer} from 'node:http';
import {answer} from '../world/github/http/answer';
export async function startGitHubServer(world: any) {
  const server = createServer(async (req, res) => {
    const chunks: Buffer[] = [];
    for await (const c of req) chunks.push(c);
    const url = new URL(req.url!, `http://${req.headers.host}`);
    const path = url.pathname.replace(/^\/api\/v3/, '');
    const fault = world.faults.take(req.method, path);
    const run = () =>
      answer(world, {
        method: req.method!,
        url,
        path,
        authorization: req.headers.authorization,
        body: Buffer.concat(chunks),
      } as any);
    const log = () => world.requests.push({method: req.method, path});
    if (fault === 'hang') return void log();
    if (fault === 'reset') {
      log();
      return void req.socket.destroy();
    }
    if (fault === 'lose-response') {
      run();
      return void req.socket.destroy();
    }
    let a: any;
    if (fault) {
      log();
      a = {status: fault.status, headers: fault.headers ?? {}, body: fault.body};
    } else
      try {
        a = run();
      } catch (e) {
        console.log(e);
        a = {status: 500, body: {message: String(e)}, headers: {}};
      }
    res.writeHead(a.status, {'content-type': 'application/json; charset=utf-8', ...a.headers});
    res.end(a.body === undefined ? undefined : JSON.stringify(a.body));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as any).port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
