import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import type {Query} from '../emulators/aws/actions';
import {AwsApi} from '../emulators/aws/api';
import {REGION} from '../emulators/aws/places';
import {type AwsInstance, AwsWorld} from '../emulators/aws/world';
import {KEPT_CONNECTIONS} from '../emulators/kept-connections';
import {VirtualScheduler} from '../emulators/scheduler';

const BELT = join(__dirname, '../../terraform/aws/belt/index.mjs');
const HOUR_MS = 3_600_000;

/** EC2 as the AWS SDK calls it, without a look at its signatures. */
const world = new AwsWorld({scheduler: new VirtualScheduler(Date.now() - 12 * HOUR_MS), startMs: 0, unseenMs: () => 0});
const api = new AwsApi(world);
const server = createServer(KEPT_CONNECTIONS, async (request, response) => {
  const {Action: action = '', Version: _, ...parameters} = Object.fromEntries(new URLSearchParams(await text(request)));
  const answer = api.answer({action, parameters});
  if (answer === 'broken') response.destroy();
  else response.writeHead(answer.status, {'content-type': 'text/xml;charset=UTF-8'}).end(answer.text);
});

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => new Promise((resolve) => server.close(resolve)));

/** Runs the function as Lambda does, with the real SDK; returns what its handler returned. */
async function run(hours: number): Promise<unknown> {
  const program = `import(process.argv[1]).then(({handler}) => handler()).then((result) => console.log('result ' + JSON.stringify(result)))`;
  const child = spawn(process.execPath, ['-e', program, BELT], {
    env: {
      AWS_REGION: REGION,
      AWS_ENDPOINT_URL_EC2: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
      AWS_ACCESS_KEY_ID: 'a-key-of-a-test',
      AWS_SECRET_ACCESS_KEY: 'a-secret-of-a-test',
      DEPLOYMENT: 'slipway',
      HOURS: String(hours),
    },
  });
  const [output, errors] = await Promise.all([text(child.stdout), text(child.stderr)]);
  const [, result] = /^result (.*)$/m.exec(output) ?? [];
  if (result === undefined) throw new Error(`expected a result of ${BELT}, found:\n${output}${errors}`);
  return JSON.parse(result);
}

test('the belt terminates old instances of its deployment, and no others', async () => {
  const running = (name: string, more: {deployment?: string; kept?: string} = {deployment: 'slipway'}): AwsInstance =>
    world.add({name, isRunning: true, ...more});
  const old = running('slipway-linux-7-1');
  const kept = running('slipway-linux-8-1', {deployment: 'slipway', kept: ''});
  const foreign = running('nightly-linux-9-1', {deployment: 'nightly'});
  const untagged = running('database', {});

  expect(await run(13)).toEqual({terminated: []});
  expect(old.state).toBe('running');

  expect(await run(11)).toEqual({terminated: [old.id]});
  expect([old, kept, foreign, untagged].map(({state}) => state)).toEqual([
    'shutting-down',
    'running',
    'running',
    'running',
  ]);
  expect(await run(11)).toEqual({terminated: []});
  expect(api.violations).toEqual([]);
}, 60_000);

test('one that cannot be terminated leaves the others no longer, and is named', async () => {
  const some = ['slipway-linux-10-1', 'slipway-linux-11-1'].map((name) =>
    world.add({name, isRunning: true, deployment: 'slipway'}),
  );
  const isFirst = ({action, parameters}: Query) =>
    action === 'TerminateInstances' && parameters['InstanceId.1'] === some[0]?.id;
  api.fault({match: isFirst, respond: {status: 400, code: 'OperationNotPermitted', message: 'It is protected.'}});
  await expect(run(11)).rejects.toThrow(`${some[0]?.id}: OperationNotPermitted: It is protected.`);
  expect(some.map(({state}) => state)).toEqual(['running', 'shutting-down']);
}, 60_000);
