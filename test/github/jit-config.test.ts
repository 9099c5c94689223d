import {type ConnectedWorld, connectedWorld, JIT, organization, repository} from './world';

const request = {name: 'slipway-arm-1-1', labels: ['self-hosted', 'Linux', 'arm64'], runnerGroup: 'Default'};
const inRepository = 'POST /repos/acme/app/actions/runners/generate-jitconfig';
const inOrganization = 'POST /orgs/acme/actions/runners/generate-jitconfig';
const groupList = 'GET /orgs/acme/actions/runner-groups';

let github: ConnectedWorld;
async function start(...given: Parameters<typeof connectedWorld>) {
  github = await connectedWorld(...given);
  return github;
}
afterEach(async () => {
  expect(github.world.violations).toEqual([]);
  await github.close();
});

/** The requests without those for the token and the installation. */
const calls = () => github.lines().filter((line) => line.includes('/actions/'));

test.each([
  [repository, inRepository],
  [organization, inOrganization],
])('a JIT config takes one call in %j, and the token is fetched once for all', async (scope, line) => {
  const {world, gitHubFor} = await start();
  world.addRepository('acme/app', {installationId: 42});
  const names = Array.from({length: 12}, (_, n) => `slipway-arm-1-${n}`);
  const configs = await Promise.all(names.map((name) => gitHubFor(scope, 42).createJitConfig({...request, name})));
  expect(github.lines()).toEqual(['POST /app/installations/42/access_tokens', ...names.map(() => line)]);
  for (const {runnerId, encodedJitConfig} of configs) {
    expect(world.connect(encodedJitConfig.reveal())).toMatchObject({
      kind: 'connected',
      session: {runner: {id: runnerId}},
    });
    expect(String(encodedJitConfig)).toBe('***');
  }
  expect(world.runners.all().map((runner) => runner.labels)).toEqual(
    names.map(() => ['self-hosted', 'linux', 'arm64']),
  );
});

test('a token is used until five minutes before it expires, then replaced', async () => {
  const {world, gitHubFor, scheduler} = await start();
  world.addRepository('acme/app', {installationId: 42});
  const tokens = () => github.lines().filter((line) => line.endsWith('/access_tokens')).length;
  await gitHubFor(repository, 42).listRunners();
  scheduler.advance(54 * 60_000);
  await gitHubFor(organization, 42).listRunners();
  expect(tokens()).toBe(1);
  scheduler.advance(60_000);
  await gitHubFor(repository, 42).listRunners();
  expect(tokens()).toBe(2);
});

test('a name in use is NameTaken, after one request', async () => {
  const {world, gitHubFor} = await start();
  world.addRepository('acme/app');
  await gitHubFor(repository).createJitConfig(request);
  await expect(gitHubFor(repository).createJitConfig(request)).rejects.toMatchObject({kind: 'name_taken'});
  expect(calls()).toEqual([inRepository, inRepository]);
});

test.each(['lose-response', 'reset', {status: 500}, {status: 503, body: {message: 'No server is available'}}] as const)(
  'after the fault %j a registration is uncertain, and was asked for once',
  async (respond) => {
    const {world, gitHubFor} = await start();
    world.addRepository('acme/app');
    world.fault({match: {path: JIT}, times: 10, respond});
    await expect(gitHubFor(repository).createJitConfig(request)).rejects.toMatchObject({kind: 'uncertain'});
    expect(calls()).toEqual([inRepository]);
    expect(world.runners.all()).toHaveLength(respond === 'lose-response' ? 1 : 0);
  },
);

test('a failed request for a token is not uncertain: nothing was registered', async () => {
  const {world, gitHubFor} = await start();
  world.addRepository('acme/app', {installationId: 42});
  world.fault({match: {path: /access_tokens$/}, respond: 'reset'});
  await expect(gitHubFor(repository, 42).createJitConfig(request)).rejects.toMatchObject({kind: 'unavailable'});
  await expect(gitHubFor(repository, 42).createJitConfig(request)).resolves.toBeDefined();
});

test('a named group is looked up once in an hour', async () => {
  const {world, gitHubFor, scheduler} = await start();
  world.addOrganization('acme', {runnerGroups: [{name: 'GPU', id: 7}]});
  world.addRepository('acme/app');
  const next = (n: number) => gitHubFor(organization).createJitConfig({...request, name: `r${n}`, runnerGroup: 'gpu'});
  await next(1);
  await next(2);
  expect(calls()).toEqual([groupList, inOrganization, inOrganization]);
  expect(world.runners.all().map((runner) => runner.group.id)).toEqual([7, 7]);
  scheduler.advance(60 * 60_000);
  await next(3);
  expect(calls().slice(3)).toEqual([groupList, inOrganization]);
});

test('an unknown group is refused with the existing groups in the message', async () => {
  const {world, gitHubFor} = await start();
  world.addOrganization('acme', {runnerGroups: [{name: 'GPU'}]});
  world.addRepository('acme/app');
  const made = gitHubFor(organization).createJitConfig({...request, runnerGroup: 'cpu'});
  await expect(made).rejects.toThrow('no runner group "cpu" in organization acme, expected one of "Default", "GPU"');
  await expect(made).rejects.toMatchObject({kind: 'refused'});
  expect(calls()).toEqual([groupList]);
});

test('a named group in a repository is refused without a call', async () => {
  const {world, gitHubFor} = await start();
  world.addRepository('acme/app');
  const made = gitHubFor(repository).createJitConfig({...request, runnerGroup: 'gpu'});
  await expect(made).rejects.toThrow('the only group of a repository');
  expect(github.lines()).toEqual([]);
});

test('the default group is looked up only if its id is not 1, and cached', async () => {
  const {world, gitHubFor} = await start();
  world.addOrganization('acme', {defaultGroupId: 9});
  world.addRepository('acme/app');
  await gitHubFor(organization).createJitConfig(request);
  await gitHubFor(organization).createJitConfig({...request, name: 'another', runnerGroup: 'default'});
  expect(calls()).toEqual([inOrganization, groupList, inOrganization, inOrganization]);
});

test('a group that was created again under its name is found', async () => {
  const {world, gitHubFor} = await start();
  const acme = world.addOrganization('acme', {runnerGroups: [{name: 'gpu', id: 7}]});
  world.addRepository('acme/app');
  const gpu = {...request, runnerGroup: 'gpu'};
  await gitHubFor(organization).createJitConfig({...gpu, name: 'before'});
  acme.groups.splice(1, 1);
  world.accounts.addRunnerGroup(acme, {name: 'gpu', id: 8});
  await gitHubFor(organization).createJitConfig({...gpu, name: 'after'});
  expect(world.runners.all().map((runner) => runner.group.id)).toEqual([7, 8]);
});
