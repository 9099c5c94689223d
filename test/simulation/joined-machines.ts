import type {EmulatedMachine, MachineWorld} from '../emulators/machines';

/** The machines of two providers in one world. Places lack room in both; quotas and late failures are the first one's. */
export function joinMachines(first: MachineWorld, second: MachineWorld): MachineWorld {
  const both = [first, second];
  const ofSecond = new Set<EmulatedMachine>();
  second.observe(({machine}) => ofSecond.add(machine));
  const worldOf = (machine: EmulatedMachine) => (ofSecond.has(machine) ? second : first);
  return {
    faults: {
      failLate: (failure) => first.faults.failLate(failure),
      stockOut: (place) => each((one) => one.faults.stockOut(place)),
      quota: (cpus, refused) => first.faults.quota(cpus, refused),
      forbidReports: () => first.faults.forbidReports?.(),
      placeDown: (place) => first.faults.placeDown(place),
      recover: () => each((one) => one.faults.recover()),
    },
    observe: (observer) => each((one) => one.observe(observer)),
    machines: () => both.flatMap((one) => one.machines()),
    created: () => first.created() + second.created(),
    counts: () => {
      const sums: Record<string, number> = {...first.counts()};
      for (const [kind, count] of Object.entries(second.counts())) sums[kind] = (sums[kind] ?? 0) + count;
      return sums;
    },
    tellPrepared: (machine) => worldOf(machine).tellPrepared?.(machine),
    add: (given) => first.add(given),
    powerOff: (machine) => worldOf(machine).powerOff(machine),
    failStart: (machine) => {
      const world = worldOf(machine);
      if (world.failStart) world.failStart(machine);
      else world.powerOff(machine);
    },
    preempt: (machine, how) => worldOf(machine).preempt(machine, how),
    failHost: (machine) => worldOf(machine).failHost(machine),
  };

  function each(act: (one: MachineWorld) => void): void {
    for (const one of both) act(one);
  }
}
