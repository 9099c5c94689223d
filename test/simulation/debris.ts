import {requestedRunner} from '../../shared/lifecycle/runner';
import {slotId, takenSlot} from '../../shared/store/slots';
import type {Store} from '../../shared/store/store';
import {aJob} from '../builders/lifecycle';
import type {ComputeWorld} from '../world/compute/model';
import type {GitHubWorld} from '../world/github/model';
import {LABELS} from './pools';
import type {JobPlan} from './scenario';

const ZONE = 'us-central1-a';
const BEFORE_JOB_MS = 2 * 60_000;
const ORGANIZATION = {kind: 'organization', org: 'acme'} as const;

const labels = (pool: string) => ({'slipway-deployment': 'slipway', 'slipway-pool': pool});

/**
 * What is there before the world begins: VMs and a registration of a control plane whose memory was lost. Nothing tells of them but the
 * world itself, and all of it is to be gone in the end. Nothing runs in these VMs, so they come before any VM boots.
 */
export function leaveMachines(github: GitHubWorld, compute: ComputeWorld): void {
  compute.addInstance({name: 'slipway-arm-9101-1', zone: ZONE, labels: labels('arm'), status: 'RUNNING'});
  compute.addInstance({name: 'slipway-spot-9102-1', zone: ZONE, labels: labels('spot')});
  const registration = {name: 'slipway-shared-9103-1', labels: LABELS.shared, runnerGroupId: 1};
  github.runners.registerPersistent(ORGANIZATION, registration);
}

/**
 * Such a VM whose runner lives, and takes a job if it can: it is not to be touched until the job is over. It comes up shortly before the
 * first job that it could take.
 */
export function leaveRunner(github: GitHubWorld, compute: ComputeWorld, jobs: readonly JobPlan[]): void {
  const {scheduler, runners} = github;
  const firstMs = jobs.find(({kind}) => kind === 'shared')?.atMs ?? 0;
  scheduler.at(scheduler.now() + Math.max(0, firstMs - BEFORE_JOB_MS), () => {
    const name = 'slipway-shared-9106-1';
    const registration = {name, labels: LABELS.shared, runnerGroupId: 1};
    const {encodedJitConfig} = runners.generateJitConfig(ORGANIZATION, registration);
    const metadata = {'slipway-jit-config': encodedJitConfig};
    compute.addInstance({name, zone: ZONE, labels: labels('shared'), metadata, status: 'RUNNING'});
  });
}

/**
 * What executions left that died at the wrong moment, and whose tasks are gone: a runner that nobody goes on making, for a job that nobody
 * knows, and a slot whose holder never was.
 */
export async function leaveRecords(store: Store, now: number): Promise<void> {
  const slot = slotId('arm', 0);
  const name = 'slipway-arm-9104-1';
  const scope = {kind: 'repository', owner: 'acme', repo: 'app'} as const;
  const runner = requestedRunner({name, job: aJob({jobId: 9104}), scope, labels: LABELS.arm, slot, now});
  const lost = {pool: 'spot', n: 0};
  await store.transaction(async (transaction) => {
    transaction.set('runners', name, runner);
    transaction.set('slots', slot, takenSlot({pool: 'arm', n: 0}, name, now));
    transaction.set('slots', slotId(lost.pool, lost.n), takenSlot(lost, 'slipway-spot-9105-1', now));
  });
}
