import type {MachineEventKind} from '../machines';
import type {Scheduler} from '../scheduler';
import {type Instance, notFound, type Status} from './resources';
import {maxRunSeconds} from './scheduling';

/** What happened to an instance, for whoever shows or counts it. */
export interface ComputeEvent {
  readonly kind: MachineEventKind;
  readonly instance: Instance;
}

export interface ComputeStatistics {
  /** How often each kind of event happened. */
  readonly events: Readonly<Record<string, number>>;
  /** By machine type, up to now. */
  readonly runningSeconds: Readonly<Record<string, number>>;
}

/** The instances that there are, their run time and what is told about them. */
export class Machines {
  readonly #instances = new Map<string, Instance>();
  readonly #expiries = new Map<Instance, () => void>();
  readonly #observers: ((event: ComputeEvent) => void)[] = [];
  readonly #events = new Map<string, number>();
  readonly #runningMs = new Map<string, number>();
  readonly #running = new Map<Instance, number>();

  constructor(
    private readonly scheduler: Scheduler,
    private readonly onExpired: (instance: Instance) => void,
  ) {}

  observe(observer: (event: ComputeEvent) => void): void {
    this.#observers.push(observer);
  }

  announce(kind: ComputeEvent['kind'], instance: Instance): void {
    this.#events.set(kind, (this.#events.get(kind) ?? 0) + 1);
    for (const observer of this.#observers) observer({kind, instance});
  }

  all(): Instance[] {
    return [...this.#instances.values()];
  }

  find(zone: string, name: string): Instance | undefined {
    return this.#instances.get(`${zone}/${name}`);
  }

  get(zone: string, name: string): Instance {
    const instance = this.find(zone, name);
    if (!instance) throw notFound(`zones/${zone}/instances/${name}`);
    return instance;
  }

  /** Whether it is this very instance that is there, not a later one of its name. */
  has(instance: Instance): boolean {
    return this.find(instance.zone, instance.name) === instance;
  }

  add(instance: Instance): void {
    this.#instances.set(`${instance.zone}/${instance.name}`, instance);
  }

  remove(instance: Instance): void {
    this.leave(instance, 'STOPPING');
    this.#halt(instance);
    this.#instances.delete(`${instance.zone}/${instance.name}`);
  }

  run(instance: Instance): void {
    const now = this.scheduler.now();
    instance.status = 'RUNNING';
    instance.startedAtMs = now;
    if (!this.#running.has(instance)) this.#running.set(instance, now);
    const seconds = maxRunSeconds(instance.scheduling);
    if (seconds !== undefined) {
      instance.endsAtMs = now + seconds * 1000;
      this.#expiries.set(
        instance,
        this.scheduler.at(instance.endsAtMs, () => this.onExpired(instance)),
      );
    }
    this.announce('running', instance);
  }

  /**
   * Out of RUNNING. The limit of the run time counts only while an instance runs: one that stopped is never deleted by it.
   * @see https://cloud.google.com/compute/docs/instances/limit-vm-runtime
   */
  leave(instance: Instance, status: Status): void {
    this.#expiries.get(instance)?.();
    this.#expiries.delete(instance);
    instance.endsAtMs = undefined;
    instance.status = status;
  }

  /** Off, and no longer paid for. */
  rest(instance: Instance, status: 'TERMINATED' | 'SUSPENDED'): void {
    this.leave(instance, status);
    this.#halt(instance);
    if (status === 'SUSPENDED') instance.suspendedAtMs = this.scheduler.now();
    else instance.stoppedAtMs = this.scheduler.now();
    if (status === 'TERMINATED') this.announce('terminated', instance);
  }

  statistics(): ComputeStatistics {
    const totals = new Map(this.#runningMs);
    for (const [{machineType}, since] of this.#running) {
      totals.set(machineType, (totals.get(machineType) ?? 0) + this.scheduler.now() - since);
    }
    return {
      events: Object.fromEntries(this.#events),
      runningSeconds: Object.fromEntries([...totals].map(([machineType, ms]) => [machineType, ms / 1000])),
    };
  }

  #halt(instance: Instance): void {
    const since = this.#running.get(instance);
    if (since === undefined) return;
    this.#running.delete(instance);
    const {machineType} = instance;
    this.#runningMs.set(machineType, (this.#runningMs.get(machineType) ?? 0) + this.scheduler.now() - since);
  }
}
