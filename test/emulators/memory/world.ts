import type {
  EmulatedMachine,
  GivenMachine,
  MachineEvent,
  MachineEventKind,
  MachineWorld,
  Preemption,
} from '../machines';
import type {Scheduler} from '../scheduler';

/** A machine of the provider that exists in tests alone. */
export interface MemoryMachine extends EmulatedMachine {
  /** The identity: no other machine ever has it. */
  readonly id: string;
  readonly deployment: string | undefined;
  readonly createdAtMs: number;
  isKept: boolean;
  state: 'starting' | 'running' | 'stopping' | 'stopped';
}

/** What a machine is created with. */
export interface MemoryRequest {
  readonly name: string;
  readonly deployment: string;
  readonly pool: string;
  readonly job: string;
  readonly place: string;
  readonly isSpot: boolean;
  readonly jitConfig: string;
  /** After so long the machine is deleted, whoever still wants it. */
  readonly lifetimeMs: number;
}

/** The service said no: it did nothing. */
export class MemoryRefusal extends Error {
  constructor(
    readonly reason: 'full' | 'quota' | 'taken' | 'rate',
    message: string,
  ) {
    super(message);
    this.name = 'MemoryRefusal';
  }
}

export interface MemoryWorldOptions {
  readonly scheduler: Scheduler;
  /**
   * `name` (unless given): no two machines have the same name, and a creation can be repeated. `id`: a machine is known by its id alone, each
   * creation makes another one, and who asks sees it a while later.
   */
  readonly identity?: 'name' | 'id';
  /** From an accepted creation to a machine that runs. */
  readonly startMs?: number;
  /** From an accepted deletion to a machine that is gone. */
  readonly deleteMs?: number;
}

/** Places are not named as any cloud names its own: whoever reads a region or a zone out of one is mistaken. */
export function placeNamed(zone: string): string {
  return `Deck ${zone.slice(-1).toUpperCase()}, berth/1`;
}

export const MEMORY_PLACES = ['us-central1-a', 'us-central1-b', 'us-central1-f'].map(placeNamed);
const ELSEWHERE = 'Ashore';

const CPUS = 4;

type Kept = {-readonly [Key in keyof MemoryMachine]: MemoryMachine[Key]} & {cancelEnd?: () => void};

/** From an accepted creation until the service shows the machine, where it is known by its id alone. */
export const UNSEEN_MS = 3_000;

/** Machines in memory: created at once or refused, identified by an id. Creation is never awaited: it may fail later. */
export class MemoryWorld implements MachineWorld {
  readonly #machines = new Map<string, Kept>();
  readonly #observers: ((event: MachineEvent) => void)[] = [];
  readonly #counts = new Map<string, number>();
  readonly #preempted = new Set<string>();
  readonly #full = new Set<string>();
  readonly #down = new Set<string>();
  #mostCpus = Number.POSITIVE_INFINITY;
  #failing = 0;
  #ids = 0;
  readonly #isUnique: boolean;
  readonly #startMs: number;
  readonly #deleteMs: number;

  readonly faults = {
    failLate: ({times}: {readonly times: number}) => {
      this.#failing += times;
    },
    stockOut: (zone: string) => void this.#full.add(placeNamed(zone)),
    quota: (cpus: number) => {
      this.#mostCpus = cpus;
    },
    placeDown: (zone: string) => void this.#down.add(placeNamed(zone)),
    recover: () => {
      this.#full.clear();
      this.#down.clear();
      this.#mostCpus = Number.POSITIVE_INFINITY;
      this.#failing = 0;
    },
  };

  constructor(private readonly options: MemoryWorldOptions) {
    this.#isUnique = options.identity !== 'id';
    this.#startMs = options.startMs ?? 6_000;
    this.#deleteMs = options.deleteMs ?? 4_000;
  }

  observe(observer: (event: MachineEvent) => void): void {
    this.#observers.push(observer);
  }

  machines(): MemoryMachine[] {
    return [...this.#machines.values()];
  }

  created(): number {
    return this.#counts.get('accepted') ?? 0;
  }

  counts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#counts);
  }

  /** Repeated, it gives the machine that it made before. @throws MemoryRefusal */
  create(request: MemoryRequest): MemoryMachine {
    const {name, deployment, job, place} = request;
    const twin = this.#isUnique ? this.find(name) : undefined;
    const isOurs = twin?.deployment === deployment && twin.job === job;
    if (twin && isOurs && (twin.state === 'starting' || twin.state === 'running')) return twin;
    if (twin) throw new MemoryRefusal('taken', `a machine ${name} is there already`);
    if (this.#down.has(place) || this.#full.has(place)) throw new MemoryRefusal('full', `no room in ${place}`);
    const busy = this.machines().filter(({state, pool}) => state !== 'stopped' && pool !== undefined);
    if ((busy.length + 1) * CPUS > this.#mostCpus) throw new MemoryRefusal('quota', `more than ${this.#mostCpus} CPUs`);
    const isDoomed = this.#failing > 0;
    if (isDoomed) this.#failing -= 1;
    const {lifetimeMs, ...made} = request;
    const machine = this.#place({...made, isKept: false, state: 'starting'});
    this.#announce('accepted', machine);
    this.#later(this.#startMs, () => {
      if (machine.state !== 'starting' || !this.#machines.has(machine.id)) return;
      if (isDoomed) this.#remove(machine, 'failed');
      else this.#run(machine, lifetimeMs);
    });
    if (this.#startMs === 0 && !isDoomed) this.#run(machine, lifetimeMs);
    return machine;
  }

  find(name: string): MemoryMachine | undefined {
    return this.machines().find((machine) => machine.name === name);
  }

  get(id: string): MemoryMachine | undefined {
    const machine = this.#machines.get(id);
    return machine && this.#isShown(machine) ? machine : undefined;
  }

  #isShown({createdAtMs}: MemoryMachine): boolean {
    return this.#isUnique || this.options.scheduler.now() - createdAtMs >= UNSEEN_MS;
  }

  /** Of a deployment, with the places that cannot be looked into. */
  list(deployment: string): {readonly machines: readonly MemoryMachine[]; readonly unreadPlaces: readonly string[]} {
    const ours = this.machines().filter((one) => one.deployment === deployment && this.#isShown(one));
    return {machines: ours.filter(({place}) => !this.#down.has(place)), unreadPlaces: [...this.#down]};
  }

  delete(id: string): 'accepted' | 'absent' {
    const machine = this.#machines.get(id);
    if (!machine || !this.#isShown(machine)) return 'absent';
    if (machine.state === 'stopping') return 'accepted';
    this.#leave(machine, 'stopping');
    this.#announce('deleting', machine);
    this.#later(this.#deleteMs, () => this.#remove(machine, 'deleted'));
    return 'accepted';
  }

  wasPreempted(id: string): boolean {
    return this.#preempted.has(id);
  }

  add({name, deployment, pool, kept, isElsewhere = false, isRunning = false, jitConfig}: GivenMachine): MemoryMachine {
    const place = isElsewhere ? ELSEWHERE : (MEMORY_PLACES[0] ?? '');
    const isKept = kept !== undefined;
    const machine = this.#place({name, deployment, pool, job: undefined, place, isSpot: false, jitConfig, isKept});
    if (isRunning) this.#run(machine);
    return machine;
  }

  powerOff(machine: EmulatedMachine): void {
    const own = this.#own(machine);
    if (own?.state !== 'running') return;
    this.#leave(own, 'stopped');
    this.#announce('terminated', own);
  }

  preempt(machine: EmulatedMachine, {isHeeded = false}: Preemption = {}): void {
    const own = this.#own(machine);
    if (!own?.isSpot || own.state === 'stopping') return;
    this.#preempted.add(own.id);
    if (isHeeded) this.#announce('notice', own);
    this.#announce('preempted', own);
    this.#remove(own, 'deleted');
  }

  failHost(machine: EmulatedMachine): void {
    const own = this.#own(machine);
    if (own?.state !== 'running') return;
    this.#leave(own, 'stopped');
    this.#announce('host_error', own);
  }

  #place(
    given: Pick<Kept, 'name' | 'deployment' | 'pool' | 'job' | 'place' | 'isSpot' | 'jitConfig' | 'isKept'> &
      Partial<Pick<Kept, 'state'>>,
  ): Kept {
    const id = `m-${++this.#ids}`;
    const createdAtMs = this.options.scheduler.now();
    const machine: Kept = {
      ...{state: 'stopped', ...given},
      id,
      createdAtMs,
      startedAtMs: undefined,
      get isRunning() {
        return this.state === 'running';
      },
      get status() {
        return this.state;
      },
    };
    this.#machines.set(id, machine);
    return machine;
  }

  #run(machine: Kept, lifetimeMs?: number): void {
    machine.state = 'running';
    machine.startedAtMs = this.options.scheduler.now();
    if (lifetimeMs !== undefined) {
      machine.cancelEnd = this.#later(lifetimeMs, () => {
        this.#announce('expired', machine);
        this.#remove(machine, 'deleted');
      });
    }
    this.#announce('running', machine);
  }

  #leave(machine: Kept, state: 'stopping' | 'stopped'): void {
    machine.cancelEnd?.();
    machine.state = state;
  }

  #remove(machine: Kept, kind: 'failed' | 'deleted'): void {
    if (!this.#machines.delete(machine.id)) return;
    this.#leave(machine, 'stopped');
    this.#announce(kind, machine);
  }

  #own(given: EmulatedMachine): Kept | undefined {
    return [...this.#machines.values()].find((machine) => machine === given);
  }

  #announce(kind: MachineEventKind, machine: EmulatedMachine): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
    for (const observer of this.#observers) observer({kind, machine});
  }

  #later(ms: number, action: () => void): () => void {
    const {scheduler} = this.options;
    return scheduler.at(scheduler.now() + ms, action);
  }
}
