import type {ComputeWorld} from '../emulators/compute/model';
import {type Instance, isSpot} from '../emulators/compute/resources';
import type {FaultPlan} from './fault-plan';
import type {PersistentVm} from './persistent-vm';
import type {Fault} from './scenario';

type Window = Extract<Fault, {fromMs: number}>;

/** The scenario's faults that come by time and not by call: outages, stock-outs, quotas, machines that are taken away. */
export class ScheduledFaults {
  readonly #active = new Set<Window>();
  readonly #zonesDown: string[] = [];
  readonly #late: Extract<Fault, {on: 'late_failure'}>[] = [];

  constructor(
    private readonly compute: ComputeWorld,
    private readonly faultPlan: FaultPlan,
    private readonly isOurs: (instance: Instance) => boolean,
    private readonly vm: PersistentVm | undefined,
    faults: readonly Fault[],
  ) {
    const {scheduler} = compute;
    const startMs = scheduler.now();
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
    const running = this.compute.instances().filter((one) => one.status === 'RUNNING' && this.isOurs(one));
    const candidates = fault.on === 'preemption' ? running.filter(isSpot) : running;
    const instance = candidates[fault.pick % Math.max(1, candidates.length)];
    if (!instance) return;
    this.faultPlan.note(fault);
    if (fault.on === 'preemption') this.compute.preempt(instance);
    else this.compute.failHost(instance);
  }

  /** The model takes back everything at once, so what lasts is said again. */
  #change(change: () => void, fault: Fault): void {
    this.faultPlan.note(fault);
    change();
    this.compute.recover();
    for (const {code, times} of this.#late.splice(0)) {
      this.compute.failLate({times, error: {code, message: `The operation failed: ${code}.`}});
    }
    for (const zone of this.#zonesDown.splice(0)) this.compute.catalog.setZoneStatus(zone, 'UP');
    for (const window of this.#active) {
      if (window.on === 'zone_down') {
        this.compute.catalog.setZoneStatus(window.zone, 'DOWN');
        this.#zonesDown.push(window.zone);
      }
      if (window.on === 'stock_out') this.compute.setCapacity({zone: window.zone}, 0);
      if (window.on === 'quota') this.compute.setQuota('us-central1', 'CPUS', window.cpus, window.refused);
    }
  }
}
