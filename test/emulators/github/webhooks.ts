import type {Repository} from './account';
import type {Accounts} from './accounts';
import type {App} from './app';
import {webhookProblems} from './contract';
import type {Deliveries} from './deliveries';
import type {Hook} from './delivery';
import type {Job, JobStatus} from './job';
import {jobPayload} from './payload';
import {isoSeconds} from './time';
import type {Violation} from './violations';

export interface WebhooksOptions {
  readonly accounts: Accounts;
  readonly app: App;
  readonly deliveries: Deliveries;
  /** Where GitHub's pages are; it may change. */
  readonly webUrl: () => string;
  readonly violated: (violation: Violation) => string;
}

/** Makes the bodies of webhooks and hands them to the hooks that want them. Throws on a body that GitHub would not send. */
export class Webhooks {
  #lastChecked = '';

  constructor(private readonly options: WebhooksOptions) {}

  /** `workflow_job`, to the hooks of the App where it is installed, of the repository and of its owner. */
  job(job: Readonly<Job>, action: JobStatus): void {
    const {accounts, app, deliveries, webUrl} = this.options;
    const repository = accounts.repository(job.repository);
    const bodies = new Map<number | undefined, string>();
    for (const hook of deliveries.hooks()) {
      const {target} = hook;
      const found = target.kind === 'app' ? (target.app ?? app).installationOf(repository) : undefined;
      // An App that is suspended receives nothing.
      const installation = found?.suspended ? undefined : found;
      if (target.kind === 'app' ? !installation : !isOf(hook, repository)) continue;
      const installationId = installation?.id;
      const body =
        bodies.get(installationId) ??
        this.#checked('workflow_job', action, jobPayload(action, job, repository, installationId, webUrl()));
      bodies.set(installationId, body);
      deliveries.send(hook, {
        event: 'workflow_job',
        action,
        repositoryId: repository.id,
        installationId: installationId ?? null,
        body,
      });
    }
  }

  /** What GitHub sends when a hook is made, or when somebody asks for it. */
  ping(hook: Hook): void {
    const made = isoSeconds(hook.createdAtMs);
    const {kind} = hook.target;
    const body = {
      zen: 'Keep it logically awesome.',
      hook_id: hook.id,
      hook: {
        type: kind === 'app' ? 'App' : kind === 'repository' ? 'Repository' : 'Organization',
        id: hook.id,
        name: 'web',
        active: hook.active,
        ...(hook.target.kind === 'app' ? {app_id: (hook.target.app ?? this.options.app).id} : {}),
        events: ['workflow_job'],
        config: {content_type: 'json', insecure_ssl: '0', secret: '********', url: hook.url},
        created_at: made,
        updated_at: made,
      },
    };
    const checked = this.#checked('ping', null, body);
    this.options.deliveries.send(hook, {
      event: 'ping',
      action: null,
      repositoryId: null,
      installationId: null,
      body: checked,
    });
  }

  #checked(event: string, action: string | null, body: object): string {
    const json = JSON.stringify(body);
    // The event of a job is often announced again as it was.
    if (json === this.#lastChecked) return json;
    const problems = webhookProblems(event, action, body);
    if (problems.length > 0)
      throw new Error(this.options.violated({where: `webhook ${event} ${action ?? ''}`.trim(), problems}));
    this.#lastChecked = json;
    return json;
  }
}

function isOf({target}: Hook, repository: Repository): boolean {
  if (target.kind === 'app') return false;
  const name = target.kind === 'repository' ? repository.fullName : repository.owner.login;
  return target.name.toLowerCase() === name.toLowerCase();
}
