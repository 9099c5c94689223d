import type {Outcome} from '../decisions';
import type {Registration} from '../github/github';
import {type JobDocument, type JobKey, jobKeyOf} from '../model/job';
import {applyJobEvent, type Demand, type JobEvent} from '../model/job-event';
import {scopeFor} from '../model/scope';
import {labelsWithDrained, lackedLabels, type SeenLabels, wasSeenToTake} from '../model/vm';
import {type Context, githubOf} from '../ports';
import type {Vm} from './vms';

/** Whom a VM is asked for. */
export type JobToCheck = Pick<JobDocument, 'pool' | 'repository' | 'installationId' | 'labels'>;

/** A look, and another one: a label that is being taken off or given back may be neither at GitHub nor on record in one of them. */
const MAX_CHECKS = 2;

/** What a look came to: what is lacking, and a reading worth keeping. */
export interface LabelCheck {
  readonly lacked: readonly string[];
  readonly seen?: SeenLabels;
}

const LACKS_NOTHING: LabelCheck = {lacked: []};

/**
 * Labels that the job asks for and no runner of the VM has, by GitHub's own answer: GitHub will never give it the job. None when a runner
 * takes it, and when that cannot be told: no runner is registered yet, or GitHub does not answer. Then the VM is started.
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
    // The pool's own runner decides whether anything is known; one of another pool may take the job as well.
    // mutation: unknown runner
    if (!registration && name === entry.runnerName) return LACKS_NOTHING;
    if (!registration) continue;
    const has = labelsWithDrained(registration, drained);
    if (lackedLabels(labels, [has]).length === 0)
      return {lacked: [], seen: {place: placeOf(name), labels: has, at: now}};
    runners.push(registration);
  }
  // A label may be taken off between the first reading of the record and GitHub's answer.
  drained.push(...((await context.store.get('vms', vm.id))?.drained ?? []));
  const lacked = lackedLabels(
    labels,
    runners.map((registration) => labelsWithDrained(registration, drained)),
  );
  return {lacked};
}

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
 * The job is on record as given up: it neither starts the VM nor keeps it up, and is no activity of it. The sweep asks again now and then,
 * for the runner may get the label. One warning says what is missing.
 */
export async function rejectJob(context: Context, vm: Vm, demand: Demand, lacked: readonly string[]): Promise<Outcome> {
  const {job, isNew} = await context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const existing = await transaction.get('jobs', keyOf(demand));
    const told = 'event' in demand ? applyJobEvent(existing, demand.event, now).job : existing;
    if (told?.status !== 'queued') return {job: told, isNew: false};
    const dead: JobDocument = {...told, demand: 'dead', runner: null, updatedAt: now};
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

/** The job needs no VM: it does not queue, or is not on record. */
export function notWanted(job: Pick<JobDocument, 'status'> | undefined): Outcome {
  return {decision: 'not_wanted', reason: job ? `job_${job.status}` : 'unknown_job'};
}

function keyOf(demand: {readonly event: JobEvent} | {readonly job: JobKey}): JobKey {
  return 'event' in demand ? jobKeyOf(demand.event) : demand.job;
}
