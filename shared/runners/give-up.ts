import {InvalidTask} from '../errors';
import type {JobKey} from '../model/job';
import {latestRunnerName} from '../model/names';
import {placementOf} from '../model/placement';
import {isBeingCreated, type RunnerDocument} from '../model/runner';
import {newSlot} from '../model/slot';
import {parseTask, type QueueName} from '../model/task-payload';
import {type DeadLetterDocument, demandTask, retryTask} from '../model/tasks';
import {type Context, githubOf, type OperationOptions} from '../ports';
import type {Store} from '../store/store';
import {removeMachine, retireRunner, settleRegistration} from './retire';
import {readKeptSlots, serveOldestOpenJob} from './slots';

/** No further attempt will be made. */
export async function giveUpRunner(context: Context, name: string): Promise<void> {
  const runner = await context.store.get('runners', name);
  if (!runner || !isBeingCreated(runner)) return;
  if ((await tryCleanUp(context, runner)) === 'removed') await retireRunner(context, runner, 'failed');
}

/**
 * No further attempt will be made for the job: what was half made of its runner goes as far as that can be done now, its slot serves
 * another, and the job is marked, so that everybody can see it and a later delivery tries again.
 */
export async function giveUpJob(context: Context, key: JobKey): Promise<void> {
  const job = await context.store.get('jobs', key);
  if (!job) return;
  const runner =
    job.creations > 0 ? await context.store.get('runners', latestRunnerName(context.deployment, job)) : undefined;
  const halfMade = runner && isBeingCreated(runner) ? runner : undefined;
  if (halfMade) {
    if ((await tryCleanUp(context, halfMade)) === 'alive') return;
    await retireRunner(context, halfMade, 'failed');
  }
  // By the swap rule, the runner may have stood in for another job than the one that it was made for.
  const covered = halfMade?.covers ?? key;
  const freed = await markJobDead(context, key, covered);
  if (freed) await serveOldestOpenJob(context, job.pool, `slot-kept-for-${key}-given-up-${job.creations}`);
  if (covered !== key) await context.tasks.enqueue(demandTask(covered, `given-up-${key}`));
}

/** True when the job had a slot kept for it. */
async function markJobDead(context: Context, key: JobKey, covered: JobKey): Promise<boolean> {
  const now = context.clock.now();
  return context.store.transaction(async (transaction) => {
    const job = await transaction.get('jobs', covered);
    if (job?.status !== 'queued') return false;
    const kept = await readKeptSlots(transaction, covered, job);
    const demand = covered === key ? 'dead' : 'open';
    transaction.set('jobs', covered, {...job, demand, runner: null, slot: null, slotOfAll: null, updatedAt: now});
    for (const {id, document} of kept) transaction.set('slots', id, newSlot(document, null, now));
    return kept.length > 0;
  });
}

/** Best effort: what cannot be removed now carries its own death, and the sweep finds it. A runner that is online stays. */
async function tryCleanUp(context: Context, runner: RunnerDocument): Promise<'removed' | 'alive'> {
  try {
    if ((await settleRegistration(githubOf(context, runner), runner)) === 'alive') return 'alive';
    if (placementOf(runner)) await removeMachine(context, runner);
  } catch (error) {
    context.logger.warning(`${runner.name} could not be cleaned up`, {
      decision: 'given_up',
      runner: runner.name,
      error,
    });
  }
  return 'removed';
}

/**
 * Puts the task of a dead letter into its queue again; undefined when there is no such letter, `InvalidTask` when it holds no task. The job
 * that was given up with it is wanted again. The letter goes when the task is durable: a retry that dies in between is made again, and finds
 * the task's name taken.
 */
export async function retryDeadLetter(
  context: Context,
  id: string,
  {dryRun}: OperationOptions,
): Promise<RetryResult | undefined> {
  const letter = await context.store.get('deadletters', id);
  if (!letter) return undefined;
  const to = functionOfLetter(letter);
  const body = parseTask(to, Buffer.from(JSON.stringify(letter.body ?? null)));
  const task = retryTask(id, letter, to, body);
  if (dryRun) return {status: 'enqueued', task: task.name};

  if (letter.job) await reopenJob(context, letter.job);
  await context.tasks.enqueue(task);
  await context.store.transaction(async (transaction) => {
    const found = await transaction.get('deadletters', id);
    if (found?.at === letter.at) transaction.delete('deadletters', id);
  });
  context.logger.info(`dead letter ${id} is tried again`, {
    decision: 'retried',
    task: task.name,
    ...(letter.job ? {job: letter.job} : {}),
  });
  return {status: 'enqueued', task: task.name};
}

/** The function that gave the task up: a letter calls it a queue. */
function functionOfLetter({queue}: DeadLetterDocument): QueueName {
  if (queue === 'provision' || queue === 'stop') return queue;
  throw new InvalidTask(`the dead letter is of the queue ${queue}, expected provision or stop`);
}

/** A job that was given up is passed over by the task that is tried again, until it is demand. */
async function reopenJob({store, clock}: Context, key: string): Promise<void> {
  await store.transaction(async (transaction) => {
    const job = await transaction.get('jobs', key);
    if (job?.status !== 'queued' || job.demand !== 'dead') return;
    transaction.set('jobs', key, {...job, demand: 'open', updatedAt: clock.now()});
  });
}

const DEAD_LETTER_RETENTION_MS = 30 * 24 * 3600 * 1000;

/**
 * Writes down what was given up. A job has one letter at a time: a newer one takes its place, and counts. `body` is a parsed task, which holds
 * no secret.
 */
export async function writeDeadLetter(
  store: Store,
  {now, ...letter}: Omit<DeadLetterDocument, 'at' | 'expireAt' | 'count'> & {now: number},
): Promise<void> {
  const id = deadLetterId(letter);
  await store.transaction(async (transaction) => {
    const before = await transaction.get('deadletters', id);
    // The same task again, after its answer was lost, is no other failure.
    const isRepeat = before?.task === letter.task && before.attempts === letter.attempts;
    const count = (before?.count ?? (before ? 1 : 0)) + (isRepeat ? 0 : 1);
    transaction.set('deadletters', id, {...letter, count, at: now, expireAt: now + DEAD_LETTER_RETENTION_MS});
  });
}

function deadLetterId({job, task}: Pick<DeadLetterDocument, 'job' | 'task'>): string {
  return (job === null ? task : `job-${job}`).replace(/[^A-Za-z0-9_-]/g, '_');
}

/** The dead letter's work is in its queue again, as the task of that name. */
type RetryResult = {readonly status: 'enqueued'; readonly task: string};
