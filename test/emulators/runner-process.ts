import type {Job} from './github/job';
import type {GitHubWorld} from './github/model';
import type {Registration, RunnerSession} from './github/registration';
import type {Connection} from './github/runners';
import type {EmulatedMachine, MachineEventKind, MachineWorld} from './machines';

export interface RunnerProcessOptions {
  readonly github: GitHubWorld;
  readonly machines: MachineWorld;
  /** From RUNNING to a runner that is online. */
  readonly bootMs: number | ((machine: EmulatedMachine) => number);
  /** VMs whose startup script dies. */
  readonly failsToBoot?: (machine: EmulatedMachine) => boolean;
  /** Where those are noted that are taken away under a running job; a new list unless given. */
  readonly killed?: Killed[];
}

/** A VM that went away under a running job. */
export interface Killed {
  readonly machine: EmulatedMachine;
  readonly job: Readonly<Job>;
}

/** What somebody asked for. */
const ENDED: readonly MachineEventKind[] = ['deleting', 'stopping', 'suspending', 'reset'];

/** What happens to a VM; that its job is lost is nobody's fault. */
const LOST: readonly MachineEventKind[] = ['preempted', 'host_error'];

/**
 * What runs in the VMs: boots, starts the runner with the JIT config that the VM was given, powers off when the runner ends; without one, the
 * persistent runners of the VM's name. Returns the list of VMs that were taken away under a running job, which should stay empty.
 */
export function bootRunners({
  github,
  machines,
  bootMs,
  failsToBoot = () => false,
  killed = [],
}: RunnerProcessOptions): Killed[] {
  const sessions = new Map<EmulatedMachine, RunnerSession[]>();

  function boot(machine: EmulatedMachine): void {
    if (!machine.isRunning || failsToBoot(machine)) return;
    const started = connect(machine);
    sessions.set(machine, started);
    if (started.length === 0) machines.powerOff(machine);
  }

  function connect(machine: EmulatedMachine): RunnerSession[] {
    const jit = machine.jitConfig;
    if (jit === undefined) return persistentRunners(machine).flatMap((runner) => live(github.runners.start(runner)));
    const [session] = live(github.connect(jit));
    session?.onEnd(() => machines.powerOff(machine));
    return session ? [session] : [];
  }

  /** Those that config.sh registered under the VM's name, each a service that starts with the VM. */
  function persistentRunners({name}: EmulatedMachine): Registration[] {
    return github.runners.all().filter((runner) => !runner.ephemeral && runner.name === name && !runner.session);
  }

  machines.observe(({kind, machine}) => {
    if (kind === 'running') {
      const {startedAtMs} = machine;
      const boots = () => machine.startedAtMs === startedAtMs && boot(machine);
      const afterMs = typeof bootMs === 'number' ? bootMs : bootMs(machine);
      github.scheduler.at(github.scheduler.now() + afterMs, boots);
    }
    if (!ENDED.includes(kind) && !LOST.includes(kind)) return;
    for (const session of sessions.get(machine) ?? []) {
      const {job} = session.runner;
      if (!session.live) continue;
      if (ENDED.includes(kind) && job?.status === 'in_progress') killed.push({machine, job});
      session.disconnect();
    }
  });
  return killed;
}

function live(connection: Connection): RunnerSession[] {
  return connection.kind === 'connected' ? [connection.session] : [];
}
