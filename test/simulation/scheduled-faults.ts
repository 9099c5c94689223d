import type {EmulatedMachine, MachineFaults, MachineWorld} from '../emulators/machines';
import type {Scheduler} from '../emulators/scheduler';
import type {FaultPlan} from './fault-plan';
import type {PersistentVm} from './persistent-vm';
import type {Fault, SimulatedProvider} from './scenario';

type Window = Extract<Fault, {fromMs: number}>;

/** The scenario's faults that come by time and not by call: outages, stock-outs, quotas, machines that are taken away. */
export class ScheduledFaults {
  readonly #active = new Set<Window>();
  readonly #late: Extract<Fault, {on: 'late_failure'}>[] = [];

  readonly #startMs: number;

  constructor(
    private readonly scheduler: Scheduler,
    private readonly machines: MachineWorld,
    private readonly faultPlan: FaultPlan,
    private readonly isOurs: (machine: EmulatedMachine) => boolean,
    private readonly vm: PersistentVm | undefined,
    faults: readonly Fault[],
    /** Where the machines of one provider are, among several. */
    private readonly worldOf: (provider: SimulatedProvider) => MachineWorld | undefined = () => undefined,
  ) {
    const startMs = scheduler.now();
    this.#startMs = startMs;
    for (const fault of faults) {
      if ('fromMs' in fault) {
        scheduler.at(startMs + fault.fromMs, () => this.#change(() => this.#active.add(fault), fault));
        scheduler.at(startMs + fault.fromMs + fault.forMs, () => this.#change(() => this.#active.delete(fault), fault));
      } else if ('atMs' in fault) {
        scheduler.at(startMs + fault.atMs, () => this.#strike(fault));
      }
    }
  }

  isGitHubDown(): boolean {
    return [...this.#active].some(({on}) => on === 'github_down');
  }

  /** For how long the organisation has forbidden guest attributes; undefined: it does not. */
  forbidsReportsForMs(): number | undefined {
    const since = [...this.#active].flatMap((window) => (window.on === 'policy' ? [window.fromMs] : []));
    return since.length === 0 ? undefined : this.scheduler.now() - this.#startMs - Math.min(...since);
  }

  /** `unreachable`, or the status that the webhook answers; undefined while it is up. */
  webhookOutage(): 'unreachable' | 503 | undefined {
    for (const fault of this.#active) if (fault.on === 'webhook_down') return fault.answer ?? 'unreachable';
    return undefined;
  }

  #strike(fault: Extract<Fault, {atMs: number}>): void {
    // GitHub's matter: `Floods`.
    if (fault.on === 'flood') return;
    if (fault.on === 'late_failure') {
      this.#late.push(fault);
      this.#change(() => undefined, fault);
      return;
    }
    if (fault.on === 'vm_down') {
      if (this.vm?.goDown(fault.by)) this.faultPlan.note(fault);
      return;
    }
    if (fault.on === 'listener') {
      if (this.vm?.endListener(fault)) this.faultPlan.note(fault);
      return;
    }
    const running = this.machines.machines().filter((one) => one.isRunning && this.isOurs(one));
    const candidates = fault.on === 'preemption' ? running.filter(({isSpot}) => isSpot) : running;
    const machine = candidates[fault.pick % Math.max(1, candidates.length)];
    if (!machine) return;
    this.faultPlan.note(fault);
    if (fault.on === 'preemption') this.machines.preempt(machine, fault);
    else this.machines.failHost(machine);
  }

  /** The faults of the provider that alone has this one, or of all. */
  #facing({of}: Extract<Fault, {on: 'quota'}>): MachineFaults {
    return (of === undefined ? undefined : this.worldOf(of))?.faults ?? this.machines.faults;
  }

  /** The model takes back everything at once, so what lasts is said again. */
  #change(change: () => void, fault: Fault): void {
    this.faultPlan.note(fault);
    change();
    const {faults} = this.machines;
    faults.recover();
    for (const {code, times} of this.#late.splice(0)) faults.failLate({code, times});
    for (const window of this.#active) {
      if (window.on === 'zone_down') faults.placeDown(window.zone);
      if (window.on === 'stock_out') faults.stockOut(window.zone);
      if (window.on === 'policy') faults.forbidReports?.();
      if (window.on === 'quota') this.#facing(window).quota(window.cpus, window.refused);
    }
  }
}
