import {githubBreaker, noteGitHubFailure} from '../effects/breakers';
import {RateLimited} from '../errors';
import {GitHubDown} from '../github/classify';
import type {DiscoveredRepository} from '../github/discovery';
import type {RunnerScope} from '../github/github';
import {takesRepository} from '../lifecycle/matching';
import {jobKeyOf} from '../lifecycle/naming';
import type {JobKey, LockDocument} from '../store/documents';
import {isTimeUp, noteIncomplete, type Sweep} from './context';
import {type SeenJob, type SeenScope, scopeKey} from './observed';
import {lookInto as lookIntoRepository, wasMissedLately} from './repository-scan';
import {allowanceAt, rotated} from './scan-allowance';

const HOUR_MS = 3600_000;
/** The rest of the hour's limit is for making runners. */
const LEAST_LEFT = 0.3;
/** Calls in a row that GitHub does not answer: it is not the one repository then. */
const MOST_UNANSWERED = 3;
/** An organization where nothing of ours is on record. */
const QUIET_ORG_MS = 5 * 60_000;

export interface Visits {
  readonly seen: Map<JobKey, SeenJob>;
  readonly scopes: Map<string, SeenScope>;
  /** Repositories that were looked into for open jobs, as far as GitHub let us, in lower case. */
  readonly visited: Set<string>;
  readonly cursors: LockDocument['cursors'];
  readonly allowance: LockDocument['allowance'];
}

/** Where runners are registered, before they are listed. */
export type KnownScope = Omit<SeenScope, 'runners'>;

/** What is known before GitHub is asked. */
export interface VisitPlan {
  readonly repositories: readonly DiscoveredRepository[];
  /** Repositories where something of ours is under way, in lower case. */
  readonly active: ReadonlySet<string>;
  /** Scopes in which a runner of ours is, or was a moment ago. */
  readonly scopes: ReadonlyMap<string, KnownScope>;
  readonly lock: LockDocument;
}

/**
 * Looks into repositories for open jobs and registered runners: first those where something is under way, then the others in turn, as
 * many as the allowance, the hour's limit and the time permit.
 */
export async function visit(sweep: Sweep, plan: VisitPlan): Promise<Visits> {
  const {context, memory, webhooks} = sweep;
  const now = context.clock.now();
  const seen = new Map<JobKey, SeenJob>();
  const scopes = new Map<string, SeenScope>();
  const visited = new Set<string>();
  const allowance = {...allowanceAt(plan.lock.allowance, webhooks, now)};
  const cursors = {...plan.lock.cursors};
  const closed = new Set<string>();

  const mayGoOn = () => !isTimeUp(sweep) && sweep.discovery.left() >= LEAST_LEFT;

  async function list(scope: RunnerScope, installationId: number | null): Promise<void> {
    const key = scopeKey(scope);
    if (scopes.has(key)) return;
    scopes.set(key, {scope, installationId, runners: await sweep.discovery.runners(scope, installationId)});
    memory.listedAt.set(key, now);
  }

  /** One owner's refusal is not another's, and one repository's failure is not GitHub's. */
  async function guarded(fullName: string, look: () => Promise<void>): Promise<void> {
    const owner = githubBreaker(fullName);
    if (closed.has(owner)) return;
    try {
      await look();
      memory.unanswered.delete(owner);
    } catch (error) {
      const unanswered = error instanceof GitHubDown ? (memory.unanswered.get(owner) ?? 0) + 1 : 0;
      memory.unanswered.set(owner, unanswered);
      if (error instanceof RateLimited || unanswered >= MOST_UNANSWERED) {
        closed.add(owner);
        if (!sweep.readOnly) await noteGitHubFailure(context, fullName, error);
      }
      noteIncomplete(sweep, fullName, error);
    }
  }

  /** Returns how many calls that took beyond those of any visit. */
  async function lookInto(repository: DiscoveredRepository, isActive: boolean): Promise<number> {
    const {fullName, installationId} = repository;
    const name = fullName.toLowerCase();
    let extra = 0;
    let wasSeen = false;
    await guarded(fullName, async () => {
      // Also when nothing of it can be listed: its jobs on record are asked for one by one.
      visited.add(name);
      const {extraCalls, isBusy} = await lookIntoRepository(sweep, repository, {isActive, mayGoOn}, (job, run) => {
        // Public until somebody says that it is not: a pull request there runs anybody's code.
        const isPublic = repository.isPublic ?? run.isPublic ?? true;
        const key = jobKeyOf({jobId: job.id, runAttempt: job.runAttempt});
        seen.set(key, {repository: fullName, installationId, isPublic, job});
      });
      extra = extraCalls;
      if (isBusy) memory.busy.add(name);
      else memory.busy.delete(name);
      memory.visitedAt.set(name, now);
      wasSeen = true;
    });
    if (wasSeen && registersHere(sweep, fullName)) {
      await guarded(fullName, () => list(repositoryScope(fullName), installationId));
    }
    return extra;
  }

  // Half of what is saved up at most: where runners are in very many places, the others are looked at by the next sweeps.
  const kept = allowance.active / 2;
  for (const {scope, installationId} of leastLatelyListed(plan.scopes, memory)) {
    if (!mayGoOn() || allowance.active <= kept) break;
    allowance.active -= 1;
    await guarded(scope.kind === 'organization' ? scope.org : `${scope.owner}/${scope.repo}`, () =>
      list(scope, installationId),
    );
  }
  const isActive = ({fullName}: DiscoveredRepository) =>
    plan.active.has(fullName.toLowerCase()) || memory.busy.has(fullName.toLowerCase());
  for (const repository of rotated(plan.repositories.filter(isActive), cursors.active)) {
    if (!mayGoOn() || allowance.active < 1) break;
    allowance.active -= 4;
    cursors.active = repository.fullName.toLowerCase();
    allowance.active -= await lookInto(repository, true);
  }
  for (const org of quietOrganizations(sweep, now)) {
    if (mayGoOn()) await guarded(org.org, () => list(org, null));
  }
  const quiet = plan.repositories.filter((one) => !isActive(one) && !wasMissedLately(sweep, one.fullName));
  const turn = rotated(quiet, cursors.quiet);
  const pushed = turn.filter(({fullName, pushedAt}) => {
    const before = memory.visitedAt.get(fullName.toLowerCase());
    return pushedAt !== null && now - pushedAt < HOUR_MS && (before ?? 0) < pushedAt;
  });
  for (const repository of new Set([...pushed, ...turn])) {
    if (!mayGoOn() || allowance.quiet < 1) break;
    allowance.quiet -= registersHere(sweep, repository.fullName) ? 2 : 1;
    if (!pushed.includes(repository)) cursors.quiet = repository.fullName.toLowerCase();
    allowance.quiet -= await lookInto(repository, false);
  }
  return {seen, scopes, visited, cursors, allowance};
}

/** Whether a pool registers the runners of this repository in the repository itself. */
export function registersHere({context}: Sweep, fullName: string): boolean {
  return context.pools.some((pool) => pool.scope.kind === 'repositories' && takesRepository(pool, fullName));
}

export function repositoryScope(fullName: string): RunnerScope {
  const [owner = '', repo = ''] = fullName.split('/');
  return {kind: 'repository', owner, repo};
}

function leastLatelyListed(scopes: VisitPlan['scopes'], {listedAt}: Sweep['memory']): KnownScope[] {
  const at = ([key]: [string, KnownScope]) => listedAt.get(key) ?? 0;
  return [...scopes].sort((a, b) => at(a) - at(b)).map(([, place]) => place);
}

function quietOrganizations({context, memory}: Sweep, now: number): Extract<RunnerScope, {kind: 'organization'}>[] {
  const orgs = context.pools.flatMap(({scope}) => (scope.kind === 'organization' ? [scope.org] : []));
  return [...new Set(orgs)]
    .map((org) => ({kind: 'organization', org}) as const)
    .filter((scope) => now - (memory.listedAt.get(scopeKey(scope)) ?? 0) >= QUIET_ORG_MS);
}
