import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import type {TaskTarget} from '../../shared/model/task-payload';
import {createCloudTasks} from '../../shared/tasks/cloud-tasks';
import {InProcessTasks} from '../../shared/tasks/local/in-process';
import {describeTasks, type OpenTasks, type ReceivedTask} from '../contracts/tasks';
import {KEPT_CONNECTIONS} from '../emulators/kept-connections';
import {OidcIssuer} from '../emulators/oidc';
import {VirtualScheduler} from '../emulators/scheduler';
import {CloudTasksServer} from '../emulators/tasks/server';

const limits = {minBackoffMs: 10_000, maxAttempts: 3};
const queues = {
  provision: 'projects/acme/locations/europe-west1/queues/provision',
  stop: 'projects/acme/locations/europe-west1/queues/stop',
};

describeTasks('the queues in the process', async (receive) => {
  const clock = new VirtualScheduler();
  const tasks = new InProcessTasks({
    timers: clock,
    limits,
    autoDispatch: false,
    dispatch: async ({to, body, headers}) => receive({to, body: JSON.parse(body.toString()), headers: lower(headers)}),
  });
  return {tasks, clock, dispatchDue: () => tasks.dispatchDue(), close: () => tasks.close()};
});

describeTasks("Google's client against Cloud Tasks over HTTP", async (receive) => {
  const clock = new VirtualScheduler();
  const oidc = await OidcIssuer.create(clock);
  const functions = await listen(receive);
  const server = new CloudTasksServer({
    timers: clock,
    oidc,
    queues: Object.values(queues),
    limits,
    autoDispatch: false,
  });
  const tasks = createCloudTasks({
    queues: {...queues, provision: [queues.provision]},
    urls: {provision: `${functions.url}/provision`, stop: `${functions.url}/stop`, sweep: `${functions.url}/sweep`},
    serviceAccount: 'tasks@acme.iam.gserviceaccount.com',
    clock,
    emulator: await server.listen(),
  });
  const close = async () => {
    await server.close();
    await functions.close();
  };
  return {tasks, clock, dispatchDue: () => server.dispatchDue(), close};
});

/** The functions: `/provision`, `/stop` and `/sweep`. */
async function listen(receive: Parameters<OpenTasks>[0]) {
  const server = createServer(KEPT_CONNECTIONS, async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const to = (request.url ?? '').slice(1) as TaskTarget;
    const headers = request.headers as ReceivedTask['headers'];
    const answer = receive({to, body: JSON.parse(Buffer.concat(chunks).toString()), headers});
    const retryAfter = answer.retryAfterSeconds;
    response.writeHead(answer.status, retryAfter === undefined ? {} : {'retry-after': String(retryAfter)}).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

function lower(headers: Readonly<Record<string, string>>): ReceivedTask['headers'] {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
