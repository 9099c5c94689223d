import {RateLimited, RetryableError} from '../../shared/errors';
import {connectGitHub} from '../../shared/github/client';
import type {Discovery} from '../../shared/github/github';
import {sharedDiscovery} from '../../shared/github/shared-discovery';
import {Secret} from '../../shared/secret';
import {createLogger} from '../../shared/telemetry/create-logger';
import type {App, InstallationOptions} from '../emulators/github/app';
import {installationCaller} from '../emulators/github/http/authenticate';
import {type ConnectedWorld, connectedWorld, organization, repository} from './world';

const URL = 'https://slipway.example/webhook';
const APP = {fullName: 'acme/app', installationId: null, isPublic: null, pushedAt: null};

let world: ConnectedWorld;
let first: App;
let second: App;
let discovery: Discovery;
let log: string[];

beforeEach(async () => {
  world = await connectedWorld();
  first = world.world.app;
  second = world.world.addApp();
  second.refusesTwins = true;
  world.world.addRepository('acme/app');
  world.world.addRepository('acme/web');
  log = [];
  discovery = newProcess();
});
afterEach(async () => {
  await world.close();
  expect(world.world.violations).toEqual([]);
});

function newProcess(): Discovery {
  const clock = world.scheduler;
  const logger = createLogger({level: 'debug', destination: {write: (line) => log.push(line)}});
  const apps = world.world.apps.map((app, index) => {
    const privateKey = async () => new Secret(app.privateKeyPem);
    const apiUrl = world.enterpriseUrl.replace('/api/v3', '');
    const connection = connectGitHub({apiUrl, clock, credentials: {kind: 'app', appId: app.id, privateKey}});
    const webhookUrl = async () => (await connection.inspection.webhook()).url;
    return {name: `app-${index + 1}`, ...connection, webhookUrl};
  });
  return sharedDiscovery({apps: apps as [(typeof apps)[0]], clock, logger});
}

function installationOf(app: App, login = 'acme') {
  const found = app.installationOfAccount(login);
  if (!found) throw new Error('no installation');
  return found;
}
function reinstall(app: App, options: InstallationOptions): void {
  const {account, id} = installationOf(app);
  app.uninstall(id);
  app.install(account, options);
}
const usedBy = (app: App) => world.world.limits.state(installationCaller(installationOf(app).id)).used;
const queued = () =>
  world.world.queueJob({repository: 'acme/app', labels: ['self-hosted', 'linux'], durationMs: 60_000});

/** What a sweep sees of acme/app. */
async function look() {
  const sinceMs = world.scheduler.now() - 60_000;
  const {open} = await discovery.recentRuns(APP, sinceMs);
  const {items: runs} = await discovery.openRuns(APP, sinceMs);
  const [run] = runs;
  const jobs = run ? (await discovery.jobs(APP, run)).items.map(({id}) => id) : [];
  const runners = await discovery.listRunners(repository, null);
  return {open: open.length, jobs, runners: runners.length};
}

test('the first App is asked where it acts, and no other one', async () => {
  const job = queued();
  expect(await look()).toEqual({open: 1, jobs: [job.id], runners: 0});
  expect(await discovery.job(APP, job.id)).toMatchObject({id: job.id});
  expect(usedBy(first)).toBeGreaterThan(0);
  expect(usedBy(second)).toBe(0);
  expect(log).toEqual([]);
});

const AWAY: [string, () => unknown][] = [
  ['is not installed', () => first.uninstall(installationOf(first).id)],
  ['is suspended', () => Object.assign(installationOf(first), {suspended: true})],
  ['leaves the repository out', () => reinstall(first, {repositories: ['acme/web']})],
  [
    'has no permission for what is asked',
    () => Object.assign(installationOf(first), {permissions: {metadata: 'read'}}),
  ],
  ['has another key at GitHub', () => Object.assign(first, {id: first.id + 7})],
];

test.each(AWAY)('where the first App %s another one looks', async (_, make) => {
  const job = queued();
  make();
  expect(await look()).toEqual({open: 1, jobs: [job.id], runners: 0});
  expect(await discovery.job(APP, job.id)).toMatchObject({id: job.id});
  expect(await discovery.run(APP, job.runId)).toMatchObject({id: job.runId});
  expect(await discovery.isOver(APP, job.runId)).toBe(false);
  expect(await discovery.visibility(APP)).toBe('private');
  expect(await discovery.access(APP)).toBe('granted');
  expect(log.join('\n')).toMatch(/app-1 is left out/);
});

test.each<[string, (job: {readonly id: number; readonly runId: number}) => Promise<unknown>, unknown]>([
  ['a job', (job) => discovery.job(APP, job.id), expect.objectContaining({status: 'queued'})],
  ['a run', (job) => discovery.run(APP, job.runId), expect.objectContaining({isPublic: false})],
  ['that a run goes on', (job) => discovery.isOver(APP, job.runId), false],
  ['a repository', () => discovery.visibility(APP), 'private'],
])(
  '%s is not taken for absent because the first App alone does not reach the repository any more',
  async (_, ask, expected) => {
    const job = queued();
    // Then its installation is known, and GitHub answers 404 to the call itself.
    await ask(job);
    reinstall(first, {id: installationOf(first).id, repositories: ['acme/web']});
    expect(await ask(job)).toEqual(expected);
  },
);

test('where GitHub limits the first App another one looks, and the first one rests until its time', async () => {
  const job = queued();
  world.world.limits.secondary = 900;
  const limited = installationCaller(installationOf(first).id);
  for (let each = 0; each < 180; each++) world.world.limits.charge(limited, 'POST');
  expect(await look()).toEqual({open: 1, jobs: [job.id], runners: 0});
  world.scheduler.advance(61_000);
  const before = usedBy(first);
  await look();
  expect(usedBy(first)).toBeGreaterThan(before);
});

test('a job and a run that do not exist are absent, and a repository that no App reaches is refused with 404', async () => {
  expect(await discovery.job(APP, 999)).toBeUndefined();
  expect(await discovery.run(APP, 999)).toBeUndefined();
  expect(await discovery.isOver(APP, 999)).toBe(true);
  const nowhere = {...APP, fullName: 'acme/nowhere'};
  for (let each = 0; each < 2; each++) {
    await expect(discovery.recentRuns(nowhere, 0)).rejects.toMatchObject({kind: 'refused', status: 404});
  }
  expect(await discovery.access(nowhere)).toBe('not_selected');
});

test('when GitHub limits every App the call is limited', async () => {
  world.world.limits.secondary = 900;
  for (const app of world.world.apps) {
    const caller = installationCaller(installationOf(app).id);
    for (let each = 0; each < 180; each++) world.world.limits.charge(caller, 'POST');
  }
  await expect(discovery.listRunners(organization, null)).rejects.toBeInstanceOf(RateLimited);
});

test('the repositories of all Apps are listed, each with an installation of the first one or none', async () => {
  first.uninstall(installationOf(first).id);
  first.install(world.world.accounts.account('acme') ?? never(), {repositories: ['acme/app']});
  world.world.addRepository('umbrella/tool');
  first.uninstall(installationOf(first, 'umbrella').id);
  const {items, failure} = await discovery.listRepositories();
  expect(failure).toBeUndefined();
  expect(items.map(({fullName, installationId}) => [fullName, installationId]).sort()).toEqual([
    ['acme/app', installationOf(first).id],
    ['acme/web', null],
    ['umbrella/tool', null],
  ]);
  const ofOrg = await discovery.listRepositoriesOf('umbrella');
  expect(ofOrg.items.map(({fullName}) => fullName)).toEqual(['umbrella/tool']);
});

test('the list of an account is told to be a part of it while GitHub does not say whether an App acts there', async () => {
  world.world.fault({match: {method: 'GET', path: /installation$/}, times: 1, respond: {status: 503}});
  const {items, failure} = await discovery.listRepositoriesOf('acme');
  expect([items.length < 4, failure]).toEqual([true, expect.any(RetryableError)]);
  world.scheduler.advance(10 * 60_000);
  expect((await discovery.listRepositoriesOf('acme')).failure).toBeUndefined();
});

test('a key of another App that GitHub refuses hides no repository of the first one', async () => {
  Object.assign(second, {id: second.id + 7});
  const {items, failure} = await discovery.listRepositories();
  expect(items.map(({fullName}) => fullName).sort()).toEqual(['acme/app', 'acme/web']);
  expect(failure).toBeUndefined();
});

describe('failed deliveries', () => {
  const addHook = (app: App, url = URL) =>
    world.world.addHook({target: {kind: 'app', app}, url, secret: 's', deliver: async () => ({status: 503})});

  test('are read and redelivered of each App that delivers here', async () => {
    addHook(first);
    addHook(second);
    queued();
    world.scheduler.advance(60_000);
    await world.world.deliveries.settled();
    const hooks = await discovery.appHooks();
    expect(hooks).toEqual([{kind: 'app'}, {kind: 'app', app: 'app-2'}]);
    for (const [index, hook] of hooks.entries()) {
      const {deliveries} = await discovery.deliveries(hook, {cursor: null, failuresOnly: false});
      expect(deliveries).toMatchObject([{hook, event: 'workflow_job', ok: false}]);
      const [failed] = deliveries;
      if (failed) await discovery.redeliver(failed);
      world.scheduler.advance(60_000);
      await world.world.deliveries.settled();
      const again = world.world.deliveries.list(
        ({target}) => target.kind === 'app' && target.app === world.world.apps[index],
      );
      expect(again.map(({redelivery}) => redelivery)).toEqual([true, false]);
    }
  });

  test('of an App that delivers elsewhere, or not at all, are not ours', async () => {
    addHook(first);
    expect(await discovery.appHooks()).toEqual([{kind: 'app'}]);
    addHook(second, 'https://elsewhere.example/hook');
    expect(await newProcess().appHooks()).toEqual([{kind: 'app'}]);
  });

  test('of the first App are read while GitHub tells nothing of the other', async () => {
    addHook(first);
    addHook(second);
    Object.assign(second, {id: second.id + 7});
    expect(await discovery.appHooks()).toEqual([{kind: 'app'}]);
  });
});

function never(): never {
  throw new Error('no account');
}
