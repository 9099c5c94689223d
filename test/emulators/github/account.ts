import type {RunnerScope} from '../../../shared/model/scope';

export type Visibility = 'public' | 'private' | 'internal';

export interface RunnerGroup {
  readonly id: number;
  readonly name: string;
  readonly isDefault: boolean;
  /** Full names, lower case; `all`: every repository of the organization. */
  readonly repositories: 'all' | ReadonlySet<string>;
  readonly allowsPublicRepositories: boolean;
}

export interface Account {
  readonly id: number;
  readonly login: string;
  readonly type: 'Organization' | 'User';
  readonly groups: RunnerGroup[];
}

export interface Repository {
  readonly id: number;
  readonly owner: Account;
  readonly name: string;
  /** `owner/name` */
  readonly fullName: string;
  readonly visibility: Visibility;
  /** Self-hosted runners are switched off for it: generate-jitconfig answers 403. */
  readonly runnersDisabled: boolean;
  readonly createdAtMs: number;
  /** Undefined: that of GitHub's example, years ago. */
  readonly pushedAtMs?: number;
}

/** GitHub compares names without case. */
export function sameName(a: string, b: string): boolean {
  return a.toLowerCase() === b.toLowerCase();
}

export function scopeKey(scope: RunnerScope): string {
  return (scope.kind === 'repository' ? `repos/${scope.owner}/${scope.repo}` : `orgs/${scope.org}`).toLowerCase();
}

export function groupAdmits(group: RunnerGroup, repository: Repository): boolean {
  if (repository.visibility === 'public' && !group.allowsPublicRepositories) return false;
  return group.repositories === 'all' || group.repositories.has(repository.fullName.toLowerCase());
}
