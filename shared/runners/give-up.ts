import {InvalidTask, OptionNotAllowed} from '../errors';
import type {JobKey} from '../model/job';
import type {Removal} from '../model/machine-end';
import {latestRunnerName, parseRunnerName, runnerName} from '../model/names';
import {notAllowedNow} from '../model/not-allowed';
import {placementOf} from '../model/placement';
import {isBeingCreated, type RunnerDocument} from '../model/runner';
import {newSlot} from '../model/slot';
import {parseTask, type QueueName} from '../model/task-payload';
import {type DeadLetterDocument, demandTask, retryTask} from '../model/tasks';
import {type Context, githubOf, type OperationOptions} from '../ports';
import type {Store} from '../store/store';
import {removeMachine, retireRunner, settleRegistration} from './retire';
import {readKeptSlots, serveOldestOpenJob} from './slots';

/** Gives up the creation of a runner that was requested without a job, under the name that it has by now. */
export async function giveUpRunner(context: Context, name: string): Promise<void> {
  const runner = await newestOf(context, name);
  if (!runner || !isBeingCreated(runner)) return;
  const cleaned = await tryCleanUp(context, runner);
  if (cleaned !== 'alive') await retireRunner(context, runner, 'failed', cleaned.removal);
}

/** The record of the runner after the attempts that failed: each takes the next name. */
async function newestOf(
  {store, deployment}: Pick<Context, 'store' | 'deployment'>,
  name: string,
): Promise<RunnerDocument | undefined> {
  const runner = await store.get('runners', name);
  const parsed = runner && parseRunnerName(deployment, name);
  if (!parsed) return runner;
  const next = runnerName(deployment, parsed.pool, parsed.jobId ?? parsed.tag ?? 0, parsed.n + 1);
  return (await newestOf({store, deployment}, next)) ?? runner;
}

/**
 * Gives up a job after the last attempt: removes what exists of its runner as far as possible, gives its slot to another job, and marks the
 * job `dead`, so that `api` shows it and a later delivery of `queued` tries again. A runner that is online stays, and the job with it. `error`: what
 * the attempt failed with, if it is known.
 */
export async function giveUpJob(context: Context, key: JobKey, error?: unknown): Promise<void> {
  const job = await context.store.get('jobs', key);
  if (!job) return;
  const runner =
    job.creations > 0 ? await context.store.get('runners', latestRunnerName(context.deployment, job)) : undefined;
  const unfinished = runner && isBeingCreated(runner) ? runner : undefined;
  if (unfinished) {
    const cleaned = await tryCleanUp(context, unfinished);
    if (cleaned === 'alive') return;
    await retireRunner(context, unfinished, 'failed', cleaned.removal);
  }
  // By the swap rule, the runner may be assigned to another job than the one for which it was created.
  const assignedJob = unfinished?.covers ?? key;
  const own = {demand: 'dead', isNotAllowed: error instanceof OptionNotAllowed} as const;
  const freed = await markJobDead(context, assignedJob, assignedJob === key ? own : {demand: 'open'});
  if (freed) await serveOldestOpenJob(context, job.pool, `slot-kept-for-${key}-given-up-${job.creations}`);
  if (assignedJob !== key) await context.tasks.enqueue(demandTask(assignedJob, `given-up-${key}`));
}

/** Marks a queued job that lost its runner, and frees the slots kept for it. Returns whether there were any. */
async function markJobDead(
  context: Context,
  key: JobKey,
  {demand, isNotAllowed = false}: {readonly demand: 'dead' | 'open'; readonly isNotAllowed?: boolean},
): Promise<boolean> {
  const now = context.clock.now();
  return context.store.transaction(async (transaction) => {
    const job = await transaction.get('jobs', key);
    if (job?.status !== 'queued') return false;
    const kept = await readKeptSlots(transaction, key, job);
    const notAllowed = isNotAllowed ? notAllowedNow(context.pools, job, now) : {};
    const marked = {...job, ...notAllowed, demand, runner: null, slot: null, slotOfAll: null, updatedAt: now};
    transaction.set('jobs', key, marked);
    for (const {id, document} of kept) transaction.set('slots', id, newSlot(document, null, now));
    return kept.length > 0;
  });
}

/**
 * Removes the registration and the VM of a runner, as far as possible: Compute Engine deletes a VM that is left after `maxRunDuration`, and
 * the sweep deletes leftovers. `alive`: the runner is online, and stays.
 */
async function tryCleanUp(context: Context, runner: RunnerDocument): Promise<{removal?: Removal} | 'alive'> {
  try {
    if ((await settleRegistration(githubOf(context, runner), runner)) === 'alive') return 'alive';
    if (placementOf(runner)) return {removal: await removeMachine(context, runner)};
  } catch (error) {
    context.logger.warning(`${runner.name} could not be cleaned up`, {
      decision: 'given_up',
      runner: runner.name,
      error,
    });
  }
  return {};
}

/**
 * Retries a dead letter: reopens its job, enqueues its task again, and then deletes the letter, so that a crash in between loses nothing; the
 * name of the repeated task is the same. Returns undefined if there is no such letter. Throws `InvalidTask` if the letter holds no task.
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

/** The function that gave the task up, which the field `queue` of a letter names. Throws `InvalidTask` for any other text. */
function functionOfLetter({queue}: DeadLetterDocument): QueueName {
  if (queue === 'provision' || queue === 'stop') return queue;
  throw new InvalidTask(`the dead letter is of the queue ${queue}, expected provision or stop`);
}

/** Makes a `dead` job demand again, because a task does nothing for a dead job. */
async function reopenJob({store, clock}: Context, key: string): Promise<void> {
  await store.transaction(async (transaction) => {
    const job = await transaction.get('jobs', key);
    if (job?.status !== 'queued' || job.demand !== 'dead') return;
    transaction.set('jobs', key, {...job, demand: 'open', updatedAt: clock.now()});
  });
}

/** How long a dead letter stays on record. */
const DEAD_LETTER_RETENTION_MS = 30 * 24 * 3600 * 1000;

/**
 * Writes the dead letter of a task that was given up. A job has one letter at a time: a newer one replaces it, and increments `count`. `body`
 * is a parsed task, which contains no secret.
 */
export async function writeDeadLetter(
  store: Store,
  {now, ...letter}: Omit<DeadLetterDocument, 'at' | 'expireAt' | 'count'> & {now: number},
): Promise<void> {
  const id = deadLetterId(letter);
  await store.transaction(async (transaction) => {
    const before = await transaction.get('deadletters', id);
    // The same attempt of the same task, repeated because its answer was lost, does not count again.
    const isRepeat = before?.task === letter.task && before.attempts === letter.attempts;
    const count = (before?.count ?? (before ? 1 : 0)) + (isRepeat ? 0 : 1);
    transaction.set('deadletters', id, {...letter, count, at: now, expireAt: now + DEAD_LETTER_RETENTION_MS});
  });
}

export function deadLetterId({job, task}: Pick<DeadLetterDocument, 'job' | 'task'>): string {
  return (job === null ? task : `job-${job}`).replace(/[^A-Za-z0-9_-]/g, '_');
}

/** The work of the dead letter is enqueued as the task of this name. */
type RetryResult = {readonly status: 'enqueued'; readonly task: string};
