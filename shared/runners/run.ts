import type {Recorded} from '../decisions';
import {withEndOfJob} from '../model/end-of-job';
import {type FollowUp, type JobDocument, type JobKey, jobKeyOf} from '../model/job';
import type {JobChange, JobEvent} from '../model/job-event';
import {advanceRunner, type RunnerDocument} from '../model/runner';
import {newSlot} from '../model/slot';
import {swap} from '../model/swap';
import {demandTask} from '../model/tasks';
import type {Context} from '../ports';
import type {Transaction} from '../store/store';
import {placeUnassigned} from './idle';
import {isForeignEvent, logMention, type Mention, readMention} from './mentioned';
import {readKeptSlots, serveOldestOpenJob} from './slots';

/** What an event changed. */
export interface RunRecord {
  /** `late` and `duplicate`: nothing. `foreign`: neither the job nor the runner is ours. */
  readonly change: Recorded;
  /** The runner on record that ran the job; undefined: none of ours did, or the runner runs another job on record. */
  readonly runner: RunnerDocument | undefined;
}

/**
 * Records a `waiting`, `in_progress` or `completed` event in one transaction: the job's state, the runner that runs the job, and, by the swap
 * rule, the runner that was assigned to the job and the job to which the runner was assigned. Then does the follow-up for other jobs and
 * runners, which is stored with the job, so that a repeated event does it again after a crash.
 */
export async function recordRun(context: Context, event: JobEvent): Promise<RunRecord> {
  const {record, followUps, freedSlot, mention} = await context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    // mutation: read of run
    const input = await readRun(transaction, event, now);
    if (isForeignEvent(context, event, input)) return FOREIGN;
    const written =
      input.change.kind === 'unchanged' ? repeatFollowUp(input) : writeRun(context, transaction, input, now);
    return {...written, mention: input.mention};
  });
  if (mention === 'foreign' || mention === 'runs_another') logMention(context, event, mention);
  for (const {reopened, spare} of followUps) {
    if (reopened) await context.tasks.enqueue(demandTask(reopened, `taken-by-${jobKeyOf(event)}`));
    // mutation: place spare after run
    if (spare) await placeUnassigned(context, spare);
  }
  if (freedSlot !== null) {
    await serveOldestOpenJob(context, freedSlot, `slot-kept-for-${jobKeyOf(event)}-${event.status}`);
  }
  return record;
}

/** All that the decision needs. The transaction reads it before it writes anything. */
interface RunInput {
  readonly key: JobKey;
  readonly existing: JobDocument | undefined;
  readonly change: JobChange;
  readonly mention: Mention;
  /** The runner that runs or ran the job. */
  readonly runner: RunnerDocument | undefined;
  /** Whether the event tells of the runner's registration what is not on record. */
  readonly isNews: boolean;
  /** The runner that was assigned to the job until now; undefined: none, or `runner` itself. */
  readonly assigned: RunnerDocument | undefined;
  /** The job to which `runner` was assigned; undefined: none, or this job. */
  readonly displaced: JobDocument | undefined;
  /** The slots that are kept for the job. */
  readonly kept: Awaited<ReturnType<typeof readKeptSlots>>;
}

interface Written {
  readonly record: RunRecord;
  /** The follow-up of this event, and that of the event before, whose execution may have crashed before it did its follow-up. */
  readonly followUps: readonly FollowUp[];
  /** The pool of a slot that was kept for the job, which does not need it any more; null: none was. */
  readonly freedSlot: string | null;
}

const FOREIGN = {
  record: {change: 'foreign', runner: undefined},
  followUps: [],
  freedSlot: null,
  mention: 'foreign',
} as const satisfies Written & {readonly mention: Mention};

async function readRun(transaction: Transaction, event: JobEvent, now: number): Promise<RunInput> {
  const key = jobKeyOf(event);
  const existing = await transaction.get('jobs', key);
  const {change, mention, runner, isNews = false} = await readMention(transaction, event, existing, now);

  const isOther = existing?.status === 'queued' && existing.runner !== (runner?.name ?? null);
  const assigned = isOther && existing.runner !== null ? await transaction.get('runners', existing.runner) : undefined;
  const displaced = runner?.covers && runner.covers !== key ? await transaction.get('jobs', runner.covers) : undefined;
  const kept = existing ? await readKeptSlots(transaction, key, existing) : [];
  return {
    key,
    existing,
    change,
    mention,
    runner,
    isNews,
    assigned: assigned?.covers === key ? assigned : undefined,
    displaced,
    kept,
  };
}

function repeatFollowUp({change, runner}: RunInput): Written {
  const reason = change.kind === 'unchanged' ? change.reason : 'late';
  const known = runner && withEndOfJob(runner, change.job);
  return {record: {change: reason, runner: known}, followUps: [change.job.aftermath], freedSlot: null};
}

function writeRun({pools}: Context, transaction: Transaction, input: RunInput, now: number): Written {
  const {key, change, kept} = input;
  const finished = change.kind === 'finished';
  // A job that waits for an approval runs nowhere: the runner assigned to it is unassigned, and nothing is swapped.
  const result = swap({
    job: change.job,
    runner: change.kind === 'parked' ? undefined : input.runner,
    assigned: input.assigned,
    displaced: input.displaced,
    pools,
    now,
  });
  // A runner that was not known to run the job may run another one by now: GitHub is asked before it drains.
  const isSure = input.runner?.runs === key;
  const runner = finished && isSure && result.runner ? advanceRunner(result.runner, 'draining', now) : result.runner;
  // mutation: aftermath of earlier event
  const earlier = input.existing?.aftermath ?? {spare: null, reopened: null};
  const own = {spare: result.unassigned?.name ?? null, reopened: result.reopened};

  const aftermath = {spare: own.spare ?? earlier.spare, reopened: own.reopened ?? earlier.reopened};
  transaction.set('jobs', key, {...change.job, aftermath});
  if (runner && !isToldByJob(input)) transaction.set('runners', runner.name, runner);
  if (result.assigned) transaction.set('runners', result.assigned.name, result.assigned);
  if (result.displaced) transaction.set('jobs', jobKeyOf(result.displaced), result.displaced);
  for (const {id, document} of kept) transaction.set('slots', id, newSlot(document, null, now));
  return {
    record: {change: change.kind === 'opened' ? 'late' : (change.kind as RunRecord['change']), runner},
    followUps: [own, earlier],
    freedSlot: kept.length > 0 ? change.job.pool : null,
  };
}

/**
 * An ordinary end: the job's record alone tells from now on that the runner drains (`withEndOfJob`), and the runner's own needs no write. Whoever
 * finds the runner reads the job with it, and the sweep continues an end that was interrupted.
 */
function isToldByJob({change: {job}, runner, isNews}: RunInput): boolean {
  if (!runner || isNews || (runner.workflow ?? null) !== (job.workflow ?? null)) return false;
  return withEndOfJob(runner, job) !== runner;
}
