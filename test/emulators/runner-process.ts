import type {Job} from './github/job';
import type {GitHubWorld} from './github/model';
import type {Registration, RunnerSession} from './github/registration';
import type {Connection} from './github/runners';
import type {EmulatedMachine, MachineEventKind, MachineWorld} from './machines';

/** `powers off`: as our own scripts do whatever fails. `hangs`: the VM goes on running without a runner. */
export type BootFailure = 'hangs' | 'powers off';

export interface RunnerProcessOptions {
  readonly github: GitHubWorld;
  readonly machines: MachineWorld;
  /** From RUNNING to a runner that is online; of a standby machine that is not prepared yet, to its report. */
  readonly bootMs: number | ((machine: EmulatedMachine) => number);
  /** Of a standby machine that was resumed, or gets its JIT config while it waits: to a runner that is online. 1 s unless given. */
  readonly wakeMs?: number | ((machine: EmulatedMachine) => number);
  /** VMs whose startup script fails. `true`: it hangs. */
  readonly failsToBoot?: (machine: EmulatedMachine) => BootFailure | boolean;
  /** VMs that do not power off when their runner has ended. */
  readonly staysUp?: (machine: EmulatedMachine) => boolean;
  /** Where those are noted that are taken away under a running job; a new list unless given. */
  readonly killed?: Killed[];
}

/** A VM that went away under a running job. */
export interface Killed {
  readonly machine: EmulatedMachine;
  readonly job: Readonly<Job>;
}

/** So long a standby machine waits for its JIT config before it powers off; see terraform/runner/src/standby.sh. */
const STANDBY_WAIT_MS = 15 * 60_000;

/** What somebody asked for. */
const ENDED: readonly MachineEventKind[] = ['deleting', 'stopping', 'suspending', 'reset'];

/** What happens to a VM; that its job is lost is nobody's fault. */
const LOST: readonly MachineEventKind[] = ['preempted', 'host_error'];

/**
 * What runs in the VMs: boots, starts the runner with the JIT config that the VM was given, powers off when the runner ends, which it tells the
 * runner to do at a notice of preemption; without one, the
 * persistent runners of the VM's name. A standby machine first prepares itself, says so, and powers off or waits. Returns the list of VMs that were taken away under a running job, which should stay empty.
 */
export function bootRunners({
  github,
  machines,
  bootMs,
  wakeMs = 1_000,
  failsToBoot = () => false,
  staysUp = () => false,
  killed = [],
}: RunnerProcessOptions): Killed[] {
  const sessions = new Map<EmulatedMachine, RunnerSession[]>();
  const {scheduler} = github;
  const prepared = new WeakSet<EmulatedMachine>();
  const asleep = new WeakSet<EmulatedMachine>();
  /** Standby machines that have nothing to do yet, each with the moment since when. */
  const waiting = new Map<EmulatedMachine, number>();

  /** Unless the machine was started anew, or has gone, meanwhile. */
  function after(
    ms: number | ((machine: EmulatedMachine) => number),
    machine: EmulatedMachine,
    then: () => void,
  ): void {
    const {startedAtMs} = machine;
    const delayMs = typeof ms === 'number' ? ms : ms(machine);
    scheduler.at(scheduler.now() + delayMs, () => machine.isRunning && machine.startedAtMs === startedAtMs && then());
  }

  function fails(machine: EmulatedMachine): boolean {
    const failure = failsToBoot(machine);
    if (failure !== 'powers off') return failure !== false;
    if (machines.failStart) machines.failStart(machine);
    else machines.powerOff(machine);
    return true;
  }

  /** A prepared machine that is held stopped powers off; any other waits for its JIT config, but not for ever. */
  function prepareOrWait(machine: EmulatedMachine): void {
    if (fails(machine)) return;
    const isNew = !prepared.has(machine);
    prepared.add(machine);
    if (isNew) machines.tellPrepared?.(machine);
    if (isNew && machine.standby === 'stopped') {
      machines.powerOff(machine);
      return;
    }
    const since = scheduler.now();
    waiting.set(machine, since);
    after(STANDBY_WAIT_MS, machine, () => waiting.get(machine) === since && machines.powerOff(machine));
  }

  function up(machine: EmulatedMachine): void {
    if (machine.standby !== undefined && machine.jitConfig === undefined) prepareOrWait(machine);
    else boot(machine);
  }

  function boot(machine: EmulatedMachine): void {
    if (!machine.isRunning || fails(machine)) return;
    const started = connect(machine);
    sessions.set(machine, started);
    if (started.length === 0) machines.powerOff(machine);
  }

  function connect(machine: EmulatedMachine): RunnerSession[] {
    const jit = machine.jitConfig;
    if (jit === undefined) return persistentRunners(machine).flatMap((runner) => live(github.runners.start(runner)));
    const [session] = live(github.connect(jit));
    session?.onEnd(() => staysUp(machine) || machines.powerOff(machine));
    return session ? [session] : [];
  }

  /** Those that config.sh registered under the VM's name, each a service that starts with the VM. */
  function persistentRunners({name}: EmulatedMachine): Registration[] {
    return github.runners.all().filter((runner) => !runner.ephemeral && runner.name === name && !runner.session);
  }

  machines.observe(({kind, machine}) => {
    if (kind === 'suspending') asleep.add(machine);
    if (kind === 'terminated') asleep.delete(machine);
    if (kind === 'running') {
      const goesOn = machine.standby !== undefined && asleep.delete(machine);
      after(goesOn ? wakeMs : bootMs, machine, () => up(machine));
    } else if (kind === 'metadata') {
      if (machine.isRunning && machine.jitConfig !== undefined && waiting.delete(machine)) {
        after(wakeMs, machine, () => boot(machine));
      }
    } else waiting.delete(machine);
    if (kind === 'notice') for (const session of sessions.get(machine) ?? []) session.shutDown();
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
