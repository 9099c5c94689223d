import {createHmac} from 'node:crypto';
import examples from '@octokit/webhooks-examples';

/** A `workflow_job` body that GitHub published, with what a test changes in it. */
export interface WorkflowJobChanges {
  readonly id?: number;
  readonly labels?: readonly string[];
  readonly repository?: string;
  readonly status?: string;
  readonly runnerName?: string | null;
  readonly installationId?: number | null;
  readonly public?: boolean;
}

type Json = Record<string, unknown>;

/** The newest published body of an action, its labels and repository adapted. */
export function workflowJob(action: string, changes: WorkflowJobChanges = {}): Json {
  const published = allExamples().filter((example) => example['action'] === action);
  const found = published.at(-1);
  if (!found) throw new RangeError(`GitHub published no workflow_job body of action ${action}`);
  const body = structuredClone(found);
  const job = body['workflow_job'] as Json;
  const repository = body['repository'] as Json;
  Object.assign(job, {labels: changes.labels ?? ['self-hosted', 'linux'], status: changes.status ?? action});
  if (changes.id !== undefined) job['id'] = changes.id;
  if (changes.runnerName !== undefined) job['runner_name'] = changes.runnerName;
  const isPublic = changes.public ?? false;
  Object.assign(repository, {
    full_name: changes.repository ?? 'acme/app',
    private: !isPublic,
    visibility: isPublic ? 'public' : 'private',
  });
  if (changes.installationId === null) delete body['installation'];
  else body['installation'] = {id: changes.installationId ?? 42, node_id: 'MDIz'};
  return body;
}

/** Every published `workflow_job` body, untouched. */
export function allExamples(): Json[] {
  const events = examples as unknown as {name: string; examples: Json[]}[];
  return events.find(({name}) => name === 'workflow_job')?.examples ?? [];
}

export function sign(body: string | Buffer, secret: string): string {
  return `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`;
}
