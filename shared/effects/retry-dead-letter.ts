import {InvalidTask} from '../errors';
import {parseTask} from '../model/task-payload';
import {type DeadLetterDocument, type QueueName, retryTask} from '../model/tasks';
import type {Context} from '../ports';
import type {OperationOptions, RetryResult} from './operations';

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
  const to = writerOf(letter);
  const body = parseTask(to, Buffer.from(JSON.stringify(letter.body ?? null)));
  const task = retryTask(id, letter, to, body);
  if (dryRun) return {status: 'enqueued', task: task.name};

  if (letter.job) await reopen(context, letter.job);
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
function writerOf({queue}: DeadLetterDocument): QueueName {
  if (queue === 'provision' || queue === 'stop') return queue;
  throw new InvalidTask(`the dead letter is of the queue ${queue}, expected provision or stop`);
}

/** A job that was given up is passed over by the task that is tried again, until it is demand. */
async function reopen({store, clock}: Context, key: string): Promise<void> {
  await store.transaction(async (transaction) => {
    const job = await transaction.get('jobs', key);
    if (job?.status !== 'queued' || job.demand !== 'dead') return;
    transaction.set('jobs', key, {...job, demand: 'open', updatedAt: clock.now()});
  });
}
