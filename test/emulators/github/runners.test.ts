import {type StartedGitHub, startGitHub} from './start-github';

const JIT = 'POST /repos/{owner}/{repo}/actions/runners/generate-jitconfig';
const ORG_JIT = 'POST /orgs/{org}/actions/runners/generate-jitconfig';
const APP = {owner: 'acme', repo: 'app'};

let github: StartedGitHub;

beforeEach(async () => {
  github = await startGitHub();
  github.world.addOrganization('acme', {
    defaultGroupId: 5,
    runnerGroups: [{name: 'gpu', id: 9, repositories: ['acme/app']}],
  });
  github.world.addRepository('acme/app', {installationId: 7001});
  github.world.addRepository('acme/locked', {runnersDisabled: true});
});

afterEach(() => github.server.close());

function client() {
  return github.client(7001);
}

function jit(name: string, change: object = {}) {
  return client().request(JIT, {...APP, name, runner_group_id: 1, labels: ['Self-Hosted', 'linux'], ...change});
}

it('gives a JIT config of at least 2 KB with the labels in lower case, and none added', async () => {
  const {status, data} = await jit('r-1');
  expect(status).toBe(201);
  expect(data.encoded_jit_config.length).toBeGreaterThan(2048);
  expect(data.runner).toMatchObject({name: 'r-1', status: 'offline', busy: false, ephemeral: true, version: null});
  expect(data.runner.labels.map((label) => label.name)).toEqual(['self-hosted', 'linux']);
  expect(github.world.violations).toEqual([]);
});

it('gives a JIT config in an organization for a group of its own', async () => {
  const {data} = await client().request(ORG_JIT, {org: 'acme', name: 'r-1', runner_group_id: 9, labels: ['gpu']});
  expect(data.runner).toMatchObject({name: 'r-1', runner_group_id: 9});
  const groups = await client().request('GET /orgs/{org}/actions/runner-groups', {org: 'acme'});
  expect(groups.data.runner_groups.map(({id, name}) => [id, name])).toEqual([
    [5, 'Default'],
    [9, 'gpu'],
  ]);
});

it.each([
  ['a group that is not there', {runner_group_id: 44}, 404],
  ['the group of hosted runners', {runner_group_id: 2}, 403],
  ['a repository that is not there', {repo: 'nothing'}, 404],
  ['a repository without self-hosted runners', {repo: 'locked'}, 403],
  ['no label', {labels: []}, 422],
  ['no group', {runner_group_id: undefined}, 422],
  ['labels that are no list', {labels: 'linux'}, 422],
  ['a name that is too long', {name: 'r'.repeat(65)}, 422],
])('refuses %s', async (_, change, status) => {
  await expect(jit('r-1', change)).rejects.toMatchObject({status});
  expect(github.world.runners.all()).toEqual([]);
});

it('remembers a request that does not fit the description as a violation', async () => {
  await expect(jit('r-1', {labels: []})).rejects.toMatchObject({status: 422});
  const [violation] = github.world.violations;
  expect(violation?.where).toBe('POST /repos/acme/app/actions/runners/generate-jitconfig');
  expect(violation?.problems.join()).toContain('/labels must NOT have fewer than 1 items');
});

it('refuses a name that is taken with 409, whatever its case', async () => {
  await jit('r-1');
  await expect(jit('R-1')).rejects.toMatchObject({status: 409});
});

it('has no such operation outside of the description, and says so', async () => {
  await expect(client().request('GET /repos/acme/app/actions/jobs')).rejects.toMatchObject({status: 404});
  expect(github.world.violations).toEqual([
    {where: 'GET /repos/acme/app/actions/jobs', problems: ['there is no such operation']},
  ]);
});

it('lists more than 100 runners in pages of at most 100, with Link and total_count', async () => {
  for (let n = 0; n < 103; n++) {
    const scope = {kind: 'repository', ...APP} as const;
    github.world.runners.generateJitConfig(scope, {name: `r-${n}`, labels: ['linux'], runnerGroupId: 1});
  }
  const route = 'GET /repos/{owner}/{repo}/actions/runners';
  const first = await client().request(route, {...APP, per_page: 1000});
  expect(first.data.runners).toHaveLength(100);
  expect(first.headers.link).toMatch(/page=2>; rel="next"/);
  const all = await client().paginate(route, {...APP, per_page: 100});
  expect(new Set(all.map((runner) => runner.id)).size).toBe(103);
  expect(first.data.total_count).toBe(103);
  const named = await client().request(route, {...APP, name: 'r-77'});
  expect(named.data).toMatchObject({total_count: 1, runners: [{name: 'r-77'}]});
});

it('leaves a new registration out of lists for a while, but not out of a read by its id', async () => {
  await github.server.close();
  github = await startGitHub({latencies: {listing: [5000, 5000]}});
  github.world.addRepository('acme/app', {installationId: 7001});
  const {data} = await jit('r-1');
  const list = () => client().request('GET /repos/{owner}/{repo}/actions/runners', APP);
  expect((await list()).data.total_count).toBe(0);
  const read = 'GET /repos/{owner}/{repo}/actions/runners/{runner_id}';
  expect((await client().request(read, {...APP, runner_id: data.runner.id})).data.name).toBe('r-1');
  github.scheduler.advance(5000);
  expect((await list()).data.total_count).toBe(1);
});

it('deletes an idle runner once and ends its process', async () => {
  const {data} = await jit('r-1');
  const connection = github.world.connect(data.encoded_jit_config);
  if (connection.kind !== 'connected') throw new Error(connection.reason);
  const ends: string[] = [];
  connection.session.onEnd((end) => ends.push(end));
  const remove = () =>
    client().request('DELETE /repos/{owner}/{repo}/actions/runners/{runner_id}', {...APP, runner_id: data.runner.id});
  expect((await remove()).status).toBe(204);
  github.scheduler.advance(0);
  expect(ends).toEqual(['removed']);
  await expect(remove()).rejects.toMatchObject({status: 404});
  expect(github.world.connect(data.encoded_jit_config)).toEqual({
    kind: 'refused',
    reason: 'the registration is gone',
  });
});

it('forgets an ephemeral runner that never connects after a day', async () => {
  await jit('r-1');
  github.scheduler.advance(24 * 3_600_000 - 1);
  expect(github.world.runners.all()).toHaveLength(1);
  github.scheduler.advance(1);
  expect(github.world.runners.all()).toEqual([]);
});

it('changes the labels of a runner', async () => {
  const {data} = await jit('r-1');
  const runner = {...APP, runner_id: data.runner.id};
  const path = '/repos/{owner}/{repo}/actions/runners/{runner_id}/labels' as const;
  const names = (answer: {data: {labels: {name: string}[]}}) => answer.data.labels.map((label) => label.name);
  expect(names(await client().request(`PUT ${path}`, {...runner, labels: ['A']}))).toEqual(['a']);
  expect(names(await client().request(`POST ${path}`, {...runner, labels: ['b']}))).toEqual(['a', 'b']);
  expect(names(await client().request(`DELETE ${path}/{name}`, {...runner, name: 'a'}))).toEqual(['b']);
  expect(names(await client().request(`GET ${path}`, runner))).toEqual(['b']);
  expect(names(await client().request(`DELETE ${path}`, runner))).toEqual([]);
});
