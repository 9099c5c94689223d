import type {Store} from '../../shared/store/store';
import type {ComputeWorld} from '../world/compute/model';
import type {Instance} from '../world/compute/resources';
import type {GitHubWorld} from '../world/github/model';
import type {Registration} from '../world/github/registration';
import {LABELS, VM} from './pools';
import type {VmDownBy} from './scenario';

/** A VM that is started for jobs and stopped after them, with the runner that config.sh registered under its name. */
export class PersistentVm {
  readonly instance: Instance;
  readonly runner: Registration;

  constructor(
    github: GitHubWorld,
    private readonly compute: ComputeWorld,
  ) {
    this.instance = compute.addInstance({name: VM.name, zone: VM.zone});
    const [owner = '', repo = ''] = VM.repository.split('/');
    this.runner = github.runners.registerPersistent(
      {kind: 'repository', owner, repo},
      {name: VM.name, labels: LABELS.vm, runnerGroupId: 1},
    );
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
    else compute.power('stop', instance.zone, instance.name);
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
