import {RequestError} from '@octokit/request-error';
import {Refused} from '../../../shared/errors';
import {classify} from '../../../shared/github/errors';
import type {GitHub, GitHubFor, JobAtGitHub, Registration as Listed} from '../../../shared/github/github';
import {type ListRead, readList} from '../../../shared/github/lists';
import type {GitHubCall} from '../../../shared/github/refusals';
import {ownerOf, type RunnerScope, scopePath} from '../../../shared/model/scope';
import {Secret} from '../../../shared/secret';
import {sameName} from './account';
import type {App, Installation} from './app';
import {pageOf} from './direct-pages';
import {installationCaller} from './http/authenticate';
import {customLabels, withCustomLabels, withoutLabel} from './labels';
import type {GitHubWorld} from './model';
import {rateHeaders} from './rate-limits';
import {GitHubRefusal, notFound} from './refusal';
import type {Registration} from './registration';

interface DirectRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** After the path of the scope. */
  readonly path: string;
  readonly operationId: string;
  /** Where the path starts, when it is not at the scope's runners. */
  readonly root?: string;
}

/**
 * The port `GitHub` straight on the model, for the deterministic simulation: no sockets, no JSON; lists come in small pages. Rate limits,
 * planned faults and refusals become the same typed errors that the HTTP client throws, by that client's own classification.
 */
export function directGitHub(world: GitHubWorld, app: App = world.app): GitHubFor {
  return (scope, installationId) => new DirectGitHub(world, app, scope, installationId);
}

class DirectGitHub implements GitHub {
  constructor(
    private readonly world: GitHubWorld,
    private readonly app: App,
    private readonly scope: RunnerScope,
    private readonly installationId: number | undefined,
  ) {}

  async createJitConfig(request: Parameters<GitHub['createJitConfig']>[0]): ReturnType<GitHub['createJitConfig']> {
    const runnerGroup = this.#group(request.runnerGroup);
    const asked = {
      method: 'POST',
      path: '/generate-jitconfig',
      operationId: 'actions/generate-runner-jitconfig',
    } as const;
    return this.#ask({kind: 'register', scope: this.scope, runnerGroup}, asked, () => {
      const made = this.world.runners.generateJitConfig(this.scope, {
        name: request.name,
        labels: request.labels,
        runnerGroupId: runnerGroup.id,
      });
      return {runnerId: made.runner.id, encodedJitConfig: new Secret(made.encodedJitConfig)};
    });
  }

  async createRegistrationToken(): Promise<Secret> {
    const asked = {
      method: 'POST',
      path: '/registration-token',
      operationId: 'actions/create-registration-token',
    } as const;
    const call = {kind: 'runners', scope: this.scope} as const;
    return this.#ask(call, asked, () => new Secret(`A${this.world.app.id}REGISTRATION`));
  }

  async findRunner(name: string): Promise<Listed | undefined> {
    const {items, failure} = await this.#list(name);
    if (items.length === 0 && failure !== undefined) throw failure;
    return items[0] as Listed | undefined;
  }

  async listRunners(): Promise<Listed[]> {
    const {items, failure} = await this.#list();
    if (failure !== undefined) throw failure;
    return items as Listed[];
  }

  async getRunner(id: number): Promise<Listed | undefined> {
    const asked = {method: 'GET', path: `/${id}`, operationId: 'actions/get-self-hosted-runner'} as const;
    const get = () => this.#listed(this.world.runners.get(this.scope, id));
    return this.#ask<Listed | undefined>({kind: 'runners', scope: this.scope}, asked, get, {404: undefined});
  }

  async deleteRunner(id: number): ReturnType<GitHub['deleteRunner']> {
    const asked = {method: 'DELETE', path: `/${id}`, operationId: 'actions/delete-self-hosted-runner'} as const;
    const remove = () => {
      this.world.runners.delete(this.scope, id);
      return 'deleted' as const;
    };
    const refusals = {404: 'absent', 422: 'busy'} as const;
    return this.#ask<'deleted' | 'absent' | 'busy'>({kind: 'runners', scope: this.scope}, asked, remove, refusals);
  }

  async removeLabel(id: number, label: string): ReturnType<GitHub['removeLabel']> {
    const path = `/${id}/labels/${label}`;
    const asked = {method: 'DELETE', path, operationId: 'actions/remove-custom-label-from-self-hosted-runner'} as const;
    const remove = () => {
      const runner = this.world.runners.get(this.scope, id);
      this.world.runners.relabel(runner, withoutLabel(runner, label));
      return 'removed' as const;
    };
    return this.#ask<'removed' | 'absent'>({kind: 'runners', scope: this.scope}, asked, remove, {404: 'absent'});
  }

  async addLabels(id: number, labels: readonly string[]): ReturnType<GitHub['addLabels']> {
    const asked = {
      method: 'POST',
      path: `/${id}/labels`,
      operationId: 'actions/add-custom-labels-to-self-hosted-runner',
    } as const;
    const add = () => {
      const runner = this.world.runners.get(this.scope, id);
      this.world.runners.relabel(runner, withCustomLabels(runner, [...customLabels(runner), ...labels]));
      return 'added' as const;
    };
    return this.#ask<'added' | 'absent'>({kind: 'runners', scope: this.scope}, asked, add, {404: 'absent'});
  }

  async getJob(repository: string, jobId: number): ReturnType<GitHub['getJob']> {
    const asked = {
      method: 'GET',
      root: `/repos/${repository}`,
      path: `/actions/jobs/${jobId}`,
      operationId: 'actions/get-job-for-workflow-run',
    } as const;
    const get = () => {
      const job = this.world.queue.jobs().find((each) => each.id === jobId && sameName(each.repository, repository));
      if (!job) throw new GitHubRefusal(404, 'Not Found');
      return {status: job.status, runnerName: job.runner?.name ?? null, runnerId: job.runner?.id ?? null};
    };
    const call = {kind: 'job', scope: this.scope, repository, jobId} as const;
    return this.#ask<JobAtGitHub | undefined>(call, asked, get, {404: undefined});
  }

  /** In pages, through the client's own code; an answer of GitHub's that fails as a whole is thrown. */
  async #list(name?: string): Promise<ListRead> {
    const asked = {method: 'GET', path: '', operationId: 'actions/list-self-hosted-runners'} as const;
    const call = {kind: 'runners', scope: this.scope} as const;
    const listed = await this.#ask(call, asked, () =>
      this.world.runners.list(this.scope, name).map((runner) => this.#listed(runner)),
    );
    const list = {items: listed, show: (one: Listed) => one, key: 'runners', url: scopePath(this.scope)};
    const {failure, ...read} = await readList(
      async (page, per_page) => pageOf(this.world, list, {page, per_page}),
      call,
    );
    const context = {nowMs: this.world.scheduler.now(), credentials: 'app'} as const;
    return {...read, failure: failure && classify(failure, call, context)};
  }

  #listed(runner: Registration): Listed {
    return {
      id: runner.id,
      name: runner.name,
      status: runner.session ? 'online' : 'offline',
      busy: this.world.runners.shownBusy(runner),
      labels: [...runner.labels],
      customLabels: customLabels(runner),
      ...(runner.session && this.world.releases.inUse ? {version: this.world.releases.inUse} : {}),
    };
  }

  #group(name: string): {id: number; name: string} {
    const groups =
      this.scope.kind === 'repository'
        ? [{id: 1, name: 'Default'}]
        : this.world.accounts.organization(this.scope.org).groups;
    const group = groups.find((each) => sameName(each.name, name));
    if (!group)
      throw new Refused(`found no runner group "${name}", expected one of ${groups.map((each) => each.name)}`);
    return group;
  }

  /**
   * The same order of things as over HTTP: installation, fault, rate limit, effect, fault. `refusals`: what some of GitHub's
   * statuses mean for this call.
   */
  #ask<T>(call: GitHubCall, asked: DirectRequest, work: () => T, refusals: Readonly<Record<number, T>> = {}): T {
    const {method, operationId} = asked;
    const path = `${asked.root ?? `${scopePath(this.scope)}/actions/runners`}${asked.path}`;
    const caller = installationCaller(this.#installation());
    const at = this.world.scheduler.now();
    this.world.requests.push({method, path, operationId: `${operationId} (direct)`, at});
    const fault = this.world.faults.take(method, path);
    try {
      if (fault === 'reset' || fault === 'hang') throw noAnswer(method, path);
      // A page, which is somebody else's.
      if (typeof fault === 'object' && 'status' in fault && typeof fault.body === 'string') {
        throw answered(asked, path, {status: fault.status, body: fault.body}, fault.headers ?? {});
      }
      if (typeof fault === 'object' && 'status' in fault)
        throw new GitHubRefusal(fault.status, messageOf(fault.body), fault.headers);
      this.world.limits.charge(caller, method);
      this.#reach();
      this.#permit(call);
      const result = work();
      if (fault === 'lose-response') throw noAnswer(method, path);
      return result;
    } catch (error) {
      if (!(error instanceof GitHubRefusal)) throw classify(error, call, {nowMs: at, credentials: 'app'});
      if (error.status in refusals) return refusals[error.status] as T;
      const headers = {...rateHeaders(this.world.limits.state(caller)), ...error.headers};
      throw classify(answered(asked, path, error, headers), call, {nowMs: at, credentials: 'app'});
    }
  }

  /** Throws 404 when the installation leaves the repository out. */
  #reach(): void {
    if (this.scope.kind !== 'repository') return;
    const {owner, repo} = this.scope;
    if (!this.app.installationOf(this.world.accounts.repository(`${owner}/${repo}`))) throw notFound();
  }

  /** Throws 403 when the account has not granted what the call needs. */
  #permit({kind}: GitHubCall): void {
    const {permissions} = actingInstallation(this.world, this.app, this.scope, this.installationId);
    const ofRunners = this.scope.kind === 'organization' ? 'organization_self_hosted_runners' : 'administration';
    const isGranted = kind === 'job' ? permissions['actions'] !== undefined : permissions[ofRunners] === 'write';
    if (!isGranted) throw new GitHubRefusal(403, 'Resource not accessible by integration');
  }

  #installation(): number {
    return actingInstallation(this.world, this.app, this.scope, this.installationId).id;
  }
}

/** The App's installation on the owner of the scope. Throws the refusal when there is none, or when it is suspended. */
export function actingInstallation(
  {scheduler}: Pick<GitHubWorld, 'scheduler'>,
  app: App,
  scope: RunnerScope,
  given: number | undefined,
): Installation {
  const installations = app.installations();
  // One that is not there any more stands for the one that the account has in its place.
  const installation =
    installations.find(({id}) => id === given) ??
    installations.find(({account}) => sameName(account.login, ownerOf(scope)));
  if (installation && !installation.suspended) return installation;
  const refusal = installation
    ? new GitHubRefusal(403, 'This installation has been suspended')
    : new GitHubRefusal(404, 'Not Found');
  const call: GitHubCall = given ? {kind: 'token', installationId: given} : {kind: 'installation', scope};
  const asked = {method: 'GET', path: '', operationId: call.kind} as const;
  throw classify(answered(asked, '/app/installations', refusal, {}), call, {
    nowMs: scheduler.now(),
    credentials: 'app',
  });
}

function messageOf(body: unknown): string {
  return typeof body === 'object' && body !== null && 'message' in body ? String(body.message) : 'Server Error';
}

function noAnswer(method: DirectRequest['method'], path: string): RequestError {
  const cause = Object.assign(new Error('socket hang up'), {code: 'ECONNRESET'});
  const request = {method, url: `https://api.github.com${path}`, headers: {}};
  return Object.assign(new RequestError('fetch failed', 500, {request}), {cause});
}

export function answered(
  {method}: Pick<DirectRequest, 'method'>,
  path: string,
  {status, body}: {readonly status: number; readonly body: unknown},
  headers: Readonly<Record<string, string>>,
): RequestError {
  const request = {method, url: `https://api.github.com${path}`, headers: {}};
  return new RequestError(`GitHub answered ${status}`, status, {
    request,
    response: {status, url: request.url, headers, data: body},
  });
}
