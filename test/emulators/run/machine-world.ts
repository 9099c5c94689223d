import type {EmulatedMachine, MachineWorld} from '../machines';
import type {RunWorld} from './model';
import {type Execution, isFinished} from './resources';

const NOTHING_RUNS = 0;
const CPUS_OF_MACHINE = 4;

/** Executions as machines of any provider. One that has ended is no machine: what is left of it is its history. */
export function runMachines(run: RunWorld): MachineWorld {
  const [job] = run.jobs;
  return {
    faults: {
      failLate: ({times}) => run.endNext(times, undefined, 'The image could not be pulled.'),
      // A job is in one region, which has room or none.
      stockOut: () => run.limitRunning(NOTHING_RUNS),
      quota: (cpus) => run.limitRunning(Math.floor(cpus / CPUS_OF_MACHINE)),
      placeDown: () => run.goDown(),
      recover: () => run.recover(),
    },
    observe: (observer) => run.observe(({kind, execution}) => observer({kind, machine: machineOf(execution)})),
    machines: () =>
      run
        .executions()
        .filter((one) => !isFinished(one))
        .map(machineOf),
    created: () => run.created,
    counts: () => run.counts(),
    // Of a job every execution is listed, also what is not ours: elsewhere nobody would see it.
    add({name, deployment, pool, kept, isRunning = false, jitConfig}) {
      const labels = kept === undefined ? {} : {'slipway-keep': kept};
      const env = {
        SLIPWAY_RUNNER: name,
        ...(deployment === undefined ? {} : {SLIPWAY_DEPLOYMENT: deployment}),
        ...(pool === undefined ? {} : {SLIPWAY_POOL: pool}),
        ...(jitConfig === undefined ? {} : {[JIT_CONFIG]: jitConfig}),
      };
      const execution = run.add(job ?? run.addJob({name: 'runner'}), env, isRunning);
      execution.labels = {...execution.labels, ...labels};
      return machineOf(execution);
    },
    powerOff: (machine) => run.exit(executionOf(machine), 0),
    failStart: (machine) => run.exit(executionOf(machine), 1),
    // There are no spot executions.
    preempt: () => undefined,
    failHost: (machine) => run.failHost(executionOf(machine)),
  };
}

const JIT_CONFIG = 'ACTIONS_RUNNER_INPUT_JITCONFIG';

class RunMachine implements EmulatedMachine {
  readonly isSpot = false;

  constructor(readonly execution: Execution) {}

  get name() {
    return this.execution.env['SLIPWAY_RUNNER'] ?? this.execution.name;
  }
  get place() {
    return this.execution.job.region;
  }
  get pool() {
    return this.execution.env['SLIPWAY_POOL'];
  }
  get job() {
    return this.execution.env['SLIPWAY_JOB'];
  }
  get isRunning() {
    return this.execution.state === 'running';
  }
  get status() {
    return this.execution.state;
  }
  get startedAtMs() {
    return this.execution.startedAtMs;
  }
  get jitConfig() {
    return this.execution.env[JIT_CONFIG];
  }
}

/** One for each execution, so that machines can be compared. */
const MACHINES = new WeakMap<Execution, RunMachine>();

export function machineOf(execution: Execution): EmulatedMachine {
  const known = MACHINES.get(execution);
  if (known) return known;
  const machine = new RunMachine(execution);
  MACHINES.set(execution, machine);
  return machine;
}

function executionOf(machine: EmulatedMachine): Execution {
  if (machine instanceof RunMachine) return machine.execution;
  throw new RangeError(`found ${machine.name}, expected an execution of Cloud Run`);
}
