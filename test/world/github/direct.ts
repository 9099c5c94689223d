import {RequestError} from '@octokit/request-error';
import {Refused} from '../../../shared/errors';
import type {GitHubCall} from '../../../shared/github/call';
import {classify} from '../../../shared/github/classify';
import type {GitHub, GitHubFor, Registration as Listed, RunnerScope} from '../../../shared/github/github';
import {ownerOf, scopePath} from '../../../shared/github/scope';
import {Secret} from '../../../shared/secret';
import {sameName} from './account';
import {installationCaller} from './http/authenticate';
import type {GitHubWorld} from './model';
import {GitHubRefusal} from './refusal';
import type {Registration} from './registration';

interface DirectRequest {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** After the path of the scope. */
  readonly path: string;
  readonly operationId: string;
}

/**
 * The port `GitHub` straight on the model, for the deterministic simulation: no sockets, no pages, no JSON. Rate limits,
 * planned faults and refusals become the same typed errors that the HTTP client throws, by that client's own classification.
 */
export function directGitHub(world: GitHubWorld): GitHubFor {
  return (scope, installationId) => new DirectGitHub(world, scope, installationId);
}

class DirectGitHub implements GitHub {
  constructor(
    private readonly world: GitHubWorld,
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

  async findRunner(name: string): Promise<Listed | undefined> {
    const [found] = await this.#list(name);
    return found;
  }

  async listRunners(): Promise<Listed[]> {
    return this.#list();
  }

  async getRunner(id: number): Promise<Listed | undefined> {
    const asked = {method: 'GET', path: `/${id}`, operationId: 'actions/get-self-hosted-runner'} as const;
    return this.#ask({kind: 'runners', scope: this.scope}, asked, () =>
      unless(404, undefined, () => this.#listed(this.world.runners.get(this.scope, id))),
    );
  }

  async deleteRunner(id: number): ReturnType<GitHub['deleteRunner']> {
    const asked = {method: 'DELETE', path: `/${id}`, operationId: 'actions/delete-self-hosted-runner'} as const;
    return this.#ask({kind: 'runners', scope: this.scope}, asked, () =>
      unless<'deleted' | 'absent' | 'busy'>(404, 'absent', () =>
        unless<'deleted' | 'busy'>(422, 'busy', () => {
          this.world.runners.delete(this.scope, id);
          return 'deleted';
        }),
      ),
    );
  }

  async #list(name?: string): Promise<Listed[]> {
    const asked = {method: 'GET', path: '', operationId: 'actions/list-self-hosted-runners'} as const;
    return this.#ask({kind: 'runners', scope: this.scope}, asked, () =>
      this.world.runners.list(this.scope, name).map((runner) => this.#listed(runner)),
    );
  }

  #listed(runner: Registration): Listed {
    return {
      id: runner.id,
      name: runner.name,
      status: runner.session ? 'online' : 'offline',
      busy: this.world.runners.shownBusy(runner),
      labels: [...runner.labels],
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

  /** The same order of things as over HTTP: fault, installation, rate limit, effect, fault. */
  #ask<T>(call: GitHubCall, asked: DirectRequest, work: () => T): T {
    const {method, operationId} = asked;
    const path = `${scopePath(this.scope)}/actions/runners${asked.path}`;
    const at = this.world.scheduler.now();
    this.world.requests.push({method, path, operationId: `${operationId} (direct)`, at});
    const fault = this.world.faults.take(method, path);
    try {
      if (fault === 'reset' || fault === 'hang') throw noAnswer(method, path);
      if (typeof fault === 'object') throw answered(method, path, fault.status, fault.headers ?? {}, fault.body);
      this.world.limits.charge(installationCaller(this.#installation()), method);
      const result = work();
      if (fault === 'lose-response') throw noAnswer(method, path);
      return result;
    } catch (error) {
      const thrown =
        error instanceof GitHubRefusal ? answered(method, path, error.status, error.headers, error.body) : error;
      throw classify(thrown, call, {nowMs: at, credentials: 'app'});
    }
  }

  #installation(): number {
    const {app} = this.world;
    const installation = this.installationId
      ? app.installation(this.installationId)
      : app.installationOfAccount(ownerOf(this.scope));
    if (!installation) throw new GitHubRefusal(404, 'Not Found');
    if (installation.suspended) throw new GitHubRefusal(403, 'This installation has been suspended');
    return installation.id;
  }
}

function unless<T>(status: number, otherwise: T, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof GitHubRefusal && error.status === status) return otherwise;
    throw error;
  }
}

function noAnswer(method: 'GET' | 'POST' | 'DELETE', path: string): RequestError {
  const cause = Object.assign(new Error('socket hang up'), {code: 'ECONNRESET'});
  return Object.assign(new RequestError('fetch failed', 500, {request: requestOf(method, path)}), {cause});
}

function answered(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: unknown = {message: 'Server Error'},
): RequestError {
  const request = requestOf(method, path);
  return new RequestError(`GitHub answered ${status}`, status, {
    request,
    response: {status, url: request.url, headers, data: body, retryCount: 0},
  });
}

function requestOf(method: 'GET' | 'POST' | 'DELETE', path: string) {
  return {method, url: `https://api.github.com${path}`, headers: {}};
}
