import type {Registration} from '../github/github';
import {isMeant, isRegistrationOf} from '../model/identity';
import {takesRepository} from '../model/matching';
import {isPersistent, type Pool} from '../model/pool';
import type {RunnerDocument} from '../model/runner';
import {type RunnerScope, scopeKey} from '../model/scope';
import type {Machine} from '../providers/provider';
import type {Observed, SeenScope} from './observed';
import type {Registered} from './rule';

/** The ephemeral VMs that this deployment may delete: not those to be kept, and not the persistent ones of its pools. */
export function ourMachines(observed: Observed): readonly Machine[] | undefined {
  const persistent = new Set(observed.pools.filter(isPersistent).map(({provider}) => provider.instance));
  return observed.instances?.filter(({name, isKept}) => !isKept && !persistent.has(name));
}

export function poolNamed(observed: Observed, name: string | undefined): Pool | undefined {
  return observed.pools.find((pool) => pool.name === name);
}

/** Minutes of a pool that is not configured any more. */
const DEFAULT_MINUTES = {bootMinutes: 5, idleMinutes: 10, jobMinutes: 360} as const;

export function minutesOf(observed: Observed, pool: string | undefined): typeof DEFAULT_MINUTES | Pool {
  return poolNamed(observed, pool) ?? DEFAULT_MINUTES;
}

/** `listed`: its scope was listed, so that a missing `registration` means something. */
export function registrationOf(
  observed: Observed,
  runner: Pick<RunnerDocument, 'scope' | 'name' | 'githubId' | 'registrationTriedAt'>,
): {readonly listed: boolean; readonly registration: (Registered & {readonly seen: Registration}) | undefined} {
  const scope = observed.scopes.get(scopeKey(runner.scope));
  const found = scope?.runners.find((each) => isRegistrationOf(runner, each));
  return {listed: scope !== undefined, registration: scope && found && registered(scope, found)};
}

/**
 * Whatever has the name, where the pool registers its runners: for a VM that is on no record any of them may be what runs in it. Of a pool
 * that is not configured any more, or not told, wherever it was listed.
 */
export function namesakes(
  observed: Observed,
  name: string,
  poolName?: string,
): (Registered & {readonly seen: Registration})[] {
  const pool = poolNamed(observed, poolName);
  return [...observed.scopes.values()]
    .filter(({scope}) => !pool || registersIn(pool, scope))
    .flatMap((scope) => scope.runners.filter((each) => each.name === name).map((each) => registered(scope, each)));
}

/** Whether a runner of the pool may be registered there. */
function registersIn(pool: Pool, scope: RunnerScope): boolean {
  if (scope.kind === 'repository') {
    return pool.scope.kind === 'repositories' && takesRepository(pool, `${scope.owner}/${scope.repo}`);
  }
  return pool.scope.kind === 'organization' && pool.scope.org.toLowerCase() === scope.org.toLowerCase();
}

function registered({scope, installationId}: SeenScope, seen: Registration): Registered & {seen: Registration} {
  return {scope, installationId, id: seen.id, seen};
}

/** The page of the job that a runner runs, as far as it is known. */
export function jobUrlOf(observed: Observed, {runs}: RunnerDocument): string | null {
  if (runs === null) return null;
  return observed.seen.get(runs)?.job.url ?? observed.jobs.get(runs)?.url ?? null;
}

/** Whether GitHub says that a job runs on it now: whatever else looks wrong, it is alive. By its name alone where it is on no record. */
export function runsAtGitHub(observed: Observed, name: string, runner: RunnerDocument | undefined): boolean {
  for (const {job, repository} of observed.seen.values()) {
    if (job.status !== 'in_progress' || job.runnerName !== name) continue;
    const {runnerId, labels} = job;
    if (!runner || isMeant(runner, {repository, labels, runnerId, receivedAt: observed.startedAt})) return true;
  }
  return false;
}
