import {sameName} from '../account';
import {type Job, type Run, runStatus} from '../job';
import type {GitHubWorld} from '../model';
import {jobFields, nodeId, repositoryJson} from '../payload';
import {notFound} from '../refusal';
import {isoSeconds} from '../time';
import {type Call, fullName, type Handler, type Handlers} from './call';
import {inRange} from './created-range';
import {paginate} from './paginate';

/** GitHub shows no more of a filtered list. */
const LONGEST_FILTERED_LIST = 1000;
const HEAD_SHA = '3484a3fb816e0859fd6e1cea078d76385ff50625';

const listRuns: Handler = (call) => {
  const {status, created} = call.query;
  const wanted = call.world.queue
    .runs()
    .filter((run) => sameName(run.repository, fullName(call)))
    .filter((run) => status === undefined || Object.values(runStatus(run)).includes(String(status)))
    .filter((run) => created === undefined || inRange(run.createdAtMs, String(created)))
    .reverse();
  const isFiltered = status !== undefined || created !== undefined;
  const page = paginate(call, isFiltered ? wanted.slice(0, LONGEST_FILTERED_LIST) : wanted);
  return {
    status: 200,
    headers: page.headers,
    // It counts all, and shows no more than its limit.
    body: {total_count: wanted.length, workflow_runs: page.items.map((run) => runJson(call.world, run))},
  };
};

const getRun: Handler = (call) => ({status: 200, body: runJson(call.world, runOf(call))});

const listJobs: Handler = (call) => {
  const run = runOf(call);
  const jobs = run.jobs.filter((job) => call.query['filter'] === 'all' || job.runAttempt === run.attempt);
  const page = paginate(call, jobs);
  return {
    status: 200,
    headers: page.headers,
    body: {total_count: page.total, jobs: page.items.map((job) => jobJson(call.world, job))},
  };
};

const getJob: Handler = (call) => ({status: 200, body: jobJson(call.world, jobOf(call))});

const rerunJob: Handler = (call) => {
  call.world.rerun(jobOf(call).id);
  return {status: 201, body: {}};
};

const listWorkflows: Handler = () => ({status: 200, body: {total_count: 0, workflows: []}});

/** No repository of this world holds a file. */
const getContent: Handler = () => {
  throw notFound();
};

const listGroups: Handler = (call) => {
  const {org} = call.path;
  const visibleTo = call.query['visible_to_repository'];
  const groups = call.world.accounts
    .organization(String(org))
    .groups.filter(
      ({repositories}) =>
        visibleTo === undefined || repositories === 'all' || repositories.has(`${org}/${visibleTo}`.toLowerCase()),
    );
  const page = paginate(call, groups);
  const api = `https://api.github.com/orgs/${org}/actions/runner-groups`;
  return {
    status: 200,
    headers: page.headers,
    body: {
      total_count: page.total,
      runner_groups: page.items.map((group) => ({
        id: group.id,
        name: group.name,
        visibility: group.repositories === 'all' ? 'all' : 'selected',
        default: group.isDefault,
        runners_url: `${api}/${group.id}/runners`,
        inherited: false,
        allows_public_repositories: group.allowsPublicRepositories,
        restricted_to_workflows: false,
        selected_workflows: [],
      })),
    },
  };
};

function runOf(call: Call): Run {
  const run = call.world.queue.run(Number(call.path['run_id']));
  if (!sameName(run.repository, fullName(call))) throw notFound();
  return run;
}

function jobOf(call: Call): Job {
  const job = call.world.queue.job(Number(call.path['job_id']));
  if (!sameName(job.repository, fullName(call))) throw notFound();
  return job;
}

function jobJson({webUrl}: GitHubWorld, job: Job) {
  return {...jobFields(job, webUrl), head_sha: HEAD_SHA, head_branch: 'main', workflow_name: 'CI'};
}

function runJson(world: GitHubWorld, run: Run) {
  const api = `https://api.github.com/repos/${run.repository}`;
  const url = `${api}/actions/runs/${run.id}`;
  const repository = repositoryJson(world.accounts.repository(run.repository), world.webUrl);
  const made = isoSeconds(run.createdAtMs);
  return {
    id: run.id,
    node_id: nodeId(`WorkflowRun${run.id}`),
    name: 'CI',
    display_title: 'CI',
    head_branch: 'main',
    head_sha: HEAD_SHA,
    path: '.github/workflows/ci.yml',
    run_number: run.number,
    run_attempt: run.attempt,
    event: 'push',
    ...runStatus(run),
    workflow_id: 9_100_000,
    url,
    html_url: `${world.webUrl}/${run.repository}/actions/runs/${run.id}`,
    pull_requests: [],
    created_at: made,
    updated_at: made,
    run_started_at: made,
    jobs_url: `${url}/jobs`,
    logs_url: `${url}/logs`,
    check_suite_url: `${api}/check-suites/${run.id}`,
    artifacts_url: `${url}/artifacts`,
    cancel_url: `${url}/cancel`,
    rerun_url: `${url}/rerun`,
    workflow_url: `${api}/actions/workflows/9100000`,
    head_commit: null,
    repository,
    head_repository: repository,
  };
}

export const actionsHandlers: Handlers = {
  'actions/list-workflow-runs-for-repo': listRuns,
  'actions/get-workflow-run': getRun,
  'actions/list-jobs-for-workflow-run': listJobs,
  'actions/get-job-for-workflow-run': getJob,
  'actions/re-run-job-for-workflow-run': rerunJob,
  'actions/list-self-hosted-runner-groups-for-org': listGroups,
  'actions/list-repo-workflows': listWorkflows,
  'repos/get-content': getContent,
};
