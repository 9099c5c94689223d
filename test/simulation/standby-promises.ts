import type {GitHub, GitHubFor} from '../../shared/github/github';
import {parseRunnerName} from '../../shared/model/names';
import type {StandbyHold} from '../../shared/model/standby';
import type {Store} from '../../shared/store/store';
import type {EmulatedMachine, MachineWorld} from '../emulators/machines';
import type {SeededRandom} from '../emulators/seeded-random';
import type {Violation} from './safety';
import type {CallEffect, Fault, Setting} from './scenario';

const DEPLOYMENT = 'slipway';
const LIMIT = 10_000;

/** Standby machines of the pools `arm` and `shared`. */
export interface StandbySetting {
  readonly hold: StandbyHold;
  readonly count: number;
}

export const STANDBY_POOLS = ['arm', 'shared'] as const;

/** A third of the worlds. Machine types of arm64 among the placements are not suspended. */
export function drawStandby(
  random: SeededRandom,
  {placements}: Pick<Setting, 'placements'>,
): StandbySetting | undefined {
  if (random.next() >= 0.35) return undefined;
  const hold = random.next() < 0.5 && !placements ? 'suspended' : 'stopped';
  return {hold, count: 1 + random.below(3)};
}

/** How many of them a pool has: no more than it may have runners. */
export function standbyCount({standby, maxRunners, total}: Setting, pool: (typeof STANDBY_POOLS)[number]): number {
  return Math.min(standby?.count ?? 0, maxRunners[pool], total ?? Number.POSITIVE_INFINITY);
}

const EFFECTS: readonly CallEffect[] = ['dies_before', 'dies_after', 'failed', 'lost', 'hang', 'unavailable'];
const METHODS = ['setMetadata', 'powerInstance', 'getInstanceDetails', 'guestAttribute', 'setLabels'];

/** Such as strike the calls that only standby machines need. */
export function drawStandbyFaults(random: SeededRandom): Fault[] {
  const pick = <T>(items: readonly T[]): T => items[random.below(items.length)] as T;
  return Array.from({length: [0, 1, 3, 6][random.below(4)] ?? 0}, () => ({
    ...{on: 'call', port: 'compute', method: pick(METHODS), nth: 1 + random.below(12), effect: pick(EFFECTS)},
  }));
}

/** Whether it waits for a job, and runs nothing. */
export function isHeld({standby, jitConfig, status}: EmulatedMachine): boolean {
  return standby !== undefined && jitConfig === undefined && (status === 'TERMINATED' || status === 'SUSPENDED');
}

/** Whether it was made ahead, and has no JIT config. */
export function isUnclaimed({standby, jitConfig}: EmulatedMachine): boolean {
  return standby !== undefined && jitConfig === undefined;
}

/** What has to hold of standby machines at each moment: each gets one JIT config, and is registered once, after a job has claimed it. */
export class StandbyPromises {
  readonly #given = new Map<EmulatedMachine, string>();
  readonly #registered = new Set<string>();
  /** How many were created. */
  prepared = 0;

  constructor(
    private readonly machines: MachineWorld,
    private readonly store: Store,
    private readonly violated: (rule: Violation['rule'], detail: string) => void,
  ) {
    machines.observe(({kind, machine}) => {
      if (kind === 'accepted' && isUnclaimed(machine)) this.prepared += 1;
      const {name, standby, jitConfig} = machine;
      if (standby === undefined || jitConfig === undefined) return;
      const before = this.#given.get(machine);
      if (before !== undefined && before !== jitConfig) violated('claimed_twice', `${name} got two JIT configs`);
      this.#given.set(machine, jitConfig);
    });
  }

  /** How many were begun. */
  get begun(): number {
    return this.#given.size;
  }

  /** Names of standby machines of the pool whose runners were registered. */
  registeredIn(pool: string): string[] {
    return [...this.#registered].filter((name) => parseRunnerName(DEPLOYMENT, name)?.pool === pool);
  }

  /** The port of GitHub, watched. */
  watch(port: GitHubFor): GitHubFor {
    return (scope, installation) => {
      const github = port(scope, installation);
      const createJitConfig: GitHub['createJitConfig'] = async (request) => {
        const registered = await github.createJitConfig(request);
        await this.#see(request.name);
        return registered;
      };
      return new Proxy(github, {
        get: (target, key) => {
          if (key === 'createJitConfig') return createJitConfig;
          const member: unknown = Reflect.get(target, key, target);
          return typeof member === 'function' ? member.bind(target) : member;
        },
      });
    };
  }

  async #see(name: string): Promise<void> {
    if (!parseRunnerName(DEPLOYMENT, name)?.tag?.startsWith('s')) return;
    if (this.#registered.has(name)) this.violated('registered_twice', name);
    this.#registered.add(name);
    const machine = await this.store.get('standby', name);
    if (machine?.state !== 'claimed') this.violated('registered_unclaimed', `${name} is ${machine?.state}`);
  }

  /** What is left in the end: no more machines than wanted, each on record and ready; and no fewer. */
  async left(setting: Setting): Promise<string[]> {
    const held = this.machines.machines().filter(isHeld);
    const documents = await this.store.find('standby', {where: {isHeld: true}, limit: LIMIT});
    const ready = new Set(documents.flatMap(({id, data}) => (data.state === 'ready' ? [id] : [])));
    const unknown = held.filter(({name}) => !ready.has(name)).map(({name, status}) => `standby ${name} ${status}`);
    const stale = documents
      .filter(({id, data}) => data.state !== 'ready' || !held.some(({name}) => name === id))
      .map(({id, data}) => `record of standby ${id} ${data.state} (${data.because})`);
    const counted = STANDBY_POOLS.flatMap((pool) => {
      const wanted = standbyCount(setting, pool);
      const found = held.filter((machine) => machine.pool === pool).length;
      // The sweep that makes them after the end of a drain may be yet to come.
      const wasDrained = setting.drained?.pool === pool && found < wanted;
      return found === wanted || wasDrained
        ? []
        : [`${found} standby machines of pool ${pool} where ${wanted} are wanted`];
    });
    return [...unknown, ...stale, ...counted];
  }
}
