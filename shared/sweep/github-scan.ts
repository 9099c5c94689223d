import {HOUR_MS, MINUTE_MS} from '../durations';
import {GitHubDown, RateLimited} from '../errors';
import type {DiscoveredRepository} from '../github/github';
import {type JobKey, jobKeyOf} from '../model/job';
import {takesRepository} from '../model/matching';
import {type RunnerScope, repositoryScope, scopeKey, scopeName} from '../model/scope';
import type {LockDocument} from '../model/sweep';
import type {Sweep} from './context';
import type {SeenJob, SeenScope} from './observed';
import {OwnerGuard} from './owner-guard';
import {type RepositoryScan, scanRepository, wasMissingLately} from './repository-scan';
import {rotate, ScanBudget} from './scan-budget';

/** How often the runners of an organization without a runner on record are listed, in milliseconds. */
const QUIET_ORGANIZATION_INTERVAL_MS = 5 * MINUTE_MS;

/** Maximum of calls that every scan of an active repository makes. */
const CALLS_PER_ACTIVE_VISIT = 4;

/** Repositories that no pool serves and that one sweep scans. */
const MOST_STRANGERS = 2;

/** The result of one scan of GitHub. */
export interface GitHubScan {
  readonly seen: ReadonlyMap<JobKey, SeenJob>;
  /** Open jobs in repositories that no pool serves. */
  readonly strangers: ReadonlyMap<JobKey, SeenJob>;
  /** Scopes whose runners were listed completely, by `scopeKey`. */
  readonly scopes: ReadonlyMap<string, SeenScope>;
  /** Repositories that were scanned for open jobs, completely or not; names in lower case. */
  readonly visited: ReadonlySet<string>;
  readonly cursors: LockDocument['cursors'];
  readonly allowance: LockDocument['allowance'];
}

/** A scope whose runners have not been listed yet. */
export type KnownScope = Omit<SeenScope, 'runners'>;

/** What the records say before the scan. */
export interface ScanPlan {
  readonly repositories: readonly DiscoveredRepository[];
  /** Repositories that no pool serves. */
  readonly strangers: readonly DiscoveredRepository[];
  /** Repositories with a job or runner on record, names in lower case. */
  readonly active: ReadonlySet<string>;
  /** Scopes with a live or former runner on record. */
  readonly scopes: ReadonlyMap<string, KnownScope>;
  readonly lock: LockDocument;
}

/**
 * Scans repositories for open jobs and registered runners: first the active ones, then the others in turn. Stops when the allowance,
 * GitHub’s hourly limit or the time budget is used up.
 */
export async function scanGitHub(sweep: Sweep, plan: ScanPlan): Promise<GitHubScan> {
  const {repositories, strangers, active, scopes, lock} = plan;
  const scanner = new Scanner(sweep, lock);
  const isActive = ({fullName}: DiscoveredRepository) =>
    active.has(fullName.toLowerCase()) || sweep.memory.busy.has(fullName.toLowerCase());
  await scanner.listKnownScopes(scopes);
  await scanner.scanActive(repositories.filter(isActive));
  await scanner.listQuietOrganizations();
  await scanner.scanQuiet(repositories.filter((one) => !isActive(one) && !wasMissingLately(sweep, one.fullName)));
  await scanner.scanStrangers(strangers.filter(({fullName}) => !wasMissingLately(sweep, fullName)));
  return scanner.result();
}

/** Whether a pool registers runners in this repository itself. */
export function registersHere({context}: Sweep, fullName: string): boolean {
  return context.pools.some((pool) => pool.scope.kind === 'repositories' && takesRepository(pool, fullName));
}

class Scanner {
  readonly #sweep: Sweep;
  readonly #now: number;
  readonly #budget: ScanBudget;
  readonly #guard: OwnerGuard;
  readonly #seen = new Map<JobKey, SeenJob>();
  readonly #strangers = new Map<JobKey, SeenJob>();
  readonly #scopes = new Map<string, SeenScope>();
  readonly #visited = new Set<string>();

  constructor(sweep: Sweep, lock: LockDocument) {
    this.#sweep = sweep;
    this.#now = sweep.context.clock.now();
    this.#budget = new ScanBudget(sweep, lock, this.#now);
    this.#guard = new OwnerGuard(sweep);
  }

  result(): GitHubScan {
    const {cursors, allowance} = this.#budget;
    return {
      seen: this.#seen,
      strangers: this.#strangers,
      scopes: this.#scopes,
      visited: this.#visited,
      cursors,
      allowance,
    };
  }

  /** Lists the runners of known scopes. Spends at most half of the saved calls; the next sweeps list the other scopes. */
  async listKnownScopes(scopes: ScanPlan['scopes']): Promise<void> {
    const kept = this.#budget.remaining('active') / 2;
    for (const {scope, installationId} of leastLatelyListed(scopes, this.#sweep.memory)) {
      if (!this.#budget.allowsCall() || this.#budget.remaining('active') <= kept) break;
      this.#budget.spend('active', 1);
      await this.#listRunners(scope, installationId);
    }
  }

  async scanActive(repositories: readonly DiscoveredRepository[]): Promise<void> {
    for (const repository of this.#budget.fromCursor('active', repositories)) {
      if (!this.#budget.allowsCall() || this.#budget.remaining('active') < 1) break;
      this.#budget.spend('active', CALLS_PER_ACTIVE_VISIT);
      this.#budget.setCursor('active', repository);
      this.#budget.spend('active', await this.#scanRepository(repository, true));
    }
  }

  async listQuietOrganizations(): Promise<void> {
    for (const scope of quietOrganizations(this.#sweep, this.#now)) {
      if (this.#budget.allowsCall()) await this.#listRunners(scope, null);
    }
  }

  /** Scans quiet repositories. Those with a push since their last scan come first. */
  async scanQuiet(repositories: readonly DiscoveredRepository[]): Promise<void> {
    const turn = this.#budget.fromCursor('quiet', repositories);
    const pushed = new Set(turn.filter((repository) => this.#wasPushed(repository)));
    const others = this.#budget.allowsQuietScan() ? turn : [];
    for (const repository of new Set([...pushed, ...others])) {
      if (!this.#budget.allowsCall() || this.#budget.remaining('quiet') < 1) break;
      this.#budget.spend('quiet', registersHere(this.#sweep, repository.fullName) ? 2 : 1);
      if (!pushed.has(repository)) this.#budget.setCursor('quiet', repository);
      this.#budget.spend('quiet', await this.#scanRepository(repository, false));
    }
  }

  /** Scans repositories that no pool serves, a few in each sweep: those with open runs, then those with a push, then the others in turn. */
  async scanStrangers(repositories: readonly DiscoveredRepository[]): Promise<void> {
    const {memory} = this.#sweep;
    const {unserved} = memory;
    const turn = rotate(repositories, unserved.last);
    const isBusy = ({fullName}: DiscoveredRepository) => unserved.busy.has(fullName.toLowerCase());
    const first = [...turn.filter(isBusy), ...turn.filter((repository) => this.#wasPushed(repository))];
    for (const repository of [...new Set([...first, ...turn])].slice(0, MOST_STRANGERS)) {
      if (!this.#budget.allowsCall() || this.#guard.isClosed(repository.fullName)) continue;
      const name = repository.fullName.toLowerCase();
      const scan = await scanRepository(this.#sweep, repository, {
        isActive: false,
        allowsCall: () => this.#budget.allowsCall(),
      });
      this.#take(this.#strangers, repository, scan);
      memory.visitedAt.set(name, this.#now);
      if (!first.includes(repository)) unserved.last = name;
      // Of anything else than GitHub's own trouble nothing is said: no job of ours is there.
      if (scan.kind === 'failed' && (scan.error instanceof RateLimited || scan.error instanceof GitHubDown))
        await this.#guard.noteFailure(repository.fullName, scan.error);
      if (scan.kind === 'scanned' && scan.isBusy) unserved.busy.add(name);
      else unserved.busy.delete(name);
    }
  }

  #take(
    into: Map<JobKey, SeenJob>,
    {fullName, installationId, isPublic}: DiscoveredRepository,
    {jobs}: RepositoryScan,
  ) {
    for (const {job, run} of jobs) {
      const key = jobKeyOf({jobId: job.id, runAttempt: job.runAttempt});
      // An unknown visibility counts as public: a pull request in a public repository runs anybody’s code.
      into.set(key, {repository: fullName, installationId, isPublic: isPublic ?? run.isPublic ?? true, job});
    }
  }

  #wasPushed({fullName, pushedAt}: DiscoveredRepository): boolean {
    const before = this.#sweep.memory.visitedAt.get(fullName.toLowerCase());
    return pushedAt !== null && this.#now - pushedAt < HOUR_MS && (before ?? 0) < pushedAt;
  }

  async #listRunners(scope: RunnerScope, installationId: number | null): Promise<void> {
    const {discovery, memory} = this.#sweep;
    const key = scopeKey(scope);
    await this.#guard.ask(scopeName(scope), async () => {
      if (this.#scopes.has(key)) return;
      this.#scopes.set(key, {scope, installationId, runners: await discovery.listRunners(scope, installationId)});
      memory.listedAt.set(key, this.#now);
    });
  }

  /** Returns the number of calls beyond those that every scan of a repository makes. */
  async #scanRepository(repository: DiscoveredRepository, isActive: boolean): Promise<number> {
    const {memory} = this.#sweep;
    const {fullName, installationId} = repository;
    const name = fullName.toLowerCase();
    if (this.#guard.isClosed(fullName)) return 0;
    // Counts as visited even if nothing can be listed: then the jobs on record are read by id.
    this.#visited.add(name);
    const scan = await scanRepository(this.#sweep, repository, {isActive, allowsCall: () => this.#budget.allowsCall()});
    this.#take(this.#seen, repository, scan);
    if (scan.kind === 'failed') {
      await this.#guard.noteFailure(fullName, scan.error);
      return 0;
    }
    if (scan.isBusy) memory.busy.add(name);
    else memory.busy.delete(name);
    memory.visitedAt.set(name, this.#now);
    this.#guard.noteAnswer(fullName);
    if (registersHere(this.#sweep, fullName)) await this.#listRunners(repositoryScope(fullName), installationId);
    return scan.extraCalls;
  }
}

function leastLatelyListed(scopes: ScanPlan['scopes'], {listedAt}: Sweep['memory']): KnownScope[] {
  const at = ([key]: [string, KnownScope]) => listedAt.get(key) ?? 0;
  return [...scopes].sort((a, b) => at(a) - at(b)).map(([, place]) => place);
}

function quietOrganizations({context, memory}: Sweep, now: number): Extract<RunnerScope, {kind: 'organization'}>[] {
  const orgs = context.pools.flatMap(({scope}) => (scope.kind === 'organization' ? [scope.org] : []));
  return [...new Set(orgs)]
    .map((org) => ({kind: 'organization', org}) as const)
    .filter((scope) => now - (memory.listedAt.get(scopeKey(scope)) ?? 0) >= QUIET_ORGANIZATION_INTERVAL_MS);
}
