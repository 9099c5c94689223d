import type {RunnerScope} from '../../../shared/model/scope';
import {type Account, type Repository, type RunnerGroup, sameName, type Visibility} from './account';
import type {ModelContext} from './model-context';
import {GitHubRefusal, notFound} from './refusal';

export interface RunnerGroupOptions {
  readonly name: string;
  readonly id?: number;
  /** Full names; all repositories unless given. */
  readonly repositories?: readonly string[];
  readonly allowsPublicRepositories?: boolean;
}

export interface AccountOptions {
  readonly type?: Account['type'];
  /** Id of the group Default; 1 unless given. */
  readonly defaultGroupId?: number;
  /** Whether the group Default serves public repositories; as at GitHub, no unless given. */
  readonly defaultGroupAllowsPublic?: boolean;
  readonly runnerGroups?: readonly RunnerGroupOptions[];
}

export interface RepositoryOptions {
  /** `private` unless given. */
  readonly visibility?: Visibility;
  readonly runnersDisabled?: boolean;
  readonly pushedAtMs?: number;
}

/** The group of GitHub's own larger runners: nothing registers there. */
const HOSTED_GROUP_ID = 2;

/** The one group of a repository's own runners; it admits that repository, public or not. */
const REPOSITORY_GROUP: RunnerGroup = {
  id: 1,
  name: 'Default',
  isDefault: true,
  repositories: 'all',
  allowsPublicRepositories: true,
};

/** Organizations, users, repositories and runner groups. */
export class Accounts {
  readonly #accounts = new Map<string, Account>();
  readonly #repositories = new Map<string, Repository>();

  constructor(private readonly world: ModelContext) {}

  addAccount(login: string, options: AccountOptions = {}): Account {
    const isOrganization = options.type !== 'User';
    const theDefault: RunnerGroup = {
      ...REPOSITORY_GROUP,
      id: options.defaultGroupId ?? 1,
      allowsPublicRepositories: options.defaultGroupAllowsPublic ?? false,
    };
    const account: Account = {
      id: this.world.ids.next('account'),
      login,
      type: isOrganization ? 'Organization' : 'User',
      groups: isOrganization ? [theDefault] : [],
    };
    for (const group of options.runnerGroups ?? []) this.addRunnerGroup(account, group);
    this.#accounts.set(login.toLowerCase(), account);
    return account;
  }

  addRunnerGroup(account: Account, options: RunnerGroupOptions): RunnerGroup {
    const group: RunnerGroup = {
      id: options.id ?? this.world.ids.next('group'),
      name: options.name,
      isDefault: false,
      repositories: options.repositories ? new Set(options.repositories.map((name) => name.toLowerCase())) : 'all',
      allowsPublicRepositories: options.allowsPublicRepositories ?? false,
    };
    account.groups.push(group);
    return group;
  }

  /** Makes the owner an organization when it is not known yet. */
  addRepository(fullName: string, options: RepositoryOptions = {}): Repository {
    const [owner = '', name = ''] = fullName.split('/');
    const repository: Repository = {
      id: this.world.ids.next('repository'),
      owner: this.account(owner) ?? this.addAccount(owner),
      name,
      fullName,
      visibility: options.visibility ?? 'private',
      runnersDisabled: options.runnersDisabled ?? false,
      createdAtMs: this.world.scheduler.now(),
      ...(options.pushedAtMs === undefined ? {} : {pushedAtMs: options.pushedAtMs}),
    };
    this.#repositories.set(fullName.toLowerCase(), repository);
    return repository;
  }

  account(login: string): Account | undefined {
    return this.#accounts.get(login.toLowerCase());
  }

  all(): Account[] {
    return [...this.#accounts.values()];
  }

  /** Who is logged in at GitHub in a browser: the first user, made when there is none. */
  person(): Account {
    return this.all().find(({type}) => type === 'User') ?? this.addAccount('alice', {type: 'User'});
  }

  /** Throws 404. */
  repository(fullName: string): Repository {
    const repository = this.#repositories.get(fullName.toLowerCase());
    if (!repository) throw notFound();
    return repository;
  }

  repositoriesOf(account: Account): Repository[] {
    return [...this.#repositories.values()].filter((repository) => sameName(repository.owner.login, account.login));
  }

  repositories(): Repository[] {
    return [...this.#repositories.values()];
  }

  /** The group that a runner is to join. Throws 404, and 403 for the hosted group or where runners are disabled. */
  groupFor(scope: RunnerScope, id: number): RunnerGroup {
    const groups = this.groupsOf(scope);
    const group = groups.find((each) => each.id === id);
    if (group) return group;
    throw id === HOSTED_GROUP_ID
      ? new GitHubRefusal(403, 'This runner group is for GitHub-hosted runners.')
      : notFound();
  }

  groupsOf(scope: RunnerScope): readonly RunnerGroup[] {
    if (scope.kind === 'repository') {
      const repository = this.repository(`${scope.owner}/${scope.repo}`);
      if (repository.runnersDisabled) {
        throw new GitHubRefusal(403, 'Repository level self-hosted runners are disabled on this repository.');
      }
      return [REPOSITORY_GROUP];
    }
    return this.organization(scope.org).groups;
  }

  /** Throws 404 for a user too. */
  organization(login: string): Account {
    const account = this.account(login);
    if (account?.type !== 'Organization') throw notFound();
    return account;
  }
}
