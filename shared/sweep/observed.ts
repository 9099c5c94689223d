import type {DiscoveredJob, Registration} from '../github/github';
import {isMeant, isRegistrationOf} from '../model/identity';
import type {JobDocument, JobKey} from '../model/job';
import {takesRepository} from '../model/matching';
import {isPersistent, type Pool} from '../model/pool';
import type {RunnerDocument} from '../model/runner';
import {type RunnerScope, scopeKey} from '../model/scope';
import type {SlotDocument} from '../model/slot';
import type {Preemption} from '../model/sweep';
import type {VmDocument} from '../model/vm';
import {isDown, type Machine, type VmStatus} from '../providers/provider';
import type {Found} from '../store/store';

/** A registration at GitHub. */
export interface Registered {
  readonly scope: RunnerScope;
  readonly installationId: number | null;
  readonly id: number;
}

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

/** A job as GitHub has it now. */
export interface SeenJob {
  /** `owner/name` */
  readonly repository: string;
  readonly installationId: number | null;
  readonly isPublic: boolean;
  readonly job: DiscoveredJob;
}

/** The runners that are registered in a scope, all of them. */
export interface SeenScope {
  readonly scope: RunnerScope;
  readonly installationId: number | null;
  readonly runners: readonly Registration[];
}

/** A persistent VM, with the pools that share it. */
export interface SeenVm {
  /** `<zone>.<instance>` */
  readonly id: string;
  readonly pools: readonly string[];
  readonly idleMinutes: number;
  readonly document: VmDocument;
  /** By the provider, of a VM that a job waits for; undefined: not looked at, or not to be seen. */
  readonly status?: VmStatus | undefined;
}

/** Whether the provider says that the VM is down; false where it was not asked. */
export function isSeenDown({status}: Pick<SeenVm, 'status'>): boolean {
  return status !== undefined && isDown(status);
}

/** Everything that one sweep saw. What could not be listed to its end is left out, so that nothing is concluded from its absence. */
export interface Observed {
  readonly deployment: string;
  /** When the sweep began to look: what it saw is at least as new. */
  readonly startedAt: number;
  readonly pools: readonly Pool[];
  /** Hard limit over all pools that make VMs; undefined: none. */
  readonly maxRunners?: number;
  /** `off`: there is no webhook to wait for. */
  readonly webhooks: 'on' | 'off';
  /** This deployment's machines; undefined: the list is not complete. */
  readonly instances: readonly Machine[] | undefined;
  /** By `scopeKey`. */
  readonly scopes: ReadonlyMap<string, SeenScope>;
  /** Every scope that a runner of ours could be in was listed. */
  readonly sawEveryScope: boolean;
  /** Runners that are not over; undefined: too many to read. */
  readonly runners: readonly RunnerDocument[] | undefined;
  /** Runners that are over, as far as a VM, a registration or a slot still has their name. */
  readonly former: ReadonlyMap<string, RunnerDocument>;
  /** Jobs on record that are not over, and those that GitHub lists as open all the same. */
  readonly jobs: ReadonlyMap<JobKey, JobDocument>;
  /** Open jobs at GitHub, and those on record that GitHub was asked for one by one. */
  readonly seen: ReadonlyMap<JobKey, SeenJob>;
  /** Jobs on record that GitHub does not know, in repositories that it shows us. */
  readonly absent: ReadonlySet<JobKey>;
  /** Jobs on record that GitHub does not show us, as it does not show their repository: deleted, or not the App's any more. */
  readonly outOfReach: ReadonlySet<JobKey>;
  /** Persistent VMs that were ever used. */
  readonly vms: readonly SeenVm[];
  /** Slots that are taken; undefined: not looked at this time. */
  readonly slots: readonly Found<'slots'>[] | undefined;
  /** Pools that nothing is to be made for: a breaker of theirs is open. */
  readonly held: ReadonlySet<string>;
  /** Jobs whose spot VM was taken back, and what became of them. */
  readonly preempted: readonly {readonly preemption: Preemption; readonly job: DiscoveredJob | undefined}[];
  /** When each thing was first seen to be wrong. */
  readonly sightings: Readonly<Record<string, number>>;
}

export type SeenSlot = Found<'slots'> & {readonly data: SlotDocument};

/** How long a change is left alone, in milliseconds: until then the event that reports it may still arrive. */
export function settledMs(webhooks: 'on' | 'off'): number {
  return webhooks === 'on' ? 60_000 : 5_000;
}

/** How many slots of all pools together are free; infinite where they have no limit. */
export function roomOfAll({
  maxRunners = Number.POSITIVE_INFINITY,
  runners = [],
  jobs,
}: Pick<Observed, 'maxRunners' | 'runners' | 'jobs'>): number {
  const reserved = [...jobs.values()].filter(({demand, slotOfAll}) => demand === 'reserved' && slotOfAll).length;
  return Math.max(0, maxRunners - runners.filter(({slotOfAll}) => slotOfAll).length - reserved);
}
