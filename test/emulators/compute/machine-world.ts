import type {EmulatedMachine, MachineWorld} from '../machines';
import type {ComputeWorld} from './model';
import {type Instance, isSpot} from './resources';

const JIT_CONFIG = 'slipway-jit-config';
const STANDBY = 'slipway-standby';
const REGION = 'us-central1';
/** Where given VMs are, and where those are that no pool has its VMs with. */
const ZONE = 'us-central1-a';
const ELSEWHERE = 'europe-west1-b';

/** Compute Engine's VMs as machines of any provider. Several of one world know the same machines. */
export function computeMachines(compute: ComputeWorld): MachineWorld {
  const zonesDown: string[] = [];
  return {
    faults: {
      failLate: ({code, times}) => compute.failLate({times, error: {code, message: `The operation failed: ${code}.`}}),
      stockOut: (zone) => compute.setCapacity({zone}, 0),
      quota: (cpus, refused) => compute.setQuota(REGION, 'CPUS', cpus, refused),
      placeDown(zone) {
        compute.catalog.setZoneStatus(zone, 'DOWN');
        zonesDown.push(zone);
      },
      forbidReports: () => compute.forbidGuestAttributes(),
      recover() {
        compute.recover();
        for (const zone of zonesDown.splice(0)) compute.catalog.setZoneStatus(zone, 'UP');
      },
    },
    observe: (observer) => compute.observe(({kind, instance}) => observer({kind, machine: machineOf(instance)})),
    machines: () => compute.instances().map(machineOf),
    created: () => compute.created.length,
    counts: () => compute.statistics().events,
    add({name, deployment, pool, kept, isElsewhere = false, isRunning = false, jitConfig}) {
      const labels = {
        ...(deployment === undefined ? {} : {'slipway-deployment': deployment}),
        ...(pool === undefined ? {} : {'slipway-pool': pool}),
        ...(kept === undefined ? {} : {'slipway-keep': kept}),
      };
      const metadata = jitConfig === undefined ? {} : {[JIT_CONFIG]: jitConfig};
      const zone = isElsewhere ? ELSEWHERE : ZONE;
      const status = isRunning ? 'RUNNING' : 'TERMINATED';
      return machineOf(compute.addInstance({name, zone, labels, metadata, status}));
    },
    tellPrepared: (machine) => compute.tell(instanceOf(machine), 'slipway/standby', 'ready'),
    powerOff: (machine) => compute.powerOff(instanceOf(machine)),
    preempt: (machine, how) => compute.preempt(instanceOf(machine), how),
    failHost: (machine) => compute.failHost(instanceOf(machine)),
  };
}

class ComputeMachine implements EmulatedMachine {
  constructor(readonly instance: Instance) {}

  get name() {
    return this.instance.name;
  }
  get place() {
    return this.instance.zone;
  }
  get pool() {
    return this.instance.labels['slipway-pool'];
  }
  get job() {
    return this.instance.labels['slipway-job'];
  }
  get isSpot() {
    return isSpot(this.instance);
  }
  get isRunning() {
    return this.instance.status === 'RUNNING';
  }
  get status() {
    return this.instance.status;
  }
  get startedAtMs() {
    return this.instance.startedAtMs;
  }
  get jitConfig() {
    return this.#attribute(JIT_CONFIG);
  }
  get standby() {
    const hold = this.#attribute(STANDBY);
    return hold === 'stopped' || hold === 'suspended' ? hold : undefined;
  }

  #attribute(name: string): string | undefined {
    return this.instance.metadata.find(({key}) => key === name)?.value;
  }
}

/** One for each VM, so that machines can be compared. */
const MACHINES = new WeakMap<Instance, ComputeMachine>();

/** The VM as a machine. */
export function machineOf(instance: Instance): EmulatedMachine {
  const known = MACHINES.get(instance);
  if (known) return known;
  const machine = new ComputeMachine(instance);
  MACHINES.set(instance, machine);
  return machine;
}

function instanceOf(machine: EmulatedMachine): Instance {
  if (machine instanceof ComputeMachine) return machine.instance;
  throw new RangeError(`found ${machine.name}, expected a VM of Compute Engine`);
}
