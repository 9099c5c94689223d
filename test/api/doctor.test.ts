import {createApi} from '../../functions/api/index';
import {createLogger} from '../../shared/telemetry/create-logger';
import {holdTimeouts, pass, releaseTimeouts} from '../builders/held-timeouts';
import {aSystem, MINUTE, type TestSystem} from '../builders/system';
import {SecretManagerServer} from '../emulators/secret-manager/server';
import {serve} from '../emulators/serve';
import {ApiClient} from './client';
import {FAULTS, MANAGER} from './doctor-faults';

// The first use of a Google client loads its modules, which takes time.
jest.setTimeout(120_000);

const POOLS = `
pools:
  - name: arm
    repo: acme/app
    requires: [self-hosted, linux]
    maxRunners: 5
    provider: {type: gce, template: runner-arm64, region: us-central1, zones: [us-central1-a, us-central1-b]}
  - name: org
    org: acme
    requires: [self-hosted, gpu]
    runnerGroup: builders
    provider: {type: gce, template: runner-gpu, zones: [us-central1-a], spot: prefer}
  - name: built
    repo: acme/web
    requires: [self-hosted, build-server]
    provider: {type: gce-vm, instance: build-1, zone: us-central1-b}
`;

const CHECKS = [
  'configuration',
  'app.key',
  'app.permissions',
  'app.events',
  'app.webhook',
  'app.deliveries',
  'app.installations',
  'groups',
  'pool.arm.provider',
  'pool.arm.quota',
  'pool.org.provider',
  'pool.org.quota',
  'pool.built.provider',
  'pool.built.quota',
  'queue.provision',
  'queue.stop',
  'sweep',
  'store',
  'secrets',
  'vm.build-1',
  'runner_version',
];

interface Finding {
  readonly check: string;
  readonly status: string;
  readonly because: string;
  readonly do: string;
}

let secrets: SecretManagerServer;
let system: TestSystem;
let api: ApiClient;

let changesBefore: readonly string[] = [];

/** Requests that change something at GitHub or Compute Engine. A token of an installation is asked for with POST. */
function changes(): string[] {
  return [...system.computeServer.requests, ...system.github.requests]
    .filter(({method, path}) => method !== 'GET' && !path.endsWith('/access_tokens'))
    .map(({method, path}) => `${method} ${path}`);
}

/** One deployment for all cases: each brings its fault, and takes it back. */
beforeAll(async () => {
  secrets = await SecretManagerServer.start();
  secrets.addVersion(MANAGER, 'sesame');
  system = await aSystem({
    pools: POOLS,
    env: {RUNNER_MANAGER_SECRET: MANAGER, SECRET_MANAGER_EMULATOR_HOST: `${secrets.host}:${secrets.port}`},
  });
  const {github, compute} = system;
  const [acme] = github.accounts.repositories().map(({owner}) => owner);
  if (!acme) throw new Error('no account');
  github.accounts.addRunnerGroup(acme, {name: 'builders', id: 7, repositories: ['acme/app']});
  compute.addInstance({name: 'build-1', zone: 'us-central1-b'});
  github.runners.registerPersistent(
    {kind: 'repository', owner: 'acme', repo: 'web'},
    {name: 'build-1', labels: ['self-hosted', 'build-server'], runnerGroupId: 1},
  );
  api = new ApiClient(system.urls.api);
  system.queueJob({labels: ['self-hosted', 'gpu'], repository: 'acme/app', durationMs: MINUTE});
  await system.pass(20 * MINUTE);
  await system.sweep();
  changesBefore = changes();
});
afterAll(async () => {
  await system.close();
  await secrets.close();
});
afterEach(() => expect(system.github.violations).toEqual([]));

async function findings(asked = api): Promise<Map<string, Finding>> {
  const {status, json} = await asked.get('/doctor', {secret: 'sesame'});
  expect(status).toBe(200);
  const found = json['findings'] as Finding[];
  expect(found.map(({check}) => check)).toEqual(CHECKS);
  expect(found.every(({because, do: remedy}) => because !== '' && remedy !== '')).toBe(true);
  return new Map(found.map((finding) => [finding.check, finding]));
}

/** The findings that are neither ok nor skipped, as `<check>: <status>`. */
function wrong(found: ReadonlyMap<string, Finding>): string[] {
  return [...found.values()]
    .filter(({status}) => status === 'error' || status === 'warning')
    .map(({check, status}) => `${check}: ${status}`);
}

test('a deployment that works has nothing but ok, and says what was not checked', async () => {
  const found = [...(await findings()).values()];
  expect(found.filter(({status}) => status === 'warning' || status === 'error')).toEqual([]);
  expect(found.filter(({status}) => status === 'skipped').map(({check}) => check)).toEqual([
    'pool.built.provider',
    'pool.built.quota',
  ]);
  const {json} = await api.get('/doctor', {secret: 'sesame'});
  expect(json['status']).toBe('ok');
});

test.each(FAULTS)('$name', async ({make, mend, found, says: [check, text]}) => {
  await make({system, secrets});
  try {
    const all = await findings();
    expect(wrong(all)).toEqual(found);
    expect(all.get(check)?.because).toMatch(text);
  } finally {
    await mend({system, secrets});
  }
});

test('while GitHub is silent, what it would have said is skipped, and the rest is found out', async () => {
  const before = system.github.requests.length;
  system.github.fault({match: {path: /^\//}, times: 100, respond: 'hang'});
  holdTimeouts();
  try {
    const asked = findings();
    await pass(5_000, () => system.github.requests.length >= before + 3);
    const found = await asked;
    expect(wrong(found)).toEqual([]);
    const silent = [...found.values()].filter(({because}) => because.includes('GitHub did not answer within 5 s'));
    expect(silent.map(({check, status}) => `${check}: ${status}`)).toEqual([
      'app.key: skipped',
      'app.permissions: skipped',
      'app.events: skipped',
      'app.webhook: skipped',
      'app.deliveries: skipped',
      'app.installations: skipped',
      'groups: skipped',
      'vm.build-1: skipped',
    ]);
    expect(found.get('pool.arm.provider')?.status).toBe('ok');
  } finally {
    releaseTimeouts();
    system.github.faults.clear();
  }
});

test('the configuration of the webhook alone does not answer: only its check is skipped', async () => {
  system.github.fault({match: {path: /^\/app\/hook\/config$/}, times: 9, respond: {status: 503}});
  try {
    const found = await findings();
    expect(wrong(found)).toEqual([]);
    expect(found.get('app.webhook')).toMatchObject({status: 'skipped', because: expect.stringContaining('503')});
    expect(found.get('app.deliveries')?.status).toBe('ok');
  } finally {
    system.github.faults.clear();
  }
});

test.each([
  {scopes: ['repo', 'admin:org'], permissions: {status: 'ok', because: expect.stringContaining('repo, admin:org')}},
  {scopes: ['repo'], permissions: {status: 'error', because: expect.stringContaining('lacks the scope admin:org')}},
])('with a token of the scopes $scopes instead of an App', async ({scopes, permissions}) => {
  const {GITHUB_APP_ID: _, GITHUB_APP_PRIVATE_KEY: __, ...others} = system.env;
  const env = {...others, GITHUB_TOKEN: system.github.app.addPersonalToken('alice', {scopes})};
  const {scheduler: clock, store} = system;
  const logger = createLogger({level: 'error', destination: {write: () => undefined}});
  const server = await serve(createApi({env, clock, logger, store}));
  try {
    const found = await findings(new ApiClient(server.url));
    expect(found.get('app.permissions')).toMatchObject(permissions);
    for (const id of ['key', 'events', 'webhook', 'deliveries', 'installations']) {
      const skipped = {status: 'skipped', because: expect.stringContaining('GITHUB_TOKEN')};
      expect(found.get(`app.${id}`)).toMatchObject(skipped);
    }
    expect(wrong(found).filter((each) => !each.startsWith('app.permissions'))).toEqual([]);
    expect(found.get('groups')?.status).toBe('ok');
  } finally {
    await server.close();
  }
});

test('deep health is its short form: well without errors, unhealthy with one', async () => {
  const well = await api.get('/health?deep=true', {secret: 'sesame'});
  expect(well.status).toBe(200);
  const checks = well.json['checks'] as Record<string, object>;
  expect(Object.keys(checks)).toEqual(CHECKS);
  expect(checks).toMatchObject({
    store: {status: 'ok'},
    runner_version: {status: 'ok'},
  });
  system.tasks.fault({times: 9, respond: {status: 'PERMISSION_DENIED'}});
  const ill = await api.get('/health?deep=true', {secret: 'sesame'});
  expect(ill.status).toBe(503);
  expect(ill.json).toMatchObject({
    status: 'unhealthy',
    checks: {'queue.stop': {status: 'error', detail: expect.stringContaining('PERMISSION_DENIED')}},
  });
});

test('it needs the secret', async () => {
  expect(await api.get('/doctor', {secret: null})).toMatchObject({status: 401});
});

test('it has changed nothing', () => {
  expect(changes()).toEqual(changesBefore);
});
