import type {JobDocument} from './job';
import {isSpeltOut} from './names';
import type {Pool} from './pool';

/** Where a runner is registered at GitHub. */
export type RunnerScope =
  | {readonly kind: 'repository'; readonly owner: string; readonly repo: string}
  | {readonly kind: 'organization'; readonly org: string};

/** `acme/app` or `acme`. */
export function scopeName(scope: RunnerScope): string {
  return scope.kind === 'repository' ? `${scope.owner}/${scope.repo}` : scope.org;
}

/** For messages: `repository acme/app`, `organization acme`. */
export function describeScope(scope: RunnerScope): string {
  return `${scope.kind} ${scopeName(scope)}`;
}

/** The account that the App is installed on. GitHub compares names without case. */
export function ownerOf(scope: RunnerScope): string {
  return (scope.kind === 'repository' ? scope.owner : scope.org).toLowerCase();
}

/** Start of the scope's paths in GitHub's REST API. The rest of a path and the bodies are the same for both kinds. */
export function scopePath(scope: RunnerScope): string {
  return scope.kind === 'repository'
    ? `/repos/${encodeURIComponent(scope.owner)}/${encodeURIComponent(scope.repo)}`
    : `/orgs/${encodeURIComponent(scope.org)}`;
}

/** Text that identifies the scope. In lower case, because GitHub compares names without case. */
export function scopeKey(scope: RunnerScope): string {
  return scope.kind === 'organization'
    ? `org ${scope.org.toLowerCase()}`
    : `repo ${scope.owner.toLowerCase()}/${scope.repo.toLowerCase()}`;
}

/** Where a pool registers the runner of a job: in the pool's organization, or in the job's repository. */
export function scopeFor(pool: Pool, job: Pick<JobDocument, 'repository'>): RunnerScope {
  if (pool.scope.kind === 'organization') return {kind: 'organization', org: pool.scope.org};
  return repositoryScope(job.repository);
}

/** The scope of a repository, `owner/name`. */
export function repositoryScope(fullName: string): RunnerScope {
  const [owner = '', repo = ''] = fullName.split('/');
  return {kind: 'repository', owner, repo};
}

/** Where a pool registers a runner without a job: in its organization, or in the first repository that it names in full; undefined: it names none. */
export function warmScope({scope}: Pick<Pool, 'scope'>): RunnerScope | undefined {
  if (scope.kind === 'organization') return {kind: 'organization', org: scope.org};
  const spelt = scope.patterns.find(isSpeltOut);
  const [owner, repo] = spelt?.split('/') ?? [];
  return owner && repo ? {kind: 'repository', owner, repo} : undefined;
}

/** Whether GitHub may give a job of the repository (`owner/name`) to a runner registered in the scope. GitHub compares names without case. */
export function isInScope(scope: RunnerScope, repository: string): boolean {
  const name = repository.toLowerCase();
  return scope.kind === 'organization'
    ? name.startsWith(`${scope.org.toLowerCase()}/`)
    : name === `${scope.owner}/${scope.repo}`.toLowerCase();
}
