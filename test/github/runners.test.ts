import {findRegistration, settleRegistration} from '../../shared/runners/retire';
import {type ConnectedWorld, connectedWorld, JIT, organization, repository} from './world';

const request = {name: 'slipway-arm-1-1', labels: ['self-hosted', 'arm64'], runnerGroup: 'Default'};

/** A record of a registration that was tried, without an id. */
const tried = {name: request.name, githubId: null, registrationTriedAt: 0};

let github: ConnectedWorld;
beforeEach(async () => {
  github = await connectedWorld({latencies: {busy: [30_000, 30_000]}});
  github.world.addRepository('acme/app');
});
afterEach(async () => {
  expect(github.world.violations).toEqual([]);
  await github.close();
});

/** A runner that is online and runs a job. GitHub shows it as `busy` only after half a minute. */
async function busyRunner() {
  const {world, scheduler, gitHubFor} = github;
  const {runnerId, encodedJitConfig} = await gitHubFor(repository).createJitConfig(request);
  const connection = world.connect(encodedJitConfig.reveal());
  if (connection.kind === 'refused') throw new Error(connection.reason);
  world.queueJob({repository: 'acme/app', labels: ['arm64'], durationMs: 600_000});
  scheduler.advance(10_000);
  return {runnerId, session: connection.session};
}

test.each([repository, organization])('all pages of 250 runners are listed in %j', async (scope) => {
  const runners = github.gitHubFor(scope);
  const names = Array.from({length: 250}, (_, n) => `runner-${n}`);
  for (const name of names) github.world.runners.generateJitConfig(scope, {name, labels: ['arm64'], runnerGroupId: 1});
  const listed = await runners.listRunners();
  expect(listed.map((runner) => runner.name)).toEqual(names);
  expect(listed[249]).toEqual({
    id: listed[249]?.id,
    name: 'runner-249',
    status: 'offline',
    busy: false,
    labels: ['arm64'],
    customLabels: ['arm64'],
  });
  expect(github.lines().filter((line) => line.endsWith('/actions/runners'))).toHaveLength(3);
});

test('a GitHub Enterprise Server lists all pages under /api/v3', async () => {
  for (let n = 0; n < 101; n++) {
    github.world.runners.generateJitConfig(organization, {name: `r${n}`, labels: ['x'], runnerGroupId: 1});
  }
  const gitHubFor = github.connect({apiUrl: `${github.enterpriseUrl}/`});
  await gitHubFor(organization).createJitConfig(request);
  expect(await gitHubFor(organization).listRunners()).toHaveLength(102);
});

test('a failed page makes the whole list fail', async () => {
  for (let n = 0; n < 101; n++) {
    github.world.runners.generateJitConfig(repository, {name: `r${n}`, labels: ['x'], runnerGroupId: 1});
  }
  const runners = github.gitHubFor(repository);
  await runners.listRunners();
  github.world.fault({match: {path: /runners$/}, times: 2, respond: {status: 502, body: {message: 'Bad Gateway'}}});
  await expect(runners.listRunners()).rejects.toMatchObject({kind: 'unavailable', retryable: true});
});

test('a runner is found by its exact name and by its id, and no longer after its deletion', async () => {
  const runners = github.gitHubFor(organization);
  const {runnerId} = await runners.createJitConfig(request);
  expect(await runners.findRunner(request.name)).toMatchObject({id: runnerId, status: 'offline', busy: false});
  expect(await runners.findRunner(request.name.toUpperCase())).toBeUndefined();
  expect(await runners.findRunner('another')).toBeUndefined();
  expect(await runners.getRunner(runnerId)).toMatchObject({name: request.name});
  expect(await runners.deleteRunner(runnerId)).toBe('deleted');
  expect(await runners.deleteRunner(runnerId)).toBe('absent');
  expect(await runners.getRunner(runnerId)).toBeUndefined();
});

test('a runner that runs a job becomes busy, and is never deleted', async () => {
  const {runnerId} = await busyRunner();
  const runners = github.gitHubFor(repository);
  expect(await runners.getRunner(runnerId)).toMatchObject({status: 'online', busy: false});
  expect(await runners.deleteRunner(runnerId)).toBe('busy');
  github.scheduler.advance(30_000);
  expect(await runners.getRunner(runnerId)).toMatchObject({status: 'online', busy: true});
  expect(await runners.deleteRunner(runnerId)).toBe('busy');
});

test('a failed deletion says nothing about the runner', async () => {
  const runners = github.gitHubFor(repository);
  const {runnerId} = await runners.createJitConfig(request);
  github.world.fault({match: {method: 'DELETE', path: /runners/}, respond: 'lose-response'});
  await expect(runners.deleteRunner(runnerId)).rejects.toMatchObject({kind: 'unavailable'});
  expect(await runners.deleteRunner(runnerId)).toBe('absent');
});

test('after a registration without an answer, the registration is deleted and its name is free', async () => {
  const runners = github.gitHubFor(repository);
  github.world.fault({match: {path: JIT}, respond: 'lose-response'});
  await expect(runners.createJitConfig(request)).rejects.toMatchObject({kind: 'uncertain'});
  expect(await settleRegistration(runners, tried)).toBe('removed');
  expect(github.world.runners.all()).toEqual([]);
});

test('after a registration that never reached GitHub, there is nothing to delete', async () => {
  const runners = github.gitHubFor(repository);
  github.world.fault({match: {path: JIT}, respond: 'reset'});
  await expect(runners.createJitConfig(request)).rejects.toMatchObject({kind: 'uncertain'});
  expect(await settleRegistration(runners, tried)).toBe('absent');
});

test('after a 409, the registration on record is kept while it is connected', async () => {
  const runners = github.gitHubFor(repository);
  const {encodedJitConfig, runnerId} = await runners.createJitConfig(request);
  github.world.connect(encodedJitConfig.reveal());
  await expect(runners.createJitConfig(request)).rejects.toMatchObject({kind: 'name_taken'});
  expect(await settleRegistration(runners, {...tried, githubId: runnerId})).toBe('alive');
  expect(github.world.runners.all()).toHaveLength(1);
});

test('a registration that GitHub refuses to delete is alive, although it looks offline and idle', async () => {
  const {session} = await busyRunner();
  session.disconnect();
  const runners = github.gitHubFor(repository);
  const registration = await runners.findRunner(request.name);
  expect(registration).toMatchObject({status: 'offline', busy: false});
  expect(await settleRegistration(runners, {...tried, githubId: registration?.id ?? 0})).toBe('alive');
});

test.each([
  ['that we had not tried to register', {registrationTriedAt: null}, false],
  ['of a record of an older version, which does not say what was tried', {registrationTriedAt: undefined}, false],
  ['that we tried to register, but under which somebody is connected', {}, true],
])('a registration under a name %s is somebody else’s, and stays', async (_, record, isConnected) => {
  const runners = github.gitHubFor(repository);
  const {encodedJitConfig} = await runners.createJitConfig(request);
  if (isConnected) github.world.connect(encodedJitConfig.reveal());
  const {registrationTriedAt, ...untold} = {...tried, ...record};
  const recorded = registrationTriedAt === undefined ? untold : {...untold, registrationTriedAt};
  expect(await settleRegistration(runners, recorded)).toBe('foreign');
  expect(await findRegistration(runners, recorded)).toBeUndefined();
  expect(github.world.runners.all()).toHaveLength(1);
});
