import type {Store} from '../../shared/store/store';
import type {ComputeWorld} from '../emulators/compute/model';
import type {Instance} from '../emulators/compute/resources';
import type {GitHubWorld} from '../emulators/github/model';
import type {Registration, RunnerSession} from '../emulators/github/registration';
import {LABELS, VM} from './pools';
import type {Violation} from './safety';
import type {Fault, VmDownBy} from './scenario';

const MINUTE = 60_000;

/** A VM that is started for jobs and stopped after them, with the runner that config.sh registered under its name. */
export class PersistentVm {
  readonly instance: Instance;
  readonly runner: Registration;
  #restarted: RunnerSession | undefined;

  constructor(
    private readonly github: GitHubWorld,
    private readonly compute: ComputeWorld,
    violated: (rule: Violation['rule'], detail: string) => void,
  ) {
    this.instance = compute.addInstance({name: VM.name, zone: VM.zone});
    const [owner = '', repo = ''] = VM.repository.split('/');
    this.runner = github.runners.registerPersistent(
      {kind: 'repository', owner, repo},
      {name: VM.name, labels: LABELS.vm, runnerGroupId: 1},
    );
    // Of a listener that came back; the first one of a boot is looked after by what runs in all VMs.
    compute.observe(({kind, instance}) => {
      const session = this.#restarted;
      if (instance !== this.instance || !session?.live) return;
      if (kind !== 'stopping' && kind !== 'host_error') return;
      const {job} = session.runner;
      if (kind === 'stopping' && job?.status === 'in_progress') {
        violated('busy_killed', `${instance.name} was taken away under job ${job.id}`);
      }
      session.disconnect();
    });
  }

  isUp(): boolean {
    return this.instance.status !== 'TERMINATED';
  }

  /** Whether it did: nobody stops it by hand under a job, and what is down stays so. */
  goDown(by: VmDownBy): boolean {
    const {compute, instance, runner} = this;
    if (instance.status !== 'RUNNING') return false;
    if (by === 'host') compute.failHost(instance);
    else if (runner.job?.status === 'in_progress') return false;
    else if (by === 'guest') compute.powerOff(instance);
    else compute.power('stop', instance.zone, instance.name);
    return true;
  }

  /** Whether it was there to end. A VM whose runner does not stay up powers off; so does one whose runner still has a job, which is lost. */
  endListener({forMs, givesUp}: Extract<Fault, {on: 'listener'}>): boolean {
    const {session} = this.runner;
    if (!session?.live) return false;
    session.disconnect();
    const {scheduler} = this.github;
    const {startedAtMs} = this.instance;
    const comeBack = () => {
      const {instance, runner} = this;
      if (instance.status !== 'RUNNING' || instance.startedAtMs !== startedAtMs || runner.session) return;
      if (givesUp) return this.compute.powerOff(instance);
      const connection = this.github.runners.start(runner);
      if (connection.kind === 'connected') this.#restarted = connection.session;
      else scheduler.at(scheduler.now() + MINUTE, comeBack);
    };
    scheduler.at(scheduler.now() + forMs, comeBack);
    return true;
  }

  /** What is not as it should be when nothing is to be done any more. */
  async left(store: Store): Promise<string[]> {
    const {instance, runner} = this;
    const document = await store.get('vms', `${VM.zone}.${VM.name}`);
    const noted = document?.drained.find(({runnerId}) => runnerId === runner.id)?.labels ?? [];
    const lost = LABELS.vm.filter((label) => !runner.labels.includes(label) && !noted.includes(label));
    return [
      ...(this.isUp() ? [`VM ${instance.name} ${instance.status}`] : []),
      ...lost.map((label) => `label ${label}, which ${instance.name} lost`),
      ...(document && document.state !== 'stopped' ? [`VM ${instance.name} on record as ${document.state}`] : []),
      ...(document?.runs ?? []).map((job) => `job ${job} on record as running on ${instance.name}`),
    ];
  }
}
