import type {GitHub, GitHubFor} from '../../shared/github/github';
import type {BreakerDocument} from '../../shared/model/breaker';
import {parseRunnerName} from '../../shared/model/names';
import type {RunnerDocument} from '../../shared/model/runner';
import type {Store} from '../../shared/store/store';
import type {EmulatedMachine, MachineWorld} from '../emulators/machines';
import type {Scheduler} from '../emulators/scheduler';
import {type StandbyPool, standbyCount, standbyPools} from './draw-standby';
import {isHeld, isUnclaimed} from './held-machines';
import type {Violation} from './safety';
import {type Fault, type JobPlan, type Scenario, sweepIntervalMs} from './scenario';

const DEPLOYMENT = 'slipway';
const LIMIT = 10_000;

/** What a sweep saw before may be written so much later. */
const SURELY_MS = 5 * 60_000;

/** What has to hold of standby machines at each moment: each gets one JIT config, and is registered once, after a job has claimed it. */
export class StandbyPromises {
  readonly #given = new Map<EmulatedMachine, string>();
  readonly #registered = new Set<string>();
  /** Somebody has told the provider to delete them, or they came to nothing. */
  readonly #leaving = new Set<EmulatedMachine>();
  /** Nothing but capacity is lacking, so that nothing keeps a failed claim from being cleaned up at once. */
  #isCleanedUp = false;
  /** How many were created. */
  prepared = 0;

  constructor(
    private readonly machines: MachineWorld,
    private readonly store: Store,
    private readonly violated: (rule: Violation['rule'], detail: string) => void,
    /** What of the labels the machine is not. */
    private readonly unfit: (machine: EmulatedMachine, labels: readonly string[]) => string | undefined,
    private readonly forbidsReportsForMs: () => number | undefined,
  ) {
    machines.observe(({kind, machine}) => {
      if (kind === 'accepted' && isUnclaimed(machine)) this.prepared += 1;
      if (kind === 'deleting' || kind === 'deleted' || kind === 'failed') this.#leaving.add(machine);
      const {name, standby, jitConfig} = machine;
      if (standby === undefined || jitConfig === undefined) return;
      const before = this.#given.get(machine);
      if (before !== undefined && before !== jitConfig) violated('claimed_twice', `${name} got two JIT configs`);
      this.#given.set(machine, jitConfig);
    });
  }

  /** Begins what is promised only of some worlds. */
  promise(scenario: Scenario, scheduler: Scheduler): void {
    const {setting, faults} = scenario;
    this.#isCleanedUp = setting.appAway === undefined && faults.every(({on}) => on === 'stock_out' || on === 'quota');
    this.#watchDrained(scenario, scheduler);
  }

  /** A pool that may have no runners holds no machines, once sweeps have had the time. Asked before the pool is filled again, where nothing fails. */
  #watchDrained(scenario: Scenario, scheduler: Scheduler): void {
    const {setting, faults} = scenario;
    const {drained, rests} = setting;
    if (!setting.standby || !drained || rests || faults.length > 0) return;
    if (drained.forMs < SURELY_MS + 3 * sweepIntervalMs(scenario)) return;
    scheduler.at(scheduler.now() + drained.fromMs + drained.forMs - 1, () => {
      const held = this.machines.machines().filter((machine) => isHeld(machine) && machine.pool === drained.pool);
      for (const {name} of held)
        this.violated('left_over', `standby ${name} of pool ${drained.pool}, which is drained`);
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
        await this.#see(request);
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

  /** A record is about to be written. */
  written(where: string, json: string): void {
    if (where.startsWith('runners/')) this.#recorded(JSON.parse(json) as RunnerDocument);
    this.#heldBack(where, json);
  }

  /** Only the runner whose name a standby machine has is one of it; and once it failed for want of capacity, the machine was told to go, not left to a sweep. */
  #recorded({name, standby, state}: RunnerDocument): void {
    const isOfStandby = isStandbyName(name);
    if (standby && !isOfStandby) this.violated('wrong_machine', `${name} is on record as a standby machine`);
    if (state !== 'failed' || !isOfStandby || !this.#isCleanedUp) return;
    const left = this.machines.machines().find((one) => one.name === name && !this.#leaving.has(one));
    if (left) this.violated('left_over', `standby ${name} failed, and its machine is ${left.status}`);
  }

  /** What standby machines alone lack holds no job back. */
  #heldBack(where: string, json: string): void {
    if (!where.startsWith('breakers/boot.') || (this.forbidsReportsForMs() ?? 0) < SURELY_MS) return;
    const {open, reason} = JSON.parse(json) as BreakerDocument;
    if (open && /^standby machine/.test(reason)) this.violated('held_for_standby', `${where}: ${reason}`);
  }

  async #see({name, labels}: {readonly name: string; readonly labels: readonly string[]}): Promise<void> {
    if (!isStandbyName(name)) return;
    if (this.#registered.has(name)) this.violated('registered_twice', name);
    this.#registered.add(name);
    const machine = await this.store.get('standby', name);
    if (machine?.state !== 'claimed') this.violated('registered_unclaimed', `${name} is ${machine?.state}`);
    const made = this.machines.machines().find((one) => one.name === name);
    const unfit = made && this.unfit(made, labels);
    if (unfit !== undefined) this.violated('wrong_machine', `${name} was claimed for a job, and ${unfit}`);
  }

  /** Where nothing goes wrong but that a rate limit refuses calls, each machine that was claimed is begun. */
  #wasted({faults, jobs, acts = []}: Scenario): string[] {
    const isLimit = (fault: Fault) => fault.on === 'call' && fault.port === 'compute' && fault.effect === 'rate_limit';
    const isWanted = ({cancelAfterMs, sentBack, approvedAfterMs}: JobPlan) =>
      cancelAfterMs === undefined && sentBack === undefined && approvedAfterMs === undefined;
    if (faults.length === 0 || !faults.every(isLimit) || !jobs.every(isWanted) || acts.length > 0) return [];
    const begun = new Set([...this.#given.keys()].map(({name}) => name));
    return [...this.#registered]
      .filter((name) => !begun.has(name))
      .map((name) => `standby ${name} was claimed and not begun, for a rate limit`);
  }

  /** Whether machines are yet to come: after a refusal they are held back for longer than anything else. */
  areToCome({setting}: Scenario): boolean {
    return this.#counts(setting).some(({wanted, found}) => found < wanted);
  }

  #counts(setting: Scenario['setting']): {pool: StandbyPool; wanted: number; found: number}[] {
    const held = this.machines.machines().filter(isHeld);
    return standbyPools(setting).map((pool) => ({
      pool,
      wanted: standbyCount(setting, pool),
      found: held.filter((machine) => machine.pool === pool).length,
    }));
  }

  /** What is left in the end: no more machines than wanted, each on record and ready; and no fewer. */
  async left(scenario: Scenario): Promise<string[]> {
    const {setting} = scenario;
    const held = this.machines.machines().filter(isHeld);
    const documents = await this.store.find('standby', {where: {isHeld: true}, limit: LIMIT});
    const ready = new Set(documents.flatMap(({id, data}) => (data.state === 'ready' ? [id] : [])));
    const unknown = held.filter(({name}) => !ready.has(name)).map(({name, status}) => `standby ${name} ${status}`);
    const stale = documents
      .filter(({id, data}) => data.state !== 'ready' || !held.some(({name}) => name === id))
      .map(({id, data}) => `record of standby ${id} ${data.state} (${data.because})`);
    const counted = this.#counts(setting)
      .filter(({wanted, found}) => found !== wanted)
      .map(({pool, wanted, found}) => `${found} standby machines of pool ${pool} where ${wanted} are wanted`);
    return [...unknown, ...stale, ...counted, ...this.#wasted(scenario)];
  }
}

function isStandbyName(name: string): boolean {
  return parseRunnerName(DEPLOYMENT, name)?.tag?.startsWith('s') === true;
}
