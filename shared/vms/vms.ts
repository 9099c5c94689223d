import {NoCapacity, QuotaExceeded, Refused, Unavailable, Uncertain} from '../errors';
import type {JobEvent} from '../model/job-event';
import {takesRepository} from '../model/matching';
import {isSpeltOut, parseRunnerName} from '../model/names';
import {isPersistent, type Pool} from '../model/pool';
import {type RunnerScope, repositoryScope} from '../model/scope';
import type {VmDocument} from '../model/vm';
import {type Context, poolOf} from '../ports';
import type {NotReady, PersistentVm, VmReference, VmRefusal, VmStatus} from '../providers/persistent-vm';

/** `operation`: Compute Engine's name of the operation; null in a dry run. */
export type StartResult =
  | {readonly status: 'starting'; readonly operation: string | null}
  | {readonly status: 'already_running' | 'stopping'};

/** `operation`: as for a start. `busy`: a job runs on the VM or waits for it. */
export type StopResult =
  | {readonly status: 'stopping'; readonly operation: string | null}
  | {readonly status: 'already_stopped' | 'busy'};

/** A persistent VM with the pools that share it. */
export interface Vm extends VmReference {
  /** `<zone>.<instance>`: the document's id. */
  readonly id: string;
  readonly pools: readonly VmPool[];
  /** The VM stops after this time without a job: the longest `idleMinutes` of its pools. */
  readonly idleMinutes: number;
  /** The longest `bootMinutes` of its pools. */
  readonly bootMinutes: number;
}

export interface VmPool {
  readonly pool: Pool;
  /** Name of the VM's runner at GitHub. */
  readonly runnerName: string;
  /** Whether a label is taken off the runner before the VM stops. */
  readonly drain: boolean;
}

/** The VM of a persistent pool; undefined for any other pool. */
export function findVmOfPool(context: Pick<Context, 'pools'>, name: string): Vm | undefined {
  const pool = poolOf(context, name);
  return pool && isPersistent(pool) ? findVmById(context, vmId(pool.provider)) : undefined;
}

/** The VM of this id; undefined: no pool of the configuration names it. */
export function findVmById(context: Pick<Context, 'pools'>, id: string): Vm | undefined {
  const ofVm = context.pools.filter(isPersistent).filter(({provider}) => vmId(provider) === id);
  const pools = ofVm.map((pool): VmPool => {
    const {instance, runnerName, drain} = pool.provider;
    return {pool, runnerName: runnerName ?? instance, drain: drain !== false};
  });
  const [first] = ofVm;
  if (!first) return undefined;
  return {
    id,
    instance: first.provider.instance,
    zone: first.provider.zone ?? '',
    pools,
    idleMinutes: Math.max(...pools.map(({pool}) => pool.idleMinutes)),
    bootMinutes: Math.max(...pools.map(({pool}) => pool.bootMinutes)),
  };
}

/** All persistent VMs of the configuration, each once. */
export function allVms(context: Pick<Context, 'pools'>): Vm[] {
  const ids = context.pools.filter(isPersistent).map(({provider}) => vmId(provider));
  return [...new Set(ids)].flatMap((id) => findVmById(context, id) ?? []);
}

/** Whether the VM's runner has this name at GitHub. */
export function isRunnerOf(vm: Vm, name: string): boolean {
  return vm.pools.some(({runnerName}) => runnerName.toLowerCase() === name.toLowerCase());
}

/** The VM that has a runner of this name; undefined: none. */
export function findVmOfRunner(context: Pick<Context, 'pools'>, runnerName: string): Vm | undefined {
  return allVms(context).find((vm) => isRunnerOf(vm, runnerName));
}

/** A scope in which one of the VM's runners is looked for. */
export interface RunnerPlace {
  readonly runnerName: string;
  readonly scope: RunnerScope;
  readonly installationId: number | null;
  /** The pools whose jobs this runner takes. */
  readonly pools: readonly VmPool[];
}

/** The scopes in which the VM's runners may be registered: organizations and named repositories of its pools, and repositories that it served. */
export function runnerPlaces(vm: Vm, document: VmDocument | undefined): RunnerPlace[] {
  const places = new Map<string, RunnerPlace>();
  const known = document?.repositories ?? [];
  const installationOf = (fits: (repository: string) => boolean) =>
    known.find(({repository}) => fits(repository.toLowerCase()))?.installationId ?? null;
  const add = (entry: VmPool, scope: RunnerScope, installationId: number | null) => {
    const key = `${JSON.stringify(scope)} ${entry.runnerName}`.toLowerCase();
    const pools = [...(places.get(key)?.pools ?? []), entry];
    places.set(key, {runnerName: entry.runnerName, scope, installationId, pools});
  };
  for (const entry of vm.pools) {
    const {scope} = entry.pool;
    if (scope.kind === 'organization') {
      const org = scope.org.toLowerCase();
      add(
        entry,
        {kind: 'organization', org: scope.org},
        installationOf((name) => name.startsWith(`${org}/`)),
      );
      continue;
    }
    const named = scope.patterns.filter(isSpeltOut);
    const served = known
      .map(({repository}) => repository)
      .filter((repository) => takesRepository(entry.pool, repository));
    const repositories = new Map([...named, ...served].map((each) => [each.toLowerCase(), each]));
    for (const [lower, repository] of repositories) {
      add(
        entry,
        repositoryScope(repository),
        installationOf((name) => name === lower),
      );
    }
  }
  return [...places.values()];
}

/** The id of a VM's document: `<zone>.<instance>`. */
export function vmId({instance, zone = ''}: {readonly instance: string; readonly zone?: string}): string {
  return `${zone}.${instance}`;
}

/** A persistent VM with its status at Compute Engine. */
export interface VmToOperate {
  readonly vm: Vm;
  readonly machine: PersistentVm;
  readonly status: VmStatus;
}

/** The persistent VM of a pool, for a requested operation. Throws `Refused` if the pool has none, or Compute Engine has no such VM. */
export async function requirePersistentVm(context: Context, pool: Pool): Promise<VmToOperate> {
  const vm = findVmOfPool(context, pool.name);
  if (!vm) throw new Refused(`pool ${pool.name} has no persistent VM; expected a pool that starts and stops one`);
  const machine = context.vm(vm);
  const status = await machine.status();
  if (status === undefined) throw new Refused(`found no VM ${vm.instance} in ${vm.zone}; expected it to exist`);
  return {vm, machine, status};
}

/** Maps a VM outcome to an error. */
export function toError({instance}: VmReference, refused: NotReady | VmRefusal): Error {
  switch (refused.kind) {
    case 'not_ready':
      return new Unavailable(`VM ${instance} is ${refused.status}, neither up nor down`, refused.retryAfterSeconds);
    case 'no_capacity':
      return new NoCapacity(refused.message, 60);
    case 'quota':
      return new QuotaExceeded(refused.message, 60);
    case 'rate_limited':
      return new Unavailable(refused.message, refused.retryAfterSeconds);
    case 'uncertain':
      return new Uncertain(refused.message, 10);
    case 'missing':
    case 'refused':
      return new Refused(refused.message);
  }
}

/** The VM to which an event belongs: the VM of the event's pool; undefined: the pool has none, or an ephemeral runner of ours has the job. */
export function findVmForEvent(context: Context, {pool, runnerName}: JobEvent): Vm | undefined {
  if (runnerName && parseRunnerName(context.deployment, runnerName)) return undefined;
  return findVmOfPool(context, pool);
}
