import type {Instance} from '../compute/compute';
import {POOL_LABEL} from '../compute/labels';
import type {Registration} from '../github/github';
import {isMeant, isRegistrationOf} from '../model/identity';
import {takesRepository} from '../model/matching';
import type {Pool} from '../model/pool';
import type {RunnerDocument} from '../model/runner';
import {type RunnerScope, scopeKey} from '../model/scope';
import type {Observed, SeenScope} from './observed';
import type {Registered} from './rule';

/** VMs of this label are nobody's but the person's who set it. */
export const KEEP_LABEL = 'slipway-keep';

export const OVER: ReadonlySet<string> = new Set(['TERMINATED', 'SUSPENDED']);
export const GOING: ReadonlySet<string> = new Set(['STOPPING', 'SUSPENDING', 'DEPROVISIONING']);

/** The ephemeral VMs that this deployment may delete: not those to be kept, and not the persistent ones of its pools. */
export function ourMachines(observed: Observed): readonly Instance[] | undefined {
  const persistent = new Set(
    observed.pools.map(({provider}) => (provider.type === 'gce-vm' ? provider.instance : undefined)),
  );
  return observed.instances?.filter(({name, labels}) => !(KEEP_LABEL in labels) && !persistent.has(name));
}

export function poolNamed(observed: Observed, name: string | undefined): Pool | undefined {
  return observed.pools.find((pool) => pool.name === name);
}

/** Minutes of a pool that is not configured any more. */
const DEFAULT_MINUTES = {bootMinutes: 5, idleMinutes: 10, jobMinutes: 360} as const;

export function minutesOf(observed: Observed, pool: string | undefined): typeof DEFAULT_MINUTES | Pool {
  return poolNamed(observed, pool) ?? DEFAULT_MINUTES;
}

export function poolLabel(instance: Instance): string {
  return instance.labels[POOL_LABEL] ?? '';
}

export function ageMs(instance: Instance, now: number): number {
  const created = Date.parse(instance.creationTimestamp);
  // An unknown age is no reason to delete.
  return Number.isNaN(created) ? 0 : now - created;
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
