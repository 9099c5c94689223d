import type {DiscoveredJob, Registration} from '../github/github';
import type {ContainerDocument} from '../model/container';
import type {HostDocument} from '../model/host';
import {isMentionedRunner, isRegistrationOf} from '../model/identity';
import type {JobDocument, JobKey} from '../model/job';
import {takesRepository} from '../model/matching';
import {type PlacementFields, placementOf} from '../model/placement';
import {isPersistent, type Pool} from '../model/pool';
import {machineProvider, type RunnerDocument} from '../model/runner';
import {type RunnerScope, scopeKey} from '../model/scope';
import type {SlotDocument} from '../model/slot';
import type {StandbyDocument} from '../model/standby';
import type {Preemption} from '../model/sweep';
import type {VmDocument} from '../model/vm';
import {isStopped, type VmStatus} from '../providers/persistent-vm';
import type {Machine, StandbyLook} from '../providers/provider';
import type {Found} from '../store/store';

/** Minutes for removed pools. */
const DEFAULT_MINUTES = {bootMinutes: 5, idleMinutes: 10, jobMinutes: 360} as const;

/** The observation of one sweep. What could not be listed completely is left out, so that nothing is concluded from its absence. */
export interface Observed {
  readonly deployment: string;
  /** Start of the observation, in milliseconds: everything seen is at least as new. */
  readonly startedAt: number;
  readonly pools: readonly Pool[];
  /** Limit over all pools that create VMs; undefined: none. */
  readonly maxRunners?: number;
  /** `off`: GitHub sends no webhooks. */
  readonly webhooks: 'on' | 'off';
  /** Machines of this deployment in the places that were listed completely. */
  readonly machines: readonly SeenMachine[];
  /** Where the list is incomplete: a machine that is missing there may exist. */
  readonly unlisted: readonly Unlisted[];
  /** By `scopeKey`. */
  readonly scopes: ReadonlyMap<string, SeenScope>;
  /** Whether every scope was listed that may have a runner of this deployment. */
  readonly sawEveryScope: boolean;
  /** Runners that are not over; undefined: too many to read. */
  readonly runners: readonly RunnerDocument[] | undefined;
  /** Runners that are over and whose name a VM, registration or slot still has; by name. */
  readonly former: ReadonlyMap<string, RunnerDocument>;
  /** Jobs on record that are not completed, and completed ones that GitHub lists as open. */
  readonly jobs: ReadonlyMap<JobKey, JobDocument>;
  /** Open jobs at GitHub, and jobs on record that were read by id. */
  readonly seen: ReadonlyMap<JobKey, SeenJob>;
  /** Jobs on record that GitHub does not know, in repositories that it shows. */
  readonly absent: ReadonlySet<JobKey>;
  /** Jobs on record whose repository GitHub does not show: it was deleted, or the App lost access. */
  readonly outOfReach: ReadonlySet<JobKey>;
  /** Persistent VMs with a record. */
  readonly vms: readonly SeenVm[];
  /** The Docker hosts that are configured. */
  readonly hosts: readonly SeenHost[];
  /** Containers on Docker hosts that are not over, also on hosts that are not configured any more. */
  readonly containers: readonly ContainerDocument[];
  /** Standby machines that are held; undefined: too many to read. */
  readonly standby: readonly SeenStandby[] | undefined;
  /** Of a standby machine that a pool would get now; a pool that is missing could not be asked. */
  readonly fingerprints: ReadonlyMap<string, string>;
  /** Pools whose standby machines are held back: `probe` all but one, `open` all. */
  readonly standbyBreakers: ReadonlyMap<string, 'probe' | 'open'>;
  /** Taken slots; undefined: not read by this sweep. */
  readonly slots: readonly Found<'slots'>[] | undefined;
  /** Pools with an open breaker, for which nothing is created. */
  readonly held: ReadonlySet<string>;
  /** Those of them whose jobs their fallbacks serve: only a quota holds them back. Undefined: none. */
  readonly heldByQuota?: ReadonlySet<string>;
  /** Jobs of preempted spot VMs with their present state at GitHub. */
  readonly preempted: readonly {readonly preemption: Preemption; readonly job: DiscoveredJob | undefined}[];
  /** Time of the first sighting of each fault, in milliseconds. */
  readonly sightings: Readonly<Record<string, number>>;
}

/** A scope with all of its registered runners. */
export interface SeenScope {
  readonly scope: RunnerScope;
  readonly installationId: number | null;
  readonly runners: readonly Registration[];
}

/** A job as GitHub shows it now. */
export interface SeenJob {
  /** `owner/name` */
  readonly repository: string;
  readonly installationId: number | null;
  readonly isPublic: boolean;
  readonly job: DiscoveredJob;
}

/** A standby machine on record. */
export interface SeenStandby {
  readonly document: StandbyDocument;
  /** What has become of it; undefined: it is not being prepared, or the provider did not answer. */
  readonly look?: StandbyLook | undefined;
  /** Why the provider refuses to say it until a person changes something; undefined: it does not. */
  readonly refusal?: string | undefined;
}

/** A persistent VM, with the pools that share it. */
export interface SeenVm {
  /** `<zone>.<instance>` */
  readonly id: string;
  readonly pools: readonly string[];
  readonly idleMinutes: number;
  readonly document: VmDocument;
  /** Status at the provider; undefined: no job waits for the VM, or the provider did not answer. */
  readonly status?: VmStatus | undefined;
}

/** A Docker host, with what is on record of its VM. */
export interface SeenHost {
  readonly name: string;
  readonly idleMinutes: number;
  readonly silent: boolean;
  /** Undefined: it has never called. */
  readonly document: HostDocument | undefined;
  /** Undefined: somebody else keeps the host running. */
  readonly vm:
    | {readonly id: string; readonly bootMinutes: number; readonly document: VmDocument | undefined}
    | undefined;
}

export type SeenSlot = Found<'slots'> & {readonly data: SlotDocument};

/** A registration at GitHub. */
export interface Registered {
  readonly scope: RunnerScope;
  readonly installationId: number | null;
  readonly id: number;
}

/** How long the sweep leaves a change to its webhook, in milliseconds. */
export function webhookGraceMs(webhooks: 'on' | 'off'): number {
  return webhooks === 'on' ? 60_000 : 5_000;
}

/** A machine with the type of its provider. */
export interface SeenMachine extends Machine {
  readonly provider: string;
}

/** A provider whose list is incomplete; `place`: incomplete only in that place. */
export interface Unlisted {
  readonly provider: string;
  readonly place?: string;
}

/** Whether the list is complete in the place of the runner's machine, so that a missing machine does not exist. */
export function isListed(
  {unlisted}: Pick<Observed, 'unlisted'>,
  runner: Pick<RunnerDocument, 'provider'> & PlacementFields,
): boolean {
  const type = machineProvider(runner);
  const place = placementOf(runner)?.place;
  return !unlisted.some(
    (one) => one.provider === type && (one.place === undefined || place === undefined || one.place === place),
  );
}

/** The ephemeral VMs that this deployment may delete: neither those with the keep label nor the persistent VMs of its pools. */
export function ourMachines(observed: Pick<Observed, 'pools' | 'machines'>): readonly SeenMachine[] {
  const persistent = new Set(observed.pools.filter(isPersistent).map(({provider}) => provider.instance));
  return observed.machines.filter(({name, isKept}) => !isKept && !persistent.has(name));
}

/**
 * Finds the machine of a runner: of its name, at its provider. One of the same name elsewhere is not its own, such as what a Docker host
 * reports. A provider that names machines itself may have two of one runner, when it lost its answer to the first creation: while one of them
 * runs, the runner may be alive.
 */
export function machineFinder({
  machines,
}: Pick<Observed, 'machines'>): (runner: RunnerDocument) => SeenMachine | undefined {
  const keyOf = (provider: string, name: string) => `${provider} ${name}`;
  const stopped = machines.filter(({status}) => status === 'stopped');
  const others = machines.filter(({status}) => status !== 'stopped');
  const found = new Map([...stopped, ...others].map((machine) => [keyOf(machine.provider, machine.name), machine]));
  return (runner) => found.get(keyOf(machineProvider(runner), runner.name));
}

export function poolNamed(observed: Pick<Observed, 'pools'>, name: string | undefined): Pool | undefined {
  return observed.pools.find((pool) => pool.name === name);
}

export function minutesOf(observed: Pick<Observed, 'pools'>, pool: string | undefined): typeof DEFAULT_MINUTES | Pool {
  return poolNamed(observed, pool) ?? DEFAULT_MINUTES;
}

/** The registration of a runner. `listed`: its scope was listed, so that a missing `registration` does not exist. */
export function registrationOf(
  observed: Observed,
  runner: Pick<RunnerDocument, 'scope' | 'name' | 'githubId' | 'registrationTriedAt'>,
): {readonly listed: boolean; readonly registration: (Registered & {readonly seen: Registration}) | undefined} {
  const scope = observed.scopes.get(scopeKey(runner.scope));
  const found = scope?.runners.find((each) => isRegistrationOf(runner, each));
  return {listed: scope !== undefined, registration: scope && found && registered(scope, found)};
}

/**
 * All registrations with this name in the scopes of the pool: any of them may be the runner in a VM that is on no record. For a removed or
 * unknown pool, in all scopes.
 */
export function namesakes(
  observed: Observed,
  name: string,
  poolName?: string,
): (Registered & {readonly seen: Registration})[] {
  const pool = poolNamed(observed, poolName);
  return [...observed.scopes.values()]
    .filter(({scope}) => !pool || mayRegisterIn(pool, scope))
    .flatMap((scope) => scope.runners.filter((each) => each.name === name).map((each) => registered(scope, each)));
}

/** Whether the pool registers runners in this scope. */
function mayRegisterIn(pool: Pool, scope: RunnerScope): boolean {
  if (scope.kind === 'repository') {
    return pool.scope.kind === 'repositories' && takesRepository(pool, `${scope.owner}/${scope.repo}`);
  }
  return pool.scope.kind === 'organization' && pool.scope.org.toLowerCase() === scope.org.toLowerCase();
}

function registered({scope, installationId}: SeenScope, seen: Registration): Registered & {seen: Registration} {
  return {scope, installationId, id: seen.id, seen};
}

/** The URL of the job that a runner runs; null if unknown. */
export function jobUrlOf(observed: Observed, {runs}: RunnerDocument): string | null {
  if (runs === null) return null;
  return observed.seen.get(runs)?.job.url ?? observed.jobs.get(runs)?.url ?? null;
}

/**
 * Whether GitHub says that the runner runs a job now: then it is alive, whatever else looks wrong. A runner on no record is identified only
 * by its name.
 */
export function runsAtGitHub(observed: Observed, name: string, runner: RunnerDocument | undefined): boolean {
  for (const {job, repository} of observed.seen.values()) {
    if (job.status !== 'in_progress' || job.runnerName !== name) continue;
    const {runnerId, labels} = job;
    if (!runner || isMentionedRunner(runner, {repository, labels, runnerId, receivedAt: observed.startedAt}))
      return true;
  }
  return false;
}

/** Whether the provider says that the VM is stopped; false if it was not asked. */
export function isSeenStopped({status}: Pick<SeenVm, 'status'>): boolean {
  return status !== undefined && isStopped(status);
}

/** Number of free slots of the limit over all pools; infinite without a limit. */
export function freeSlotsOfAllPools({
  maxRunners = Number.POSITIVE_INFINITY,
  runners = [],
  jobs,
}: Pick<Observed, 'maxRunners' | 'runners' | 'jobs'>): number {
  const reserved = [...jobs.values()].filter(({demand, slotOfAll}) => demand === 'reserved' && slotOfAll).length;
  return Math.max(0, maxRunners - runners.filter(({slotOfAll}) => slotOfAll).length - reserved);
}
