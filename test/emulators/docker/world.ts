import type {EmulatedMachine, MachineEvent, MachineEventKind, MachineFaults, MachineWorld} from '../machines';
import type {Scheduler} from '../scheduler';
import {HostModel, type ModelOrders, type ModelReport} from './host-model';

const JIT_CONFIG = 'ACTIONS_RUNNER_INPUT_JITCONFIG';

/** After a call without an answer the agent waits for so long. */
const ERROR_WAIT_SECONDS = 5;

export interface DockerWorldOptions {
  readonly scheduler: Scheduler;
  /** Names of the hosts. */
  readonly hosts: readonly string[];
  /** One call of an agent. Rejects where no answer arrives. */
  readonly sync: (host: string, report: ModelReport) => Promise<ModelOrders>;
  /** From the order to a container that runs: its image is pulled. */
  readonly pullMs: () => number;
  /** How many times longer than it is told the agent of a host waits between two calls; 1 unless given. */
  readonly pace?: (host: string) => number;
}

/** A container as a machine of any provider. */
class ContainerMachine implements EmulatedMachine {
  readonly isSpot = false;
  readonly pool: string | undefined;
  readonly job: string | undefined;
  startedAtMs: number | undefined;

  constructor(
    readonly name: string,
    readonly place: string,
    readonly jitConfig: string | undefined,
    private readonly model: HostModel,
  ) {
    // One that no job asked for has a tag of letters in its job's place.
    const [, pool, id] = /^[a-z0-9]+-(.+)-([a-z0-9]+)-\d+$/.exec(name) ?? [];
    this.pool = pool;
    this.job = id && /^\d+$/.test(id) ? `${id}-1` : undefined;
  }
  get status() {
    return this.model.containers.find(({name}) => name === this.name)?.state ?? 'removed';
  }
  get isRunning() {
    return this.status === 'running';
  }
}

/** Docker hosts whose agents call by themselves, with their containers as machines. */
export class DockerWorld implements MachineWorld {
  readonly faults: MachineFaults;
  readonly #models = new Map<string, HostModel>();
  readonly #machines = new Map<string, ContainerMachine>();
  readonly #observers: ((event: MachineEvent) => void)[] = [];
  readonly #counts = new Map<string, number>();
  /** Hosts that do not call. */
  readonly #silent = new Set<string>();
  #refusals = 0;
  /** Why the container is taken away that is taken away now. */
  #cause: MachineEventKind = 'deleting';
  #isClosed = false;
  /** The next call of each host, while it waits. */
  readonly #next = new Map<string, () => void>();

  constructor(private readonly options: DockerWorldOptions) {
    for (const host of options.hosts) {
      const model: HostModel = new HostModel({
        now: () => options.scheduler.now(),
        onRunning: ({name}) => this.#running(name),
        onKilled: (name) => this.#killed(name),
      });
      this.#models.set(host, model);
    }
    const [last] = options.hosts.slice(-1);
    this.faults = {
      // The engine refuses them.
      failLate: ({times}) => {
        this.#refusals += times;
      },
      // The capacity of a host is no matter of luck.
      stockOut: () => undefined,
      quota: () => undefined,
      placeDown: () => void (last && this.#silent.add(last)),
      recover: () => {
        this.#refusals = 0;
        this.#silent.clear();
      },
    };
  }

  /** The agents begin to call. */
  start(): void {
    for (const host of this.#models.keys()) this.#callLater(host, 0);
  }

  close(): void {
    this.#isClosed = true;
  }

  observe(observer: (event: MachineEvent) => void): void {
    this.#observers.push(observer);
  }

  machines(): EmulatedMachine[] {
    return [...this.#machines.values()];
  }

  /** Containers on the host that have not ended. */
  unfinished(host: string): number {
    return this.#models.get(host)?.containers.filter(({state}) => state !== 'exited').length ?? 0;
  }

  created(): number {
    return this.#counts.get('accepted') ?? 0;
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  add(): EmulatedMachine {
    throw new RangeError('a Docker host has the containers that it was told to start, and no others of ours');
  }

  powerOff(machine: EmulatedMachine): void {
    this.#exit(machine, 0);
  }

  failStart(machine: EmulatedMachine): void {
    this.#exit(machine, 1);
  }

  #exit({name}: EmulatedMachine, code: number): void {
    const machine = this.#machines.get(name);
    if (!machine) return;
    this.#models.get(machine.place)?.exit(name, code);
    this.#emit('terminated', machine);
  }

  preempt(): void {
    // There are no spot containers.
  }

  failHost({name, place}: EmulatedMachine): void {
    this.#takeAway('host_error', () => this.#models.get(place)?.lose(name));
  }

  /** The machine under the host breaks, with everything on it. */
  loseHost(host: string): void {
    this.#takeAway('host_error', () => this.#models.get(host)?.lose());
  }

  /** The host's agent is started anew. */
  restart(host: string): void {
    this.#models.get(host)?.restart();
  }

  /** The host does not call for so long. */
  silence(host: string, ms: number): void {
    this.#silent.add(host);
    this.options.scheduler.at(this.options.scheduler.now() + ms, () => this.#silent.delete(host));
  }

  /** Agents that wait call now. */
  wake(): void {
    for (const [host, cancel] of this.#next) {
      cancel();
      this.#callLater(host, 0);
    }
  }

  #callLater(host: string, seconds: number): void {
    const {scheduler, pace} = this.options;
    const waitMs = seconds * (pace?.(host) ?? 1) * 1000;
    const cancel = scheduler.at(scheduler.now() + waitMs, () => void (this.#isClosed || this.#call(host)));
    this.#next.set(host, cancel);
  }

  async #call(host: string): Promise<void> {
    this.#next.delete(host);
    let seconds = ERROR_WAIT_SECONDS;
    const model = this.#models.get(host);
    if (model && !this.#silent.has(host)) {
      const report = this.#takeAway('expired', () => model.report());
      const orders = await this.options.sync(host, report).catch(() => undefined);
      if (orders) {
        this.#obey(host, model, orders);
        seconds = orders.wait_seconds;
      }
    }
    this.#callLater(host, seconds);
  }

  #obey(host: string, model: HostModel, orders: ModelOrders): void {
    for (const {name} of orders.start.slice(0, this.#refusals)) {
      this.#refusals -= 1;
      model.plantForeign(name);
    }
    this.#takeAway('deleting', () => model.obey(orders));
    const {scheduler, pullMs} = this.options;
    for (const {name, env} of model.containers) {
      if (this.#machines.has(name)) continue;
      const machine = new ContainerMachine(name, host, env[JIT_CONFIG], model);
      this.#machines.set(name, machine);
      this.#emit('accepted', machine);
      scheduler.at(scheduler.now() + pullMs(), () => model.run(name));
    }
  }

  #takeAway<T>(cause: MachineEventKind, work: () => T): T {
    this.#cause = cause;
    return work();
  }

  #running(name: string): void {
    const machine = this.#machines.get(name);
    if (!machine) return;
    machine.startedAtMs = this.options.scheduler.now();
    this.#emit('running', machine);
  }

  #killed(name: string): void {
    const machine = this.#machines.get(name);
    if (!machine) return;
    this.#emit(this.#cause, machine);
    if (machine.status !== 'removed') return;
    this.#machines.delete(name);
    this.#emit('deleted', machine);
  }

  #emit(kind: MachineEventKind, machine: EmulatedMachine): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    for (const observer of this.#observers) observer({kind, machine});
  }
}
