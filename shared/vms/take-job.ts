import type {Outcome} from '../decisions';
import type {Registration} from '../github/github';
import {type JobDocument, type JobKey, jobKeyOf} from '../model/job';
import {applyJobEvent, type Demand, type JobEvent} from '../model/job-event';
import {scopeFor} from '../model/scope';
import {labelsWithDrained, lackedLabels, type SeenLabels, wasSeenToTake} from '../model/vm';
import {type Context, githubOf} from '../ports';
import type {Vm} from './vms';

/** The fields of a job that decide whether a VM's runner can take it. */
export type JobToCheck = Pick<JobDocument, 'pool' | 'repository' | 'installationId' | 'labels'>;

/** Checks before a job is rejected. A label that is being taken off or restored may be missing both at GitHub and on record in one check. */
const MAX_CHECKS = 2;

/** Result of a check. */
export interface LabelCheck {
  /** Labels that the runner lacks. */
  readonly lacked: readonly string[];
  /** Labels of a runner that can take the job, to be kept. */
  readonly seen?: SeenLabels;
}

const LACKS_NOTHING: LabelCheck = {lacked: []};

/**
 * Asks GitHub which of the job's labels all runners of the VM lack. GitHub never gives the job to a runner that lacks one. No label is
 * reported if a runner has all of them, or if that is not known: no runner is registered yet, or GitHub does not answer.
 */
export async function checkLabels(context: Context, vm: Vm, job: JobToCheck): Promise<LabelCheck> {
  let judged = LACKS_NOTHING;
  for (let look = 0; look < MAX_CHECKS; look++) {
    judged = await checkLabelsOnce(context, vm, job);
    if (judged.lacked.length === 0) return judged;
  }
  return judged;
}

async function checkLabelsOnce(context: Context, vm: Vm, job: JobToCheck): Promise<LabelCheck> {
  const {labels} = job;
  const entry = vm.pools.find(({pool}) => pool.name === job.pool);
  if (!entry) return LACKS_NOTHING;
  const scope = scopeFor(entry.pool, job);
  const names = new Set([entry.runnerName, ...vm.pools.map(({runnerName}) => runnerName)]);
  const placeOf = (name: string) => `${name} ${JSON.stringify(scope)}`.toLowerCase();
  const before = await context.store.get('vms', vm.id);
  const now = context.clock.now();
  if ([...names].some((name) => wasSeenToTake(before?.seenLabels, {place: placeOf(name), labels}, now)))
    return LACKS_NOTHING;

  const github = githubOf(context, {scope, installationId: job.installationId});
  const drained = [...(before?.drained ?? [])];
  const runners: Registration[] = [];
  for (const name of names) {
    const registration = await tryFindRunner(context, vm, () => github.findRunner(name));
    // Without the runner of the job's own pool nothing is known. Runners of the VM's other pools may take the job, too.
    // mutation: unknown runner
    if (!registration && name === entry.runnerName) return LACKS_NOTHING;
    if (!registration) continue;
    const has = labelsWithDrained(registration, drained);
    if (lackedLabels(labels, [has]).length === 0)
      return {lacked: [], seen: {place: placeOf(name), labels: has, at: now}};
    runners.push(registration);
  }
  // The record is read again, because a label may have been taken off between the first read and GitHub's answer.
  drained.push(...((await context.store.get('vms', vm.id))?.drained ?? []));
  const lacked = lackedLabels(
    labels,
    runners.map((registration) => labelsWithDrained(registration, drained)),
  );
  return {lacked};
}

/** The result of `look`; undefined, and a log line, if GitHub does not answer. */
async function tryFindRunner(
  {logger}: Context,
  vm: Vm,
  look: () => Promise<Registration | undefined>,
): Promise<Registration | undefined> {
  try {
    return await look();
  } catch (error) {
    logger.info(`the labels of the runner of VM ${vm.instance} could not be read: the VM is taken to have them all`, {
      decision: 'labels_unknown',
      vm: vm.instance,
      error,
    });
    return undefined;
  }
}

/**
 * Rejects a job for the labels that the VM's runner lacks: records it as `dead`, so that it neither starts the VM nor keeps it up, and logs
 * one warning. The sweep retries the job now and then, because the runner may get the label.
 */
export async function rejectJob(context: Context, vm: Vm, demand: Demand, lacked: readonly string[]): Promise<Outcome> {
  const {job, isNew} = await context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const existing = await transaction.get('jobs', keyOf(demand));
    const current = 'event' in demand ? applyJobEvent(existing, demand.event, now).job : existing;
    if (current?.status !== 'queued') return {job: current, isNew: false};
    const dead: JobDocument = {...current, demand: 'dead', runner: null, lackedLabels: lacked, updatedAt: now};
    transaction.set('jobs', jobKeyOf(dead), dead);
    return {job: dead, isNew: existing?.status !== 'queued' || existing.demand !== 'dead'};
  });
  if (job?.status !== 'queued') return notWanted(job);
  if (isNew) {
    const labels = lacked.join(', ');
    context.logger.warning(
      `job ${jobKeyOf(job)} asks for ${labels}, which the runner of VM ${vm.instance} does not have at GitHub: GitHub never gives it this job. Give the runner the label, or take it out of runs-on`,
      {
        decision: 'cannot_take',
        reason: 'vm_cannot_take_it',
        job: jobKeyOf(job),
        vm: vm.instance,
        labels: lacked,
        ...(job.url ? {url: job.url} : {}),
      },
    );
  }
  return {decision: 'cannot_take', reason: vm.instance};
}

/** Outcome for a job that needs no VM: it is not queued, or not on record. */
export function notWanted(job: Pick<JobDocument, 'status'> | undefined): Outcome {
  return {decision: 'not_wanted', reason: job ? `job_${job.status}` : 'unknown_job'};
}

function keyOf(demand: {readonly event: JobEvent} | {readonly job: JobKey}): JobKey {
  return 'event' in demand ? jobKeyOf(demand.event) : demand.job;
}
