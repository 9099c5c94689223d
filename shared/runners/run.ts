import type {Recorded} from '../decisions';
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

/** What an event did. */
export interface RunRecord {
  /** `late` and `duplicate`: it said nothing new. `foreign`: neither the job nor the runner is ours. */
  readonly change: Recorded;
  /** The runner that ran the job, when it is one of ours that is on record, and runs no other job. */
  readonly runner: RunnerDocument | undefined;
}

/**
 * Records `waiting`, `in_progress` and `completed`: the job's state, the runner that runs it, and by the swap rule what becomes of the
 * runner that was made for it and of the job that the runner was made for. All in one transaction; then what it means for others,
 * which is remembered with the job, so that a repeated event does it again after a crash.
 */
export async function recordRun(context: Context, event: JobEvent): Promise<RunRecord> {
  const {
    record,
    aftermaths: followUps,
    freedSlot,
    mention,
  } = await context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    // mutation: read of run
    const seen = await readRun(transaction, event, now);
    if (isForeignEvent(context, event, seen)) return FOREIGN;
    const written = seen.change.kind === 'unchanged' ? repeatFollowUp(seen) : writeRun(transaction, seen, now);
    return {...written, mention: seen.mention};
  });
  if (mention === 'foreign' || mention === 'runs_another') logMention(context, event, mention);
  for (const {reopened, spare} of followUps) {
    if (reopened) await context.tasks.enqueue(demandTask(reopened, `taken-by-${jobKeyOf(event)}`));
    // mutation: place spare after run
    if (spare) await placeUnassigned(context, spare);
  }
  if (freedSlot) await serveOldestOpenJob(context, event.pool, `slot-kept-for-${jobKeyOf(event)}-${event.status}`);
  return record;
}

/** All that the decision needs, read before anything is written. */
interface RunInput {
  readonly key: JobKey;
  readonly existing: JobDocument | undefined;
  readonly change: JobChange;
  readonly mention: Mention;
  /** The runner that runs the job, or ran it. */
  readonly runner: RunnerDocument | undefined;
  /** The runner that covered the job until now, when it is not the one that runs it. */
  readonly cover: RunnerDocument | undefined;
  /** The job that `runner` covered, when it is not this one. */
  readonly displaced: JobDocument | undefined;
  /** The slots that were kept for the job. */
  readonly kept: Awaited<ReturnType<typeof readKeptSlots>>;
}

interface Written {
  readonly record: RunRecord;
  /** This event's, and that of the one before, whose execution may have died before it got to it. */
  readonly aftermaths: readonly FollowUp[];
  /** A slot was kept for the job, which needs it no more. */
  readonly freedSlot: boolean;
}

const FOREIGN = {
  record: {change: 'foreign', runner: undefined},
  aftermaths: [],
  freedSlot: false,
  mention: 'foreign',
} as const satisfies Written & {readonly mention: Mention};

async function readRun(transaction: Transaction, event: JobEvent, now: number): Promise<RunInput> {
  const key = jobKeyOf(event);
  const existing = await transaction.get('jobs', key);
  const {change, mention, runner} = await readMention(transaction, event, existing, now);

  const covered = existing?.status === 'queued' && existing.runner !== (runner?.name ?? null) ? existing.runner : null;
  const cover = covered === null ? undefined : await transaction.get('runners', covered);
  const displaced = runner?.covers && runner.covers !== key ? await transaction.get('jobs', runner.covers) : undefined;
  const kept = existing ? await readKeptSlots(transaction, key, existing) : [];
  return {
    key,
    existing,
    change,
    mention,
    runner,
    cover: cover?.covers === key ? cover : undefined,
    displaced,
    kept,
  };
}

function repeatFollowUp({change, runner}: RunInput): Written {
  const reason = change.kind === 'unchanged' ? change.reason : 'late';
  return {record: {change: reason, runner}, aftermaths: [change.job.aftermath], freedSlot: false};
}

function writeRun(transaction: Transaction, seen: RunInput, now: number): Written {
  const {key, change, kept} = seen;
  const finished = change.kind === 'finished';
  // A job that waits for an approval runs nowhere: its cover is released, and nothing is swapped.
  const result = swap({
    job: change.job,
    runner: change.kind === 'parked' ? undefined : seen.runner,
    assigned: seen.cover,
    displaced: seen.displaced,
    now,
  });
  // One that was not known to run the job does not go before GitHub was asked: it may run another by now.
  const isSure = seen.runner?.runs === key;
  const runner = finished && isSure && result.runner ? advanceRunner(result.runner, 'draining', now) : result.runner;
  // mutation: aftermath of earlier event
  const earlier = seen.existing?.aftermath ?? {spare: null, reopened: null};
  const own = {spare: result.unassigned?.name ?? null, reopened: result.reopened};

  const aftermath = {spare: own.spare ?? earlier.spare, reopened: own.reopened ?? earlier.reopened};
  transaction.set('jobs', key, {...change.job, aftermath});
  if (runner) transaction.set('runners', runner.name, runner);
  if (result.assigned) transaction.set('runners', result.assigned.name, result.assigned);
  if (result.displaced) transaction.set('jobs', jobKeyOf(result.displaced), result.displaced);
  for (const {id, document} of kept) transaction.set('slots', id, newSlot(document, null, now));
  return {
    record: {change: change.kind === 'opened' ? 'late' : (change.kind as RunRecord['change']), runner},
    aftermaths: [own, earlier],
    freedSlot: kept.length > 0,
  };
}
