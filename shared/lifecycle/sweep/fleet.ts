import type {Instance} from '../../compute/compute';
import {POOL_LABEL} from '../../compute/labels';
import type {Pool} from '../../config/config';
import type {Registration} from '../../github/github';
import type {RunnerDocument} from '../../store/documents';
import type {Registered} from './actions';
import {type Observed, type SeenScope, scopeKey} from './observed';

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
  runner: Pick<RunnerDocument, 'scope' | 'name'>,
): {readonly listed: boolean; readonly registration: Registration | undefined} {
  const seen = observed.scopes.get(scopeKey(runner.scope));
  return {listed: seen !== undefined, registration: seen && named(seen, runner.name)};
}

/** Wherever it was listed. */
export function registeredAs(observed: Observed, name: string): (Registered & {seen: Registration}) | undefined {
  for (const scope of observed.scopes.values()) {
    const found = named(scope, name);
    if (found) return {scope: scope.scope, installationId: scope.installationId, id: found.id, seen: found};
  }
  return undefined;
}

function named(scope: SeenScope, name: string): Registration | undefined {
  return scope.runners.find((runner) => runner.name === name);
}

/** The page of the job that a runner runs, as far as it is known. */
export function jobUrlOf(observed: Observed, {runs}: RunnerDocument): string | null {
  if (runs === null) return null;
  return observed.seen.get(runs)?.job.url ?? observed.jobs.get(runs)?.url ?? null;
}

/** Whether GitHub says that a job runs on it now: whatever else looks wrong, it is alive. */
export function runsAtGitHub(observed: Observed, name: string): boolean {
  for (const {job} of observed.seen.values()) {
    if (job.status === 'in_progress' && job.runnerName === name) return true;
  }
  return false;
}
