import type {JobAtGitHub, Registration} from '../github/github';
import {type JobDocument, jobKeyOf} from '../model/job';
import {scopeFor} from '../model/scope';
import type {VmDocument} from '../model/vm';
import {type Context, githubOf, type OperationOptions} from '../ports';
import {queuedJobs, recordVmJob} from './records';
import {checkLabels, rejectJob} from './take-job';
import {type RunnerPlace, runnerPlaces, type Vm} from './vms';

/** A registration of one of the VM's runners, and the place where it was found. */
export interface SeenRunner {
  readonly place: RunnerPlace;
  readonly registration: Registration;
}

/**
 * What GitHub says about the VM's runners and jobs.
 * - `busy`: a runner is busy, or a job on record as running on the VM still runs. The busy flag alone is late at a job's start.
 * - `wanted`: a job waits for the VM, and its runner can take the job as far as is known.
 * - `repaired`: the `completed` of a job was missed, and is recorded now, unless it is a dry run. The caller has to check again.
 * - `idle`: the VM may stop.
 */
export type VmObservation =
  | {readonly kind: 'busy'; readonly by: string}
  | {readonly kind: 'wanted'; readonly job: JobDocument; readonly runners: readonly SeenRunner[]}
  | {readonly kind: 'repaired'; readonly document: VmDocument}
  | {readonly kind: 'idle'; readonly runners: readonly SeenRunner[]};

/**
 * Asks GitHub whether the VM may stop. Throws when GitHub cannot be reached, so that a VM is never stopped on missing information. `dryRun`: what it
 * finds is not recorded.
 */
export async function observeVm(
  context: Context,
  vm: Vm,
  document: VmDocument,
  {dryRun}: OperationOptions = {dryRun: false},
): Promise<VmObservation> {
  const endOf = (job: JobDocument, at: JobAtGitHub) =>
    dryRun ? ({kind: 'repaired', document} as const) : recordMissedEnd(context, vm, job, at);
  const runners = await findRunners(context, vm, document);
  const busy = runners.find(({registration}) => registration.busy);
  if (busy) return {kind: 'busy', by: `runner ${busy.registration.name}`};

  for (const key of document.runs) {
    const job = await context.store.get('jobs', key);
    if (job?.status !== 'in_progress') continue;
    const current = await getJobAtGitHub(context, vm, job);
    if (current === undefined) return {kind: 'busy', by: describeUnseenJob(key)};
    if (current.status === 'in_progress') return {kind: 'busy', by: `job ${key}`};
    if (current.status === 'completed') return endOf(job, current);
  }
  for (const job of await queuedJobs(context, vm)) {
    const current = await getJobAtGitHub(context, vm, job);
    if (current === undefined) return {kind: 'busy', by: describeUnseenJob(jobKeyOf(job))};
    // mutation: turned away while it waits
    if (current.status === 'queued' && (await isTurnedAway(context, vm, job, dryRun))) continue;
    if (current.status === 'queued') return {kind: 'wanted', job, runners};
    if (current.status === 'in_progress') return {kind: 'busy', by: `job ${jobKeyOf(job)}`};
    if (current.status === 'completed') return endOf(job, current);
  }
  return {kind: 'idle', runners};
}

/** Finds the registrations of the VM's runners at GitHub. */
export async function findRunners(context: Context, vm: Vm, document: VmDocument): Promise<SeenRunner[]> {
  const seen: SeenRunner[] = [];
  for (const place of runnerPlaces(vm, document)) {
    const registration = await githubOf(context, place).findRunner(place.runnerName);
    if (registration) seen.push({place, registration});
  }
  return seen;
}

/** Rejects a waiting job if the VM's runner lacks a label, which was not known, or not so, when the job was accepted. A dry run only asks. */
async function isTurnedAway(context: Context, vm: Vm, job: JobDocument, dryRun: boolean): Promise<boolean> {
  const {lacked} = await checkLabels(context, vm, job);
  if (lacked.length > 0 && !dryRun) await rejectJob(context, vm, {job: jobKeyOf(job)}, lacked);
  return lacked.length > 0;
}

/** The job as GitHub shows it; undefined: GitHub answers 404. */
async function getJobAtGitHub(context: Context, {pools}: Vm, job: JobDocument): Promise<JobAtGitHub | undefined> {
  const pool =
    pools.find((each) => each.pool.name === job.pool)?.pool ?? context.pools.find(({name}) => name === job.pool);
  const [owner = '', repo = ''] = job.repository.split('/');
  const scope = pool ? scopeFor(pool, job) : {kind: 'repository' as const, owner, repo};
  return githubOf(context, {scope, installationId: job.installationId}).getJob(job.repository, job.jobId);
}

/** Reason for which a job with a 404 keeps the VM busy: only the sweep ends such a job, after it has seen the 404 twice. */
function describeUnseenJob(key: string): string {
  return `job ${key}, which GitHub does not show`;
}

/** Records the end of a job whose `completed` never arrived. */
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
