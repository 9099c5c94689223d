/** Where a runner is registered. */
export type RunnerScope =
  | {readonly kind: 'repository'; readonly owner: string; readonly repo: string}
  | {readonly kind: 'organization'; readonly org: string};

/** For messages: `repository acme/app`, `organization acme`. */
export function describeScope(scope: RunnerScope): string {
  return scope.kind === 'repository' ? `repository ${scope.owner}/${scope.repo}` : `organization ${scope.org}`;
}

/** The account that the App is installed on. GitHub compares names without case. */
export function ownerOf(scope: RunnerScope): string {
  return (scope.kind === 'repository' ? scope.owner : scope.org).toLowerCase();
}

/** What every path of the scope starts with; the rest is the same in both, and so are the bodies. */
export function scopePath(scope: RunnerScope): string {
  return scope.kind === 'repository'
    ? `/repos/${encodeURIComponent(scope.owner)}/${encodeURIComponent(scope.repo)}`
    : `/orgs/${encodeURIComponent(scope.org)}`;
}

/** GitHub compares names without case. */
export function scopeKey(scope: RunnerScope): string {
  return scope.kind === 'organization'
    ? `org ${scope.org.toLowerCase()}`
    : `repo ${scope.owner.toLowerCase()}/${scope.repo.toLowerCase()}`;
}
