import type {EmulatedMachine, GivenMachine, MachineEvent, MachineFaults, MachineWorld, Preemption} from './machines';

/** The worlds of several providers as one. What is there from the start is in the first; a fault strikes all of them. */
export class SeveralWorlds implements MachineWorld {
  readonly faults: MachineFaults = {
    failLate: (failure) => this.#each((world) => world.faults.failLate(failure)),
    stockOut: (place) => this.#each((world) => world.faults.stockOut(place)),
    quota: (cpus, refused) => this.#each((world) => world.faults.quota(cpus, refused)),
    placeDown: (place) => this.#each((world) => world.faults.placeDown(place)),
    forbidReports: () => this.#each((world) => world.faults.forbidReports?.()),
    recover: () => this.#each((world) => world.faults.recover()),
  };

  constructor(private readonly worlds: readonly [MachineWorld, ...MachineWorld[]]) {}

  observe(observer: (event: MachineEvent) => void): void {
    this.#each((world) => world.observe(observer));
  }

  machines(): EmulatedMachine[] {
    return this.worlds.flatMap((world) => world.machines());
  }

  created(): number {
    return this.worlds.reduce((sum, world) => sum + world.created(), 0);
  }

  counts(): Readonly<Record<string, number>> {
    const sums: Record<string, number> = {};
    for (const [kind, count] of this.worlds.flatMap((world) => Object.entries(world.counts()))) {
      sums[kind] = (sums[kind] ?? 0) + count;
    }
    return sums;
  }

  add(given: GivenMachine): EmulatedMachine {
    return this.worlds[0].add(given);
  }

  tellPrepared(machine: EmulatedMachine): void {
    this.#of(machine)?.tellPrepared?.(machine);
  }

  powerOff(machine: EmulatedMachine): void {
    this.#of(machine)?.powerOff(machine);
  }

  failStart(machine: EmulatedMachine): void {
    const world = this.#of(machine);
    if (world?.failStart) world.failStart(machine);
    else world?.powerOff(machine);
  }

  preempt(machine: EmulatedMachine, how?: Preemption): void {
    this.#of(machine)?.preempt(machine, how);
  }

  failHost(machine: EmulatedMachine): void {
    this.#of(machine)?.failHost(machine);
  }

  #each(act: (world: MachineWorld) => void): void {
    for (const world of this.worlds) act(world);
  }

  #of(machine: EmulatedMachine): MachineWorld | undefined {
    return this.worlds.find((world) => world.machines().includes(machine));
  }
}
