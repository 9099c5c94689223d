import type {BreakerDocument} from '../../shared/model/breaker';
import type {RunnerDocument} from '../../shared/model/runner';
import type {GitHubWorld} from '../emulators/github/model';
import type {EmulatedMachine, MachineWorld} from '../emulators/machines';
import type {BootFailure} from '../emulators/runner-process';
import type {SeededRandom} from '../emulators/seeded-random';
import type {FaultPlan} from './fault-plan';
import {BOOT_MINUTES} from './pools';
import type {Violation} from './safety';
import type {Fault, Scenario} from './scenario';

const BOOT_LIMIT_MS = BOOT_MINUTES * 60_000;

/** What the end of a machine that did not boot says: the sweep noticed it. */
const ENDED = /^\S+ did not come online: /;

/** Faults beside which every boot that fails by the end of its machine is counted: no execution dies or is refused halfway through the end of a runner. */
const HARMLESS: ReadonlySet<Fault['on']> = new Set([
  ...(['boot', 'power_off', 'webhook', 'webhook_down', 'flood', 'dispatch', 'late_failure', 'stock_out'] as const),
  ...(['quota', 'policy', 'preemption', 'host_error', 'vm_down', 'listener'] as const),
]);

export interface BootsOptions {
  readonly scenario: Scenario;
  readonly random: SeededRandom;
  readonly faultPlan: FaultPlan;
  readonly github: GitHubWorld;
  readonly machines: MachineWorld;
  /** Whether it is the persistent VM, which boots whatever happens. */
  readonly isVm: (machine: EmulatedMachine) => boolean;
  /** Whether the registration of this id is somebody else's, under whatever name. */
  readonly isNeighbour: (id: number) => boolean;
  readonly violated: (rule: Violation['rule'], detail: string) => void;
}

/**
 * How machines boot, and what is made of it: a machine that ends by itself during its boot counts as a failed boot, and one whose runner ran a job, or that
 * the provider took back, does not.
 */
export class Boots {
  /** VMs whose startup script fails, or takes longer than a boot may. */
  readonly failed: string[] = [];
  /** Those that ended by it, with what became of their runners' records since. */
  readonly #ended = new Map<string, RunnerDocument | 'otherwise' | undefined>();
  readonly #counted = new Set<string>();
  readonly #ran = new Set<string>();
  readonly #preempted = new Set<string>();

  constructor(private readonly options: BootsOptions) {
    const {github, machines, isNeighbour} = options;
    machines.observe(({kind, machine}) => void (kind === 'preempted' && this.#preempted.add(machine.name)));
    github.observe((event) => {
      const runner = event.kind === 'job' ? event.job.runner : undefined;
      if (runner && !isNeighbour(runner.id)) this.#ran.add(runner.name);
    });
  }

  ms({name}: EmulatedMachine): number {
    const ms = this.options.random.below(this.options.scenario.setting.bootMs);
    if (ms >= BOOT_LIMIT_MS) this.failed.push(name);
    return ms;
  }

  failure(machine: EmulatedMachine): BootFailure | false {
    const {faultPlan, isVm} = this.options;
    const failure = !isVm(machine) && faultPlan.boot();
    if (!failure) return false;
    this.failed.push(machine.name);
    if (failure === 'powers off' && machine.jitConfig !== undefined) this.#ended.set(machine.name, undefined);
    return failure;
  }

  /** A record is about to be written. */
  written(where: string, json: string): void {
    if (where.startsWith('breakers/boot.')) this.#count(JSON.parse(json) as BreakerDocument);
    const name = where.startsWith('runners/') ? where.slice('runners/'.length) : '';
    if (!this.#ended.has(name) || this.#ended.get(name) === 'otherwise') return;
    const runner = JSON.parse(json) as RunnerDocument;
    const isAsMade = runner.state === 'booting' || runner.state === 'failed';
    this.#ended.set(name, isAsMade && runner.onlineAt === undefined ? runner : 'otherwise');
  }

  /** In the end. */
  check(): void {
    const {faultPlan, scenario, violated} = this.options;
    const {acts = [], setting} = scenario;
    if (acts.length > 0 || setting.appAway || [...faultPlan.struck].some(({on}) => !HARMLESS.has(on))) return;
    for (const [name, runner] of this.#ended) {
      if (runner === undefined || runner === 'otherwise' || runner.state !== 'failed') continue;
      // Of a machine whose size a job has chosen the job alone counts it.
      if (runner.labels.some((label) => /^(machine|cpus|memory)=/.test(label))) continue;
      if (!this.#counted.has(name)) violated('uncounted_boot', `${name} ended during its boot, which nobody counted`);
    }
  }

  #count({reason}: BreakerDocument): void {
    const [name = ''] = reason.split(' ');
    this.#counted.add(name);
    if (!ENDED.test(reason)) return;
    const {violated} = this.options;
    if (this.#ran.has(name)) violated('miscounted_boot', `${name} ran a job, and counts as a failed boot: ${reason}`);
    if (this.#preempted.has(name)) violated('miscounted_boot', `${name} was preempted, and counts as a failed boot`);
  }
}
