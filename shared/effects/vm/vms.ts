import {takesRepository} from '../../model/matching';
import {isSpeltOut} from '../../model/names';
import {isPersistent, type Pool} from '../../model/pool';
import {type RunnerScope, repositoryScope} from '../../model/scope';
import type {VmDocument} from '../../model/vm';
import {type Context, poolOf} from '../../ports';
import type {VmReference} from '../../providers/vm';

/** A persistent VM with the pools that share it. */
export interface Vm extends VmReference {
  /** `<zone>.<instance>`: the document's id. */
  readonly id: string;
  readonly pools: readonly VmPool[];
  /** Minutes without a job after which it stops: the longest of its pools. */
  readonly idleMinutes: number;
  readonly bootMinutes: number;
}

export interface VmPool {
  readonly pool: Pool;
  /** At GitHub. */
  readonly runnerName: string;
  readonly drain: boolean;
}

/** The VM of a persistent pool; undefined for any other pool. */
export function vmOfPool(context: Pick<Context, 'pools'>, name: string): Vm | undefined {
  const pool = poolOf(context, name);
  return pool && isPersistent(pool) ? vmById(context, vmId(pool.provider)) : undefined;
}

/** Undefined when no pool names this VM any more. */
export function vmById(context: Pick<Context, 'pools'>, id: string): Vm | undefined {
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

/** Every persistent VM of the configuration, once. */
export function allVms(context: Pick<Context, 'pools'>): Vm[] {
  const ids = context.pools.filter(isPersistent).map(({provider}) => vmId(provider));
  return [...new Set(ids)].flatMap((id) => vmById(context, id) ?? []);
}

/** Whether the VM's runner has this name at GitHub. */
export function isRunnerOf(vm: Vm, name: string): boolean {
  return vm.pools.some(({runnerName}) => runnerName.toLowerCase() === name.toLowerCase());
}

export function vmOfRunner(context: Pick<Context, 'pools'>, runnerName: string): Vm | undefined {
  return allVms(context).find((vm) => isRunnerOf(vm, runnerName));
}

/** Where one of the VM's runners is looked for. */
export interface RunnerPlace {
  readonly runnerName: string;
  readonly scope: RunnerScope;
  readonly installationId: number | null;
  /** Pools whose jobs that runner takes. */
  readonly pools: readonly VmPool[];
}

/** Where the VM's runners may be registered: in the pools' organisations, their named repositories, and those whose jobs it has served. */
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

function vmId({instance, zone = ''}: {readonly instance: string; readonly zone?: string}): string {
  return `${zone}.${instance}`;
}
