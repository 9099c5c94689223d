import type {ComputeEvent} from './compute/machines';
import type {ComputeWorld} from './compute/model';
import type {Instance} from './compute/resources';
import type {Job} from './github/job';
import type {GitHubWorld} from './github/model';
import type {Registration, RunnerSession} from './github/registration';
import type {Connection} from './github/runners';

export interface RunnerProcessOptions {
  readonly github: GitHubWorld;
  readonly compute: ComputeWorld;
  /** From RUNNING to a runner that is online. */
  readonly bootMs: number | ((instance: Instance) => number);
  /** VMs whose startup script dies. */
  readonly failsToBoot?: (instance: Instance) => boolean;
}

/** A VM that went away under a running job. */
export interface Killed {
  readonly instance: Instance;
  readonly job: Readonly<Job>;
}

const JIT_CONFIG = 'slipway-jit-config';

/** What somebody asked for. */
const ENDED: readonly ComputeEvent['kind'][] = ['deleting', 'stopping', 'suspending', 'reset'];

/** What happens to a VM; that its job is lost is nobody's fault. */
const LOST: readonly ComputeEvent['kind'][] = ['preempted', 'host_error'];

/**
 * What runs in the VMs: boots, starts the runner with the JIT config of its metadata, powers off when the runner ends; without one, the
 * persistent runners of the VM's name. Returns the list of VMs that were taken away under a running job, which should stay empty.
 */
export function bootRunners({github, compute, bootMs, failsToBoot = () => false}: RunnerProcessOptions): Killed[] {
  const sessions = new Map<Instance, RunnerSession[]>();
  const killed: Killed[] = [];

  function boot(instance: Instance): void {
    if (instance.status !== 'RUNNING' || failsToBoot(instance)) return;
    const started = connect(instance);
    sessions.set(instance, started);
    if (started.length === 0) compute.powerOff(instance);
  }

  function connect(instance: Instance): RunnerSession[] {
    const jit = instance.metadata.find(({key}) => key === JIT_CONFIG)?.value;
    if (jit === undefined) return persistentRunners(instance).flatMap((runner) => live(github.runners.start(runner)));
    const [session] = live(github.connect(jit));
    session?.onEnd(() => compute.powerOff(instance));
    return session ? [session] : [];
  }

  /** Those that config.sh registered under the VM's name, each a service that starts with the VM. */
  function persistentRunners({name}: Instance): Registration[] {
    return github.runners.all().filter((runner) => !runner.ephemeral && runner.name === name && !runner.session);
  }

  compute.observe(({kind, instance}) => {
    if (kind === 'running') {
      const {startedAtMs} = instance;
      const boots = () => instance.startedAtMs === startedAtMs && boot(instance);
      const afterMs = typeof bootMs === 'number' ? bootMs : bootMs(instance);
      github.scheduler.at(github.scheduler.now() + afterMs, boots);
    }
    if (!ENDED.includes(kind) && !LOST.includes(kind)) return;
    for (const session of sessions.get(instance) ?? []) {
      const {job} = session.runner;
      if (!session.live) continue;
      if (ENDED.includes(kind) && job?.status === 'in_progress') killed.push({instance, job});
      session.disconnect();
    }
  });
  return killed;
}

function live(connection: Connection): RunnerSession[] {
  return connection.kind === 'connected' ? [connection.session] : [];
}
