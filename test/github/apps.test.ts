import {checkedPrivateKey} from '../../shared/config/credentials';
import {RateLimited} from '../../shared/errors';
import {sharedGitHub} from '../../shared/github/apps';
import {connectGitHub} from '../../shared/github/client';
import type {GitHubFor} from '../../shared/github/github';
import {createAppLimits} from '../../shared/runners/app-limits';
import {Secret} from '../../shared/secret';
import {createMemoryStore} from '../../shared/store/memory';
import type {Store} from '../../shared/store/store';
import {createLogger} from '../../shared/telemetry/create-logger';
import type {App, InstallationOptions} from '../emulators/github/app';
import {installationCaller} from '../emulators/github/http/authenticate';
import {type ConnectedWorld, connectedWorld, JIT, organization, repository} from './world';

let world: ConnectedWorld;
let second: App;
let store: Store;
let log: string[];
let url: string;

beforeEach(async () => {
  world = await connectedWorld();
  url = world.enterpriseUrl.replace('/api/v3', '');
  second = world.world.addApp();
  second.refusesTwins = true;
  world.world.addRepository('acme/app');
  store = createMemoryStore({clock: world.scheduler});
  log = [];
});
afterEach(async () => {
  await world.close();
  expect(world.world.violations).toEqual([]);
});

/** Another process that has both Apps, and the store in common with the others. */
function process(credentials: Second = {}): GitHubFor {
  return ports(credentials).github;
}

interface Second {
  readonly secondKey?: () => Promise<Secret>;
  readonly secondInstallation?: number;
}

function ports(credentials: Second = {}): ReturnType<typeof sharedGitHub> {
  const clock = world.scheduler;
  const logger = createLogger({level: 'debug', destination: {write: (line) => log.push(line)}});
  const keyOf = (app: App) => async () => new Secret(app.privateKeyPem);
  const apps = world.world.apps.map((app, index) => {
    const privateKey = (app === second && credentials.secondKey) || keyOf(app);
    const installationId = app === second ? credentials.secondInstallation : undefined;
    const given = {kind: 'app', appId: app.id, privateKey, ...(installationId ? {installationId} : {})} as const;
    return {name: `app-${index + 1}`, ...connectGitHub({apiUrl: url, clock, credentials: given})};
  });
  return sharedGitHub({apps, limits: createAppLimits({store, clock, logger}), clock, logger});
}

let serial = 0;
const request = () => ({name: `slipway-arm-${++serial}-1`, labels: ['arm64'], runnerGroup: 'Default'});
const installationOf = (app: App, login = 'acme') => {
  const found = app.installationOfAccount(login);
  if (!found) throw new Error('no installation');
  return found;
};
const usedBy = (app: App) => world.world.limits.state(installationCaller(installationOf(app).id)).used;
/** The App is installed anew on the account of its only installation. */
function reinstall(app: App, options: InstallationOptions): void {
  const {account, id} = installationOf(app);
  app.uninstall(id);
  app.install(account, options);
}
/** Requests of the installations of each App. */
const used = () => world.world.apps.map(usedBy);
const registrations = () => world.lines().filter((line) => JIT.test(line)).length;

test('registrations are spread evenly over two Apps that have as much left', async () => {
  const github = process();
  for (let each = 0; each < 40; each++) await github(repository).createJitConfig(request());
  const [first = 0, other = 0] = used();
  expect(first + other).toBe(40);
  // The first App has the sweep's calls to carry, too.
  expect(first).toBeGreaterThanOrEqual(17);
  expect(first).toBeLessThanOrEqual(20);
});

test('an App that has less left of its hour gets less of the load', async () => {
  world.world.limits.primary = 1_000;
  const github = process();
  for (let each = 0; each < 800; each++)
    world.world.limits.charge(installationCaller(installationOf(second).id), 'GET');
  for (let each = 0; each < 6; each++) await github(repository).createJitConfig(request());
  const before = used();
  for (let each = 0; each < 40; each++) await github(repository).createJitConfig(request());
  const [first = 0, other = 0] = used().map((now, app) => now - (before[app] ?? 0));
  expect(first + other).toBe(40);
  expect(first).toBeGreaterThan(3 * other);
  expect(other).toBeGreaterThan(0);
});

test('when GitHub limits one App the other one registers, and no process asks the limited one before its time', async () => {
  const github = process();
  const limited = installationCaller(installationOf(world.world.app).id);
  world.world.limits.secondary = 900;
  for (let each = 0; each < 180; each++) world.world.limits.charge(limited, 'POST');
  await github(repository).createJitConfig(request());
  await github(repository).createJitConfig(request());
  const asked = registrations();
  // One was refused; both were made.
  expect(asked).toBe(3);
  expect(world.world.runners.all()).toHaveLength(2);
  const other = process();
  for (let each = 0; each < 5; each++) await other(repository).createJitConfig(request());
  expect(registrations()).toBe(asked + 5);
  expect(await store.get('breakers', 'github.acme.app-1')).toMatchObject({open: true});
  expect(await store.get('breakers', 'github.acme')).toBeUndefined();
});

test('a call of a dry run asks no App that GitHub limits, and notes nothing of what it learns itself', async () => {
  const {github, whileDry} = ports();
  world.world.limits.secondary = 900;
  const limit = (app: App) => {
    for (let each = 0; each < 180; each++)
      world.world.limits.charge(installationCaller(installationOf(app).id), 'POST');
  };
  for (const app of world.world.apps) limit(app);
  await expect(whileDry(repository).listRunners()).rejects.toThrow(RateLimited);
  expect(await store.find('breakers', {where: {}, limit: 10})).toEqual([]);

  world.scheduler.advance(61_000);
  limit(world.world.app);
  await github(repository).createJitConfig(request());
  await github(repository).createJitConfig(request());
  const noted = await store.get('breakers', 'github.acme.app-1');
  expect(noted).toMatchObject({open: true});
  const before = usedBy(world.world.app);
  await ports().whileDry(repository).listRunners();
  expect(usedBy(world.world.app)).toBe(before);
  world.scheduler.advance(61_000);
  for (let each = 0; each < 4; each++) await ports().whileDry(repository).listRunners();
  expect(usedBy(world.world.app)).toBeGreaterThan(before);
  expect(await store.get('breakers', 'github.acme.app-1')).toEqual(noted);
});

test('an App that may be asked again is probed by one caller, and its breaker closes', async () => {
  const github = process();
  world.world.limits.secondary = 900;
  const limited = installationCaller(installationOf(world.world.app).id);
  for (let each = 0; each < 180; each++) world.world.limits.charge(limited, 'POST');
  await github(repository).createJitConfig(request());
  world.scheduler.advance(61_000);
  const before = usedBy(world.world.app);
  for (let each = 0; each < 10; each++) await github(repository).createJitConfig(request());
  expect(usedBy(world.world.app)).toBeGreaterThan(before);
  expect(await store.get('breakers', 'github.acme.app-1')).toBeUndefined();
});

test('when GitHub limits every App the call is limited, until the first of them may be asked', async () => {
  const github = process();
  world.world.limits.secondary = 10;
  for (let each = 0; each < 4; each++) await github(repository).createJitConfig(request());
  world.scheduler.advance(20_000);
  const failed = await github(repository)
    .createJitConfig(request())
    .catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(RateLimited);
  expect((failed as RateLimited).message).toMatch(/limits every App on acme/);
  expect((failed as RateLimited).retryAfterSeconds).toBeLessThanOrEqual(60);
});

test.each([
  ['is not installed on an account', () => second.uninstall(installationOf(second).id)],
  ['is suspended there', () => Object.assign(installationOf(second), {suspended: true})],
  [
    'leaves the repository out',
    () => {
      const {account, id} = installationOf(second);
      second.uninstall(id);
      second.install(account, {repositories: ['acme/other']});
    },
  ],
])('an App that %s is left out there, and serves other accounts', async (_, make) => {
  world.world.addRepository('other/one');
  make();
  const github = process();
  for (let each = 0; each < 6; each++) await github(repository).createJitConfig(request());
  expect(world.world.runners.all()).toHaveLength(6);
  expect(registrations()).toBe(6);
  for (let each = 0; each < 6; each++) {
    await github({kind: 'repository', owner: 'other', repo: 'one'}).createJitConfig(request());
  }
  const others = installationCaller(installationOf(second, 'other').id);
  expect(world.world.limits.state(others).used).toBeGreaterThan(0);
  expect(log.filter((line) => line.includes('app-2 is left out for repository acme/app'))).toHaveLength(1);
});

test('the first App suspended on an account: another one serves it', async () => {
  installationOf(world.world.app).suspended = true;
  const github = process();
  for (let each = 0; each < 4; each++) await github(repository, 42).createJitConfig(request());
  expect(world.world.runners.all()).toHaveLength(4);
});

test.each([
  ['leaves the repository out', (app: App) => reinstall(app, {repositories: ['acme/other']})],
  [
    'has no permission for runners',
    (app: App) => Object.assign(installationOf(app), {permissions: {metadata: 'read'} as const}),
  ],
  ['is not installed', (app: App) => app.uninstall(installationOf(app).id)],
  ['has another key at GitHub', (app: App) => Object.assign(app, {id: app.id + 7})],
])(
  'the first App %s: another one serves the repository, and the first one is not asked again for minutes',
  async (_, make) => {
    const github = process();
    make(world.world.app);
    for (let each = 0; each < 6; each++) await github(repository, 42).createJitConfig(request());
    expect(world.world.runners.all()).toHaveLength(6);
    expect(registrations()).toBeLessThanOrEqual(7);
    expect(log.filter((line) => line.includes('app-1 is left out'))).toHaveLength(1);
  },
);

test('a runner group that is not there is refused by each App, and holds up no other pool', async () => {
  const github = process();
  world.world.app.uninstall(installationOf(world.world.app).id);
  const wrong = {...request(), runnerGroup: 'nowhere'};
  await expect(github(organization).createJitConfig(wrong)).rejects.toThrow(/no runner group "nowhere"/);
  await github(organization).createJitConfig(request());
  expect(world.world.runners.all()).toHaveLength(1);
});

test('no App installed: the refusal of the first one says what to do', async () => {
  for (const app of world.world.apps) app.uninstall(installationOf(app).id);
  await expect(process()(repository).createJitConfig(request())).rejects.toThrow(
    /not installed on repository acme\/app/,
  );
});

test('a runner that one App registered is found, looked at and deleted by whichever is asked', async () => {
  const github = process();
  const made = await github(repository).createJitConfig(request());
  for (let each = 0; each < 4; each++) expect(await github(repository).getRunner(made.runnerId)).toBeDefined();
  expect(used().every((requests) => requests > 0)).toBe(true);
  expect(await github(repository).deleteRunner(made.runnerId)).toBe('deleted');
  expect(await github(repository).deleteRunner(made.runnerId)).toBe('absent');
  expect(world.world.runners.all()).toEqual([]);
});

test.each([
  ['the first App', () => world.world.app],
  ['another App', () => second],
])('a runner is not taken for gone because %s does not reach its repository any more', async (_, which) => {
  const github = process();
  const made = await github(repository).createJitConfig(request());
  for (let each = 0; each < 4; each++) await github(repository).getRunner(made.runnerId);
  reinstall(which(), {id: installationOf(which()).id, repositories: ['acme/other']});
  for (let each = 0; each < 4; each++) expect(await github(repository).getRunner(made.runnerId)).toBeDefined();
});

test.each([
  ['a key that GitHub refuses', () => ({}), () => Object.assign(second, {id: second.id + 7})],
  ['a key that is none', () => ({secondKey: async () => checkedPrivateKey(new Secret('nonsense'))}), () => undefined],
  ['an installation of somebody else', () => ({secondInstallation: 4_711}), () => undefined],
  [
    'no permission for runners',
    () => ({}),
    () => Object.assign(installationOf(second), {permissions: {metadata: 'read'}}),
  ],
])('%s holds nothing up while the first App can do it, and no key is in the log', async (_, credentials, make) => {
  const github = process(credentials());
  make();
  for (let each = 0; each < 6; each++) await github(repository).createJitConfig(request());
  expect(world.world.runners.all()).toHaveLength(6);
  expect(log.join('\n')).toContain('app-2 is left out');
  expect(log.join('\n')).not.toContain(world.world.app.privateKeyPem.slice(40, 80));
  expect(log.join('\n')).not.toContain('nonsense');
});

test('what is wrong with the request is thrown, and leaves no App out', async () => {
  const github = process();
  const taken = request();
  await github(organization).createJitConfig(taken);
  await expect(github(organization).createJitConfig(taken)).rejects.toMatchObject({kind: 'name_taken'});
  expect(log.filter((line) => line.includes('left out'))).toEqual([]);
});

test('a scope gets no more registrations in five minutes than GitHub takes, and is not refused', async () => {
  world.world.limits.registrations = 1_500;
  const processes = [process(), process(), process()];
  const startMs = world.scheduler.now();
  for (let each = 0; each < 500; each++) {
    await processes[each % 3]?.(repository).createJitConfig(request());
  }
  expect(log.filter((line) => line.includes('limit'))).toEqual([]);
  // 285 a minute, and five seconds' worth of them at once.
  expect((world.scheduler.now() - startMs) / 1000).toBeGreaterThan((500 * 60) / 285 - 10);
});
