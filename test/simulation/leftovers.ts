import {newRunnerForJob} from '../../shared/model/runner';
import {newSlot, slotId} from '../../shared/model/slot';
import type {Store} from '../../shared/store/store';
import {aJob} from '../builders/lifecycle';
import type {GitHubWorld} from '../emulators/github/model';
import type {Registration} from '../emulators/github/registration';
import type {EmulatedMachine, MachineWorld} from '../emulators/machines';
import {LABELS} from './pools';
import type {JobPlan} from './scenario';

const BEFORE_JOB_MS = 2 * 60_000;
const ORGANIZATION = {kind: 'organization', org: 'acme'} as const;

const OURS = {deployment: 'slipway'};

/**
 * What is there before the world begins, of a control plane whose memory was lost but for a little: VMs of which nothing tells but their
 * label, a registration whose runner is on record as over, and what executions left that died at the wrong moment. All of it is to be gone in
 * the end, but for a registration that is on no record, and its VM while it is connected.
 */
export class Leftovers {
  /** On no record, in a VM of ours. It comes up shortly before the first job that it could take. */
  runner: Registration | undefined;
  #machine: EmulatedMachine | undefined;
  readonly #ghost: Registration;

  /** Nothing runs in these VMs, so they come before any VM boots. */
  constructor(
    private readonly github: GitHubWorld,
    private readonly machines: MachineWorld,
    private readonly provider: string,
    private readonly jobs: readonly JobPlan[],
  ) {
    machines.add({...OURS, name: 'slipway-arm-9101-1', pool: 'arm', isRunning: true});
    machines.add({...OURS, name: 'slipway-spot-9102-1', pool: 'spot'});
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
      this.#machine = this.machines.add({...OURS, name, pool: 'shared', isRunning: true, jitConfig: encodedJitConfig});
    });
  }

  /** It may take a job at any time, and cannot be deregistered first: in the world its `maxRunDuration` ends it. */
  mayStay(machine: EmulatedMachine): boolean {
    return machine === this.#machine && this.runner?.session?.live === true;
  }

  /** A half-made runner for a job that nobody knows, a slot whose holder never was, and a runner that is over. */
  async leaveRecords(store: Store, now: number): Promise<void> {
    const slot = slotId('arm', 0);
    const name = 'slipway-arm-9104-1';
    const scope = {kind: 'repository', owner: 'acme', repo: 'app'} as const;
    const runner = newRunnerForJob({
      name,
      job: aJob({jobId: 9104}),
      scope,
      provider: this.provider,
      labels: LABELS.arm,
      slot,
      now,
    });
    const over = {...newRunnerForJob({...this.#over(), slot, now}), state: 'gone' as const, covers: null, slot: null};
    const lost = {pool: 'spot', n: 0};
    await store.transaction(async (transaction) => {
      transaction.set('runners', name, runner);
      transaction.set('runners', over.name, {...over, githubId: this.#ghost.id});
      transaction.set('slots', slot, newSlot({pool: 'arm', n: 0}, name, now));
      transaction.set('slots', slotId(lost.pool, lost.n), newSlot(lost, 'slipway-spot-9105-1', now));
    });
  }

  #over() {
    const {name} = this.#ghost;
    return {
      name,
      job: aJob({jobId: 9103, pool: 'shared'}),
      scope: ORGANIZATION,
      provider: this.provider,
      labels: LABELS.shared,
    };
  }
}
