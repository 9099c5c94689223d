import {generateKeyPairSync} from 'node:crypto';
import {systemClock} from '../../shared/clock';
import type {RateLimited} from '../../shared/errors';
import type {GitHub} from '../../shared/github/github';
import {Secret} from '../../shared/secret';
import {type ConnectedWorld, connectedWorld, organization, repository} from './world';

const request = {name: 'slipway-arm-1-1', labels: ['arm64'], runnerGroup: 'Default'};
const otherKey = generateKeyPairSync('rsa', {modulusLength: 2048})
  .privateKey.export({type: 'pkcs1', format: 'pem'})
  .toString();

let github: ConnectedWorld;
beforeEach(async () => {
  github = await connectedWorld();
});
afterEach(async () => {
  expect(github.world.violations).toEqual([]);
  await github.close();
});

const tokenCalls = () => github.lines().filter((line) => line.endsWith('/access_tokens'));

test('the installation of the payload is used before the configured one', async () => {
  github.world.addRepository('acme/app', {installationId: 42});
  const {app} = github.world;
  const credentials = {kind: 'app', appId: app.id, privateKey: async () => new Secret(app.privateKeyPem)} as const;
  const configured = github.connect({credentials: {...credentials, installationId: 13}});
  await configured(repository, 42).listRunners();
  await expect(configured(repository).listRunners()).rejects.toThrow(
    /404.*installation 13.*GITHUB_APP_INSTALLATION_ID/,
  );
  expect(tokenCalls()).toEqual([
    'POST /app/installations/42/access_tokens',
    // A 404 counts when it comes twice.
    'POST /app/installations/13/access_tokens',
    'POST /app/installations/13/access_tokens',
  ]);
});

test.each([
  [repository, 0, 'GET /repos/acme/app/installation'],
  [organization, undefined, 'GET /orgs/acme/installation'],
])('without an installation id, that of %j is looked up once', async (scope, id, lookUp) => {
  github.world.addRepository('acme/app', {installationId: 42});
  await github.gitHubFor(scope, id).listRunners();
  await github.gitHubFor(scope, id).listRunners();
  expect(github.lines().slice(0, 2)).toEqual([lookUp, 'POST /app/installations/42/access_tokens']);
  expect(github.lines().filter((line) => line.includes('installation'))).toHaveLength(2);
});

test('an App that is not installed is an error that says so', async () => {
  github.world.addRepository('acme/app', {installationId: null});
  const listed = github.gitHubFor(repository).listRunners();
  await expect(listed).rejects.toThrow(/not installed on repository acme\/app/);
});

test('a suspended installation is an error that says so, with and without a cached token', async () => {
  github.world.addRepository('acme/app', {installationId: 42});
  await github.gitHubFor(repository, 42).listRunners();
  github.world.app.installation(42).suspended = true;
  await expect(github.gitHubFor(repository, 42).listRunners()).rejects.toThrow(/suspended/);
  await expect(github.connect()(repository, 42).createJitConfig(request)).rejects.toMatchObject({kind: 'refused'});
});

test('an App that was replaced is read again after a 401, its id and its key', async () => {
  github.world.addRepository('acme/app', {installationId: 42});
  const {app} = github.world;
  let id = 17;
  const gitHubFor = github.connect({
    credentials: {
      kind: 'app',
      appId: async () => id,
      privateKey: async () => new Secret(app.privateKeyPem),
      invalidate: () => {
        id = app.id;
      },
    },
  });
  expect(await gitHubFor(repository, 42).listRunners()).toEqual([]);
});

test('a replaced private key is read again after a 401', async () => {
  github.world.addRepository('acme/app', {installationId: 42});
  const {app} = github.world;
  let key = otherKey;
  const gitHubFor = github.connect({
    credentials: {
      kind: 'app',
      appId: app.id,
      privateKey: async () => new Secret(key),
      invalidate: () => {
        key = app.privateKeyPem;
      },
    },
  });
  await expect(gitHubFor(repository, 42).listRunners()).resolves.toEqual([]);
  expect(tokenCalls()).toHaveLength(2);
});

test('a wrong private key is refused after one request, and is not in the message', async () => {
  github.world.addRepository('acme/app', {installationId: 42});
  const privateKey = async () => new Secret(otherKey);
  const gitHubFor = github.connect({credentials: {kind: 'app', appId: github.world.app.id, privateKey}});
  const listed = gitHubFor(repository, 42).listRunners();
  await expect(listed).rejects.toThrow(/401.*GITHUB_APP_PRIVATE_KEY/);
  await expect(listed).rejects.not.toThrow(/BEGIN/);
  expect(tokenCalls()).toHaveLength(1);
});

test('a clock that is a quarter of an hour slow is corrected by GitHub’s clock', async () => {
  await github.close();
  github = await connectedWorld({authClock: {...systemClock, now: () => systemClock.now() + 15 * 60_000}});
  github.world.addRepository('acme/app', {installationId: 42});
  await expect(github.connect({clock: systemClock})(repository, 42).listRunners()).resolves.toEqual([]);
  expect(tokenCalls()).toHaveLength(2);
});

test('a revoked installation token is replaced, and the request is sent again', async () => {
  github.world.addRepository('acme/app', {installationId: 42});
  await github.gitHubFor(repository, 42).listRunners();
  github.world.app.uninstall(42);
  github.world.app.install(github.world.accounts.organization('acme'), {id: 42});
  await expect(github.gitHubFor(repository, 42).createJitConfig(request)).resolves.toBeDefined();
  expect(tokenCalls()).toHaveLength(2);
});

describe('an installation token that GitHub answers 401', () => {
  const REFUSED = {status: 401, headers: {}, body: {message: 'Bad credentials'}};
  const refuse = (times: number) =>
    github.world.fault({match: {method: 'GET', path: /actions\/runners$/}, times, respond: REFUSED});
  const listings = () => github.lines().filter((line) => line.startsWith('GET'));

  beforeEach(() => {
    github.world.addRepository('acme/app', {installationId: 42});
  });

  test('if new, is sent again after one second, then after two, and is not replaced', async () => {
    refuse(2);
    const before = github.scheduler.now();
    await expect(github.gitHubFor(repository, 42).listRunners()).resolves.toEqual([]);
    expect(github.scheduler.now() - before).toBe(3_000);
    expect([tokenCalls().length, listings().length]).toEqual([1, 3]);
  });

  test('if older than five seconds, is replaced at once', async () => {
    await github.gitHubFor(repository, 42).listRunners();
    github.scheduler.advance(5_000);
    refuse(1);
    const before = github.scheduler.now();
    await expect(github.gitHubFor(repository, 42).listRunners()).resolves.toEqual([]);
    expect(github.scheduler.now() - before).toBe(0);
    expect([tokenCalls().length, listings().length]).toEqual([2, 3]);
  });

  test('like its replacement, ends in a refusal after six seconds of each', async () => {
    refuse(100);
    const before = github.scheduler.now();
    await expect(github.gitHubFor(repository, 42).listRunners()).rejects.toMatchObject({kind: 'refused'});
    expect(github.scheduler.now() - before).toBe(12_000);
    expect([tokenCalls().length, listings().length]).toEqual([2, 8]);
  });
});

test('the calls of one scope and the sweep’s calls share one token', async () => {
  github.world.addRepository('acme/app', {installationId: 42});
  const {forScope, discovery} = github.connection();
  await forScope(repository, 42).listRunners();
  await discovery.listRunners(repository, 42);
  expect(tokenCalls()).toHaveLength(1);
});

describe('an App that was removed and installed again', () => {
  beforeEach(() => {
    github.world.addRepository('acme/app', {installationId: 42});
  });

  function reinstall(id: number): void {
    github.world.app.uninstall(42);
    github.world.app.install(github.world.accounts.organization('acme'), {id});
  }

  test.each([
    [repository, 'GET /repos/acme/app/installation'],
    [organization, 'GET /orgs/acme/installation'],
  ])('serves who names its former installation, in %j', async (scope, lookUp) => {
    reinstall(77);
    await github.gitHubFor(scope, 42).createJitConfig(request);
    await github.gitHubFor(scope, 42).listRunners();
    expect(github.lines().slice(0, 3)).toEqual([
      'POST /app/installations/42/access_tokens',
      lookUp,
      'POST /app/installations/77/access_tokens',
    ]);
    expect(tokenCalls()).toHaveLength(2);
  });

  test('is found by its new id when a token is refused', async () => {
    await github.gitHubFor(repository, 42).listRunners();
    reinstall(77);
    await expect(github.gitHubFor(repository, 42).createJitConfig(request)).resolves.toBeDefined();
  });

  test('and whose new id GitHub cannot tell now is looked up later', async () => {
    reinstall(77);
    github.world.fault({match: {method: 'GET', path: /installation$/}, respond: {status: 503}});
    await expect(github.gitHubFor(repository, 42).listRunners()).rejects.toMatchObject({kind: 'unavailable'});
    await expect(github.gitHubFor(repository, 42).listRunners()).resolves.toEqual([]);
  });

  test('and removed for good is refused with the given id in the message', async () => {
    github.world.app.uninstall(42);
    await expect(github.gitHubFor(repository, 42).listRunners()).rejects.toThrow(/404.*Installation 42 is not there/);
  });
});

describe('a 404 to the request for a token', () => {
  const TOKEN = {method: 'POST', path: /access_tokens$/};
  const NOT_FOUND = {status: 404, headers: {}, body: {message: 'Not Found'}};

  beforeEach(() => {
    github.world.addRepository('acme/app', {installationId: 42});
  });

  test.each([undefined, 42])(
    'once is a moment’s: it is asked again some seconds later (configured: %p)',
    async (configured) => {
      const {app} = github.world;
      const privateKey = async () => new Secret(app.privateKeyPem);
      const credentials = {
        kind: 'app',
        appId: app.id,
        privateKey,
        ...(configured ? {installationId: configured} : {}),
      } as const;
      github.world.fault({match: TOKEN, respond: NOT_FOUND});
      const before = github.scheduler.now();
      await expect(github.connect({credentials})(repository, 42).createJitConfig(request)).resolves.toBeDefined();
      expect(tokenCalls()).toHaveLength(2);
      expect(github.scheduler.now() - before).toBe(3_000);
    },
  );

  test('twice, for an installation that GitHub lists, is retried later', async () => {
    github.world.fault({match: TOKEN, times: 2, respond: NOT_FOUND});
    const gitHubFor = github.connect();
    await expect(gitHubFor(repository, 42).listRunners()).rejects.toMatchObject({kind: 'unavailable'});
    expect(github.lines()).toContain('GET /app/installations/42');
    await expect(gitHubFor(repository, 42).listRunners()).resolves.toEqual([]);
  });

  test('for a missing installation is believed after a lookup, and at once from then on', async () => {
    github.world.app.uninstall(42);
    for (let n = 0; n < 3; n++) {
      await expect(github.gitHubFor(repository, 42).listRunners()).rejects.toMatchObject({kind: 'refused'});
    }
    expect(github.lines().filter((line) => line === 'GET /app/installations/42')).toHaveLength(1);
    expect(tokenCalls()).toHaveLength(4);
  });

  test('is not caused by two processes in one second: no two JWTs are the same', async () => {
    const processes = Array.from({length: 5}, () => github.connect()(repository, 42).listRunners());
    await expect(Promise.all(processes)).resolves.toHaveLength(5);
    expect(tokenCalls()).toHaveLength(5);
  });
});

test('a request for the installation of the App is repeated some seconds after a 404', async () => {
  github.world.addRepository('acme/app', {installationId: 42});
  const body = {message: 'Not Found', documentation_url: 'https://docs.github.com/rest', status: '404'};
  github.world.fault({match: {method: 'GET', path: /installation$/}, respond: {status: 404, headers: {}, body}});
  await expect(github.gitHubFor(repository).listRunners()).resolves.toEqual([]);
});

test('a personal access token replaces the App, without additional calls', async () => {
  github.world.addRepository('acme/app', {installationId: null});
  const token = new Secret(github.world.app.addPersonalToken('octocat'));
  const gitHubFor = github.connect({credentials: {kind: 'token', token: async () => token}});
  await gitHubFor(repository).createJitConfig(request);
  expect(github.lines()).toEqual(['POST /repos/acme/app/actions/runners/generate-jitconfig']);
});

test.each([
  [repository, 'Administration: write'],
  [organization, 'Self-hosted runners: write'],
])('a permission that is missing in %j is named', async (scope, permission) => {
  const acme = github.world.addOrganization('acme');
  github.world.app.install(acme, {id: 42, permissions: {actions: 'read', metadata: 'read'}});
  github.world.addRepository('acme/app');
  const runners = github.gitHubFor(scope, 42);
  await expect(runners.createJitConfig(request)).rejects.toThrow(permission);
  await expect(runners.listRunners()).rejects.toThrow(permission);
  expect(github.lines().filter((line) => line.endsWith('runner-groups'))).toEqual([]);
});

test('a personal token without administration rights is an error that names the scope', async () => {
  github.world.addRepository('acme/app');
  const token = new Secret(github.world.app.addPersonalToken('octocat', {admin: false}));
  const gitHubFor = github.connect({credentials: {kind: 'token', token: async () => token}});
  await expect(gitHubFor(repository).createJitConfig(request)).rejects.toThrow(/GITHUB_TOKEN.*scope repo/);
});

test('disabled self-hosted runners are an error that names group and repository', async () => {
  github.world.addRepository('acme/app', {runnersDisabled: true});
  const made = github.gitHubFor(repository).createJitConfig(request);
  await expect(made).rejects.toThrow(/403.*repository acme\/app \(runner_group_id 1, "Default"\).*disabled/);
});

test.each<[string, (runners: GitHub) => Promise<unknown>]>([
  ['a registration', (runners) => runners.createJitConfig(request)],
  ['a list', (runners) => runners.listRunners()],
  ['a deletion', (runners) => runners.deleteRunner(1)],
])('%s past the primary rate limit waits for the reset, and is reported', async (_, ask) => {
  github.world.addRepository('acme/app', {installationId: 42});
  const reported: RateLimited[] = [];
  const gitHubFor = github.connect({onRateLimit: (limited) => reported.push(limited)});
  await gitHubFor(repository, 42).listRunners();
  github.world.limits.primary = 1;
  github.scheduler.advance(20 * 60_000);
  await expect(ask(gitHubFor(repository, 42))).rejects.toMatchObject({
    kind: 'rate_limited',
    retryAfterSeconds: 40 * 60,
  });
  expect(reported).toHaveLength(1);
});

test('a secondary rate limit waits as long as GitHub says', async () => {
  github.world.addRepository('acme/app', {installationId: 42});
  github.world.limits.secondary = 5;
  await github.gitHubFor(repository, 42).createJitConfig(request);
  const second = github.gitHubFor(repository, 42).createJitConfig({...request, name: 'second'});
  await expect(second).rejects.toMatchObject({kind: 'rate_limited', retryAfterSeconds: 60});
  expect(github.world.runners.all()).toHaveLength(1);
});
