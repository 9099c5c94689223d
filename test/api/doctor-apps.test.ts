import {aSystem, MINUTE, type TestSystem} from '../builders/system';
import {appKey} from '../emulators/github/app-key';
import {QUEUES} from '../emulators/system';
import {ApiClient} from './client';

jest.setTimeout(120_000);

const POOLS = `pools:
  - {name: arm, repo: acme/app, requires: [self-hosted], provider: {type: gce, template: runner-arm64, zones: [us-central1-a]}}`;
const SECOND = QUEUES.provision.replace(/provision$/, 'provision-2');

let system: TestSystem;
let api: ApiClient;
beforeAll(async () => {
  const second = [{appId: 171_504, privateKey: appKey().privateKeyPem}];
  system = await aSystem({
    pools: POOLS,
    env: {
      RUNNER_MANAGER_SECRET: 'sesame',
      GITHUB_APPS: JSON.stringify(second),
      PROVISION_QUEUE: `${QUEUES.provision},${SECOND}`,
    },
  });
  system.github.addApp(171_504);
  api = new ApiClient(system.urls.api);
});
afterAll(() => system.close());

async function finding(check: string): Promise<{status: string; because: string}> {
  const {json} = await api.get('/doctor', {secret: 'sesame'});
  const found = (json['findings'] as {check: string; status: string; because: string}[]).find(
    (each) => each.check === check,
  );
  if (!found) throw new Error(`no finding ${check}`);
  return found;
}

const theSecond = () => {
  const app = system.github.apps[1];
  const installation = app?.installations()[0];
  if (!app || !installation) throw new Error('no second App');
  return {app, installation};
};

test('an App that shares the load is looked at beside the first one', async () => {
  const key = await finding('app.key');
  expect(key.status).toBe('ok');
  expect(key.because).toMatch(/slipway-world \(171503\); app-2 \(GITHUB_APPS\[0\]\): .*slipway-world-2 \(171504\)/);
});

test('its permissions are an error, and where it is not installed is a warning', async () => {
  const {app, installation} = theSecond();
  const {permissions} = installation;
  installation.permissions = {metadata: 'read'};
  expect(await finding('app.permissions')).toMatchObject({
    status: 'error',
    because: expect.stringMatching(/^app-2 .*acme has not accepted/),
  });
  installation.permissions = permissions;
  installation.suspended = true;
  expect(await finding('app.installations')).toMatchObject({
    status: 'warning',
    because: expect.stringMatching(/^app-2 .*suspended on acme/),
  });
  installation.suspended = false;
  expect(app.installations()).toHaveLength(1);
});

test('an account on which it is installed, and the first App is not, is a warning, and its groups are looked at', async () => {
  const first = system.github.app;
  const [installation] = first.installations();
  if (!installation) throw new Error('no installation');
  installation.suspended = true;
  // Where the second App was found suspended it is left out for five minutes.
  await system.pass(6 * MINUTE);
  // The first App is installed somewhere, at least.
  system.github.addRepository('other/one');
  expect(await finding('app.installations')).toMatchObject({
    status: 'warning',
    because: expect.stringMatching(/suspended on acme; another App acts there, and the sweep has to find the jobs/),
  });
  expect(await finding('groups')).toMatchObject({status: 'ok', because: expect.stringContaining('acme/app')});
  theSecond().installation.suspended = true;
  expect(await finding('app.installations')).toMatchObject({status: 'error'});
  theSecond().installation.suspended = false;
  installation.suspended = false;
});

test('its key that GitHub refuses is an error, which shows nothing of the key', async () => {
  const {app} = theSecond();
  app.id = 9;
  const key = await finding('app.key');
  expect(key).toMatchObject({status: 'error', because: expect.stringMatching(/^app-2 /)});
  expect(key.because).not.toContain(appKey().privateKeyPem.slice(40, 80));
  app.id = 171_504;
});

test('of several provision queues a paused one is named', async () => {
  expect((await finding('queue.provision')).because).toMatch(/queues provision, provision-2 run/);
  const url = `http://${system.env['CLOUD_TASKS_EMULATOR_HOST']}/v2/${SECOND}`;
  await fetch(`${url}:pause`, {method: 'POST'});
  expect(await finding('queue.provision')).toMatchObject({
    status: 'error',
    because: expect.stringContaining('provision-2 is paused'),
  });
  await fetch(`${url}:resume`, {method: 'POST'});
});
