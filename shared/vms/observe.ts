import type {JobAtGitHub, Registration} from '../github/github';
import {type JobDocument, jobKeyOf} from '../model/job';
import {scopeFor} from '../model/scope';
import type {VmDocument} from '../model/vm';
import {type Context, githubOf} from '../ports';
import {queuedJobs, recordVmJob} from './records';
import {checkLabels, rejectJob} from './take-job';
import {type RunnerPlace, runnerPlaces, type Vm} from './vms';

export interface SeenRunner {
  readonly place: RunnerPlace;
  readonly registration: Registration;
}

/**
 * - `busy`: a runner says so, or a job that is on record as running there still does; GitHub's flag alone lies around a job's start.
 * - `wanted`: a job waits for the VM that its runner can take, as far as is known.
 * - `repaired`: the end of a job went unheard, and is on record now; look again.
 * - `idle`: nothing speaks against a stop.
 */
export type VmObservation =
  | {readonly kind: 'busy'; readonly by: string}
  | {readonly kind: 'wanted'; readonly job: JobDocument; readonly runners: readonly SeenRunner[]}
  | {readonly kind: 'repaired'; readonly document: VmDocument}
  | {readonly kind: 'idle'; readonly runners: readonly SeenRunner[]};

/** Asks GitHub. What cannot be asked throws: who cannot tell does not stop a VM. */
export async function observeVm(context: Context, vm: Vm, document: VmDocument): Promise<VmObservation> {
  const runners = await findRunners(context, vm, document);
  const busy = runners.find(({registration}) => registration.busy);
  if (busy) return {kind: 'busy', by: `runner ${busy.registration.name}`};

  for (const key of document.runs) {
    const job = await context.store.get('jobs', key);
    if (job?.status !== 'in_progress') continue;
    const at = await getJobAtGitHub(context, vm, job);
    if (at === undefined) return {kind: 'busy', by: describeUnseenJob(key)};
    if (at.status === 'in_progress') return {kind: 'busy', by: `job ${key}`};
    if (at.status === 'completed') return recordMissedEnd(context, vm, job, at);
  }
  for (const job of await queuedJobs(context, vm)) {
    const at = await getJobAtGitHub(context, vm, job);
    // mutation: turned away while it waits
    if (at === undefined) return {kind: 'busy', by: describeUnseenJob(jobKeyOf(job))};
    if (at.status === 'queued' && (await rejectWhenLabelsLack(context, vm, job))) continue;
    if (at.status === 'queued') return {kind: 'wanted', job, runners};
    if (at.status === 'in_progress') return {kind: 'busy', by: `job ${jobKeyOf(job)}`};
    if (at.status === 'completed') return recordMissedEnd(context, vm, job, at);
  }
  return {kind: 'idle', runners};
}

export async function findRunners(context: Context, vm: Vm, document: VmDocument): Promise<SeenRunner[]> {
  const seen: SeenRunner[] = [];
  for (const place of runnerPlaces(vm, document)) {
    const registration = await githubOf(context, place).findRunner(place.runnerName);
    if (registration) seen.push({place, registration});
  }
  return seen;
}

/** A job that came when it was not known what the VM's runner can take, or before the runner lost a label, does not hold the VM. */
async function rejectWhenLabelsLack(context: Context, vm: Vm, job: JobDocument): Promise<boolean> {
  const {lacked} = await checkLabels(context, vm, job);
  if (lacked.length > 0) await rejectJob(context, vm, {job: jobKeyOf(job)}, lacked);
  return lacked.length > 0;
}

async function getJobAtGitHub(context: Context, {pools}: Vm, job: JobDocument): Promise<JobAtGitHub | undefined> {
  const pool =
    pools.find((each) => each.pool.name === job.pool)?.pool ?? context.pools.find(({name}) => name === job.pool);
  const [owner = '', repo = ''] = job.repository.split('/');
  const scope = pool ? scopeFor(pool, job) : {kind: 'repository' as const, owner, repo};
  return githubOf(context, {scope, installationId: job.installationId}).getJob(job.repository, job.jobId);
}

/** One 404 does not end a job: the sweep, which looks twice, does. */
function describeUnseenJob(key: string): string {
  return `job ${key}, which GitHub does not show`;
}

/** Its `completed` never came: recorded as if it had. */
async function recordMissedEnd(context: Context, vm: Vm, job: JobDocument, at: JobAtGitHub): Promise<VmObservation> {
  const key = jobKeyOf(job);
  context.logger.warning(`job ${key} is over, which nobody had said`, {
    decision: 'repaired',
    job: key,
    vm: vm.instance,
  });
  const {document} = await recordVmJob(context, vm, {
    ...job,
    status: 'completed',
    runnerName: at.runnerName ?? job.runner,
    runnerId: at.runnerId ?? null,
    workflow: null,
    createdAt: job.queuedAt,
    receivedAt: context.clock.now(),
    delivery: `unheard-${key}`,
  });
  return {kind: 'repaired', document};
}
