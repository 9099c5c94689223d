import {requestedRunner} from '../../shared/model/runner';
import {slotId, takenSlot} from '../../shared/model/slot';
import type {Store} from '../../shared/store/store';
import {aJob} from '../builders/lifecycle';
import type {ComputeWorld} from '../emulators/compute/model';
import type {Instance} from '../emulators/compute/resources';
import type {GitHubWorld} from '../emulators/github/model';
import type {Registration} from '../emulators/github/registration';
import {LABELS} from './pools';
import type {JobPlan} from './scenario';

const ZONE = 'us-central1-a';
const BEFORE_JOB_MS = 2 * 60_000;
const ORGANIZATION = {kind: 'organization', org: 'acme'} as const;

const labels = (pool: string) => ({'slipway-deployment': 'slipway', 'slipway-pool': pool});

/**
 * What is there before the world begins, of a control plane whose memory was lost but for a little: VMs of which nothing tells but their
 * label, a registration whose runner is on record as over, and what executions left that died at the wrong moment. All of it is to be gone in
 * the end, but for a registration that is on no record, and its VM while it is connected.
 */
export class Leftovers {
  /** On no record, in a VM of ours. It comes up shortly before the first job that it could take. */
  runner: Registration | undefined;
  #instance: Instance | undefined;
  readonly #ghost: Registration;

  /** Nothing runs in these VMs, so they come before any VM boots. */
  constructor(
    private readonly github: GitHubWorld,
    private readonly compute: ComputeWorld,
    private readonly jobs: readonly JobPlan[],
  ) {
    compute.addInstance({name: 'slipway-arm-9101-1', zone: ZONE, labels: labels('arm'), status: 'RUNNING'});
    compute.addInstance({name: 'slipway-spot-9102-1', zone: ZONE, labels: labels('spot')});
    const registration = {name: 'slipway-shared-9103-1', labels: LABELS.shared, runnerGroupId: 1};
    this.#ghost = github.runners.registerPersistent(ORGANIZATION, registration);
  }

  /** A VM whose runner lives, and takes a job if it can: it is not to be touched until the job is over. */
  leaveRunner(): void {
    const {scheduler, runners} = this.github;
    const firstMs = this.jobs.find(({kind}) => kind === 'shared')?.atMs ?? 0;
    scheduler.at(scheduler.now() + Math.max(0, firstMs - BEFORE_JOB_MS), () => {
      const name = 'slipway-shared-9106-1';
      const {runner, encodedJitConfig} = runners.generateJitConfig(ORGANIZATION, {
        name,
        labels: LABELS.shared,
        runnerGroupId: 1,
      });
      this.runner = runner;
      const metadata = {'slipway-jit-config': encodedJitConfig};
      this.#instance = this.compute.addInstance({
        name,
        zone: ZONE,
        labels: labels('shared'),
        metadata,
        status: 'RUNNING',
      });
    });
  }

  /** It may take a job at any time, and cannot be deregistered first: in the world its `maxRunDuration` ends it. */
  mayStay(instance: Instance): boolean {
    return instance === this.#instance && this.runner?.session?.live === true;
  }

  /** A half-made runner for a job that nobody knows, a slot whose holder never was, and a runner that is over. */
  async leaveRecords(store: Store, now: number): Promise<void> {
    const slot = slotId('arm', 0);
    const name = 'slipway-arm-9104-1';
    const scope = {kind: 'repository', owner: 'acme', repo: 'app'} as const;
    const runner = requestedRunner({name, job: aJob({jobId: 9104}), scope, labels: LABELS.arm, slot, now});
    const over = {...requestedRunner({...this.#over(), slot, now}), state: 'gone' as const, covers: null, slot: null};
    const lost = {pool: 'spot', n: 0};
    await store.transaction(async (transaction) => {
      transaction.set('runners', name, runner);
      transaction.set('runners', over.name, {...over, githubId: this.#ghost.id});
      transaction.set('slots', slot, takenSlot({pool: 'arm', n: 0}, name, now));
      transaction.set('slots', slotId(lost.pool, lost.n), takenSlot(lost, 'slipway-spot-9105-1', now));
    });
  }

  #over() {
    const {name} = this.#ghost;
    return {name, job: aJob({jobId: 9103, pool: 'shared'}), scope: ORGANIZATION, labels: LABELS.shared};
  }
}
