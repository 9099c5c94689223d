import type {Octokit} from '@octokit/rest';
import {webhookProblems} from './contract';
import {inRange} from './http/created-range';
import {handlers} from './http/handlers';
import {openApi} from './openapi';
import {type StartedGitHub, startGitHub} from './start-github';

const APP = {owner: 'acme', repo: 'app'};
const RUNS = 'GET /repos/{owner}/{repo}/actions/runs';

let github: StartedGitHub;

beforeEach(async () => {
  github = await startGitHub();
  github.world.addRepository('acme/app', {installationId: 7001});
});

/** Every answer was checked against GitHub's description on its way out. */
afterEach(async () => {
  await github.server.close();
  expect(github.world.violations).toEqual([]);
});

function queue(name = 'build', runId?: number) {
  const job = {repository: 'acme/app', labels: ['linux'], durationMs: 1000, name};
  return github.world.queueJob(runId === undefined ? job : {...job, runId});
}

it('models every operation of the description', () => {
  const described = Object.values(openApi().paths).flatMap((path) =>
    Object.values(path).map((each) => each.operationId),
  );
  expect(described.filter((operationId) => !(operationId in handlers))).toEqual([]);
});

describe.each<[string, () => Octokit, string[]]>([
  [
    'the App',
    () => github.client(),
    [
      '/app',
      '/app/installations',
      '/app/installations/7001',
      '/app/hook/deliveries',
      '/repos/acme/app/installation',
      '/orgs/acme/installation',
    ],
  ],
  [
    'an installation',
    () => github.client(7001),
    [
      '/installation/repositories',
      '/rate_limit',
      '/meta',
      '/orgs/acme/repos',
      '/orgs/acme/actions/runners',
      '/orgs/acme/actions/runner-groups?visible_to_repository=app',
      '/repos/acme/app/actions/workflows',
    ],
  ],
])('to %s', (_, client, paths) => {
  it.each(paths)('answers GET %s', async (path) => {
    expect((await client().request(`GET ${path}`)).status).toBe(200);
  });
});

it('finds queued and running jobs by way of their runs', async () => {
  const octokit = github.client(7001);
  const first = queue('one');
  queue('two', first.runId);
  queue('three');
  expect((await octokit.request(RUNS, {...APP, status: 'queued'})).data.total_count).toBe(2);
  const scope = {kind: 'repository', ...APP} as const;
  const jit = github.world.runners.generateJitConfig(scope, {name: 'r-1', labels: ['linux'], runnerGroupId: 1});
  github.world.connect(jit.encodedJitConfig);
  github.scheduler.advance(2500);
  const {data} = await octokit.request(RUNS, {...APP, status: 'in_progress'});
  expect(data.workflow_runs.map((run) => run.id)).toEqual([first.runId]);
  const run = {...APP, run_id: first.runId};
  const jobs = await octokit.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}/jobs', run);
  expect(jobs.data.jobs.map((job) => [job.name, job.runner_name])).toEqual([
    ['one', 'r-1'],
    ['two', null],
  ]);
  const job = await octokit.request('GET /repos/{owner}/{repo}/actions/jobs/{job_id}', {...APP, job_id: first.id});
  expect(job.data).toMatchObject({id: first.id, run_id: first.runId, labels: ['linux']});
  expect((await octokit.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}', run)).data.id).toBe(first.runId);
});

it('gives the URLs of pages on its own web address', async () => {
  const job = queue();
  const octokit = github.client(7001);
  const shown = await octokit.request('GET /repos/{owner}/{repo}/actions/jobs/{job_id}', {...APP, job_id: job.id});
  const page = `${github.server.url}/acme/app/actions/runs/${job.runId}`;
  expect(shown.data.html_url).toBe(`${page}/job/${job.id}`);
  const run = await octokit.request('GET /repos/{owner}/{repo}/actions/runs/{run_id}', {...APP, run_id: job.runId});
  expect([run.data.html_url, run.data.repository.html_url]).toEqual([page, `${github.server.url}/acme/app`]);
});

it('filters runs by when they were created', async () => {
  queue();
  github.scheduler.advance(3_600_000);
  queue();
  const count = async (created: string) =>
    (await github.client(7001).request(RUNS, {...APP, created})).data.total_count;
  expect(await count('>=2026-11-01T01:00:00Z')).toBe(1);
  expect(await count('<2026-11-01T01:00:00Z')).toBe(1);
  expect(await count('2026-11-01')).toBe(2);
});

it.each([
  ['2026-11-01..2026-11-02', true],
  ['*..2026-10-31', false],
  ['>2026-11-01', false],
  ['<=2026-11-01', true],
  ['2026-11-01T12:00:00Z', true],
])('noon of 1 November is in %s: %s', (range, expected) => {
  expect(inRange(Date.parse('2026-11-01T12:00:00Z'), range)).toBe(expected);
});

it('runs a job again over REST once its run is over', async () => {
  const job = queue();
  const rerun = () =>
    github.client(7001).request('POST /repos/{owner}/{repo}/actions/jobs/{job_id}/rerun', {...APP, job_id: job.id});
  await expect(rerun()).rejects.toMatchObject({status: 403});
  github.world.cancelJob(job.id);
  expect((await rerun()).status).toBe(201);
  expect(github.world.queue.jobs().at(-1)).toMatchObject({runId: job.runId, runAttempt: 2, status: 'queued'});
});

it('keeps hooks of repositories and organizations, and their deliveries', async () => {
  const organization = github.world.accounts.organization('acme');
  github.world.app.uninstall(7001);
  const permissions = {repository_hooks: 'write', organization_hooks: 'write'} as const;
  github.world.app.install(organization, {id: 7009, permissions});
  const octokit = github.client(7009);
  const sent: string[] = [];
  const deliver = async ({headers}: {headers: Readonly<Record<string, string>>}) => {
    sent.push(headers['X-GitHub-Delivery'] ?? '');
    return {status: 500};
  };
  const hook = github.world.addHook({target: {kind: 'organization', name: 'acme'}, secret: 's', deliver});
  const config = {url: 'https://slipway.example/webhook', secret: 's', content_type: 'json'};
  const made = await octokit.request('POST /repos/{owner}/{repo}/hooks', {...APP, name: 'web', config});
  expect((await octokit.request('GET /repos/{owner}/{repo}/hooks', APP)).data.map(({id}) => id)).toEqual([
    made.data.id,
  ]);
  expect((await octokit.request('GET /orgs/{org}/hooks', {org: 'acme'})).data.map(({id}) => id)).toEqual([hook.id]);
  github.world.deliveries.hook(made.data.id).active = false;
  queue();
  github.scheduler.advance(1000);
  await github.world.deliveries.settled();
  const list = 'GET /orgs/{org}/hooks/{hook_id}/deliveries';
  const {data} = await octokit.request(list, {org: 'acme', hook_id: hook.id});
  await octokit.request('POST /orgs/{org}/hooks/{hook_id}/deliveries/{delivery_id}/attempts', {
    org: 'acme',
    hook_id: hook.id,
    delivery_id: Number(data[0]?.id),
  });
  github.scheduler.advance(1000);
  expect(sent).toEqual([data[0]?.guid, data[0]?.guid]);
});

it('shows a personal token the repositories of its user', async () => {
  const token = github.world.app.addPersonalToken('octocat');
  const response = await fetch(`${github.server.url}/user/repos`, {headers: {authorization: `token ${token}`}});
  expect(await response.json()).toMatchObject([{full_name: 'acme/app'}]);
});

it('knows a webhook that GitHub would not send', () => {
  expect(webhookProblems('workflow_job', 'queued', {action: 'queued'}).join()).toContain("'workflow_job'");
  expect(webhookProblems('workflow_job', 'invented', {})).toEqual(['GitHub has no webhook workflow-job-invented']);
});
