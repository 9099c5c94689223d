import type {ComputeEvent, ComputeWorld} from './compute/model';
import type {Instance} from './compute/resources';
import type {Job} from './github/job';
import type {GitHubWorld} from './github/model';
import type {RunnerSession} from './github/runner-session';

export interface GuestOptions {
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
 * What runs in the VMs: boots, starts the runner with the JIT config of its metadata, powers off when the runner ends. Returns the
 * list of VMs that were taken away under a running job, which should stay empty.
 */
export function bootRunners({github, compute, bootMs, failsToBoot = () => false}: GuestOptions): Killed[] {
  const sessions = new Map<Instance, RunnerSession>();
  const jobs = new Map<Instance, Readonly<Job>>();
  const killed: Killed[] = [];

  function boot(instance: Instance): void {
    if (instance.status !== 'RUNNING' || failsToBoot(instance)) return;
    const jit = instance.metadata.find(({key}) => key === JIT_CONFIG)?.value;
    const connection = jit ? github.connect(jit) : undefined;
    if (connection?.kind !== 'connected') {
      compute.powerOff(instance);
      return;
    }
    const {session} = connection;
    sessions.set(instance, session);
    session.onJob((job) => jobs.set(instance, job));
    session.onEnd(() => compute.powerOff(instance));
  }

  compute.observe(({kind, instance}) => {
    if (kind === 'running') {
      const {startedAtMs} = instance;
      const boots = () => instance.startedAtMs === startedAtMs && boot(instance);
      const afterMs = typeof bootMs === 'number' ? bootMs : bootMs(instance);
      github.scheduler.at(github.scheduler.now() + afterMs, boots);
    }
    if (!ENDED.includes(kind) && !LOST.includes(kind)) return;
    const session = sessions.get(instance);
    const job = jobs.get(instance);
    if (!session?.live) return;
    if (ENDED.includes(kind) && job?.status === 'in_progress') killed.push({instance, job});
    session.disconnect();
  });
  return killed;
}
