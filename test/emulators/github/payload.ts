import definitions from '@octokit/webhooks-examples';
import type {Account, Repository} from './account';
import type {Job, JobStatus} from './job';
import {isoSeconds} from './time';

type Json = Record<string, unknown>;

export interface JobPayload extends Json {
  readonly action: JobStatus;
  readonly workflow_job: Json;
  readonly repository: Json;
}

/** Where the pages of the GitHub are that most people use. */
export const GITHUB_COM = 'https://github.com';

const EXAMPLES = (definitions.find((definition) => definition.name === 'workflow_job')?.examples ??
  []) as unknown as Json[];

/** An example of this action and status. The first `in_progress` one is of 2021 and lacks fields that are sent today. */
function example(action: JobStatus, status: JobStatus): Json {
  const found = EXAMPLES.find((body) => {
    const job = body['workflow_job'] as Json;
    return body['action'] === action && job['status'] === status && 'run_attempt' in job;
  });
  if (!found) throw new Error(`no example of workflow_job ${action} with status ${status}`);
  return found;
}

const ORGANIZATION_EXAMPLE = EXAMPLES.find((body) => 'organization' in body) ?? {};
const templates = new Map<string, string>();

/**
 * The body of a `workflow_job` webhook: GitHub's example of the action in the names of this repository, then this job's
 * fields. `installationId`: only the hook of an App carries one.
 */
export function jobPayload(
  action: JobStatus,
  job: Readonly<Job>,
  repository: Repository,
  installationId: number | undefined,
  webUrl: string,
): JobPayload {
  const body = renamed(action, job.status, repository, webUrl);
  body['repository'] = adapted(body['repository'], repository);
  Object.assign(body['workflow_job'] as Json, jobFields(job, webUrl));
  delete body['installation'];
  if (installationId !== undefined) {
    body['installation'] = {id: installationId, node_id: nodeId(`Integration_installation${installationId}`)};
  }
  return body as JobPayload;
}

/** The repository as REST shows it. */
export function repositoryJson(repository: Repository, webUrl: string): Json {
  return adapted(renamed('queued', 'queued', repository, webUrl)['repository'], repository);
}

/** A user or an organization as REST shows the owner of something. */
export function accountJson(account: Account): Json {
  const shown = ORGANIZATION_EXAMPLE['sender'] as {login: string};
  const renamedAccount = JSON.parse(JSON.stringify(shown).replaceAll(shown.login, account.login)) as Json;
  return {...renamedAccount, id: account.id, type: account.type, site_admin: false};
}

function adapted(json: unknown, repository: Repository): Json {
  const {owner, visibility, pushedAtMs} = repository;
  const shown = json as Json;
  return {
    ...shown,
    id: repository.id,
    private: visibility !== 'public',
    visibility,
    ...(pushedAtMs === undefined ? {} : {pushed_at: isoSeconds(pushedAtMs)}),
    owner: {...(shown['owner'] as Json), id: owner.id, type: owner.type},
  };
}

/** Times, ids and names of a job as webhooks and REST both show them. `webUrl`: where GitHub's pages are. */
export function jobFields(job: Readonly<Job>, webUrl: string): Json {
  const api = `https://api.github.com/repos/${job.repository}`;
  return {
    id: job.id,
    run_id: job.runId,
    run_url: `${api}/actions/runs/${job.runId}`,
    run_attempt: job.runAttempt,
    node_id: nodeId(`CheckRun${job.id}`),
    url: `${api}/actions/jobs/${job.id}`,
    html_url: `${webUrl}/${job.repository}/actions/runs/${job.runId}/job/${job.id}`,
    check_run_url: `${api}/check-runs/${job.id}`,
    status: job.status,
    conclusion: job.conclusion,
    created_at: isoSeconds(job.createdAtMs),
    // GitHub fills it for a job that has not started too.
    started_at: isoSeconds(job.startedAtMs ?? job.queuedAtMs),
    completed_at: job.completedAtMs === null ? null : isoSeconds(job.completedAtMs),
    name: job.name,
    steps: stepsOf(job),
    labels: [...job.labels],
    // The example of `queued` names a runner, which GitHub does for no job that is not assigned.
    runner_id: job.runner?.id ?? null,
    runner_name: job.runner?.name ?? null,
    runner_group_id: job.runner?.groupId ?? null,
    runner_group_name: job.runner?.groupName ?? null,
  };
}

/** One step, of a job that its runner has ended: that one fails the job, or was cancelled under a runner that was told to end. */
function stepsOf({ending, conclusion, startedAtMs, completedAtMs}: Readonly<Job>): Json[] {
  if ((ending !== 'ran' && ending !== 'shut_down') || startedAtMs === null || completedAtMs === null) return [];
  const times = {started_at: isoSeconds(startedAtMs), completed_at: isoSeconds(completedAtMs)};
  const ended = ending === 'shut_down' ? 'cancelled' : conclusion;
  return [{name: 'Run make', status: 'completed', conclusion: ended, number: 1, ...times}];
}

/** GitHub's example in the names of the repository and its owner, and with nobody else's organization in it. */
function renamed(action: JobStatus, status: JobStatus, repository: Repository, webUrl: string): Json {
  const key = [action, status, repository.fullName, repository.owner.type, repository.owner.id, webUrl].join();
  let template = templates.get(key);
  if (template === undefined) {
    const {sender: _, organization: __, ...body} = example(action, status);
    template = JSON.stringify({
      ...body,
      ...(repository.owner.type === 'Organization' ? {organization: organization(repository)} : {}),
      sender: ORGANIZATION_EXAMPLE['sender'],
    });
    const {full_name, name, owner} = body['repository'] as {full_name: string; name: string; owner: {login: string}};
    template = template
      .replaceAll(`${GITHUB_COM}/`, `${webUrl}/`)
      .replaceAll(full_name, repository.fullName)
      .replaceAll(`"${name}"`, JSON.stringify(repository.name))
      .replaceAll(`"${owner.login}"`, JSON.stringify(repository.owner.login))
      .replaceAll(`/${owner.login}`, `/${repository.owner.login}`);
    templates.set(key, template);
  }
  return JSON.parse(template) as Json;
}

function organization(repository: Repository): unknown {
  const shown = ORGANIZATION_EXAMPLE['organization'] as {login: string};
  const text = JSON.stringify({...shown, id: repository.owner.id});
  return JSON.parse(text.replaceAll(shown.login, repository.owner.login));
}

export function nodeId(text: string): string {
  return Buffer.from(text).toString('base64url');
}
