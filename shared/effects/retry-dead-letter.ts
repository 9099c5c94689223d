import {InvalidTask} from '../errors';
import {taskName} from '../lifecycle/naming';
import type {Context} from '../ports';
import type {DeadLetterDocument} from '../store/documents';
import {parseTask, routeTo} from '../tasks/payload';
import type {QueueName} from '../tasks/tasks';
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
  // One name a letter: the same task may fail again, and be retried again, as a letter of another time.
  const task = taskName(`retry/${id}/${letter.at}`, 'retry', letter.job ?? to);
  const route = routeTo(to, 'event' in body ? body.event.status : undefined);
  if (dryRun) return {status: 'enqueued', task};

  if (letter.job) await reopen(context, letter.job);
  await context.tasks.enqueue({...route, name: task, body});
  await context.store.transaction(async (transaction) => {
    const found = await transaction.get('deadletters', id);
    if (found?.at === letter.at) transaction.delete('deadletters', id);
  });
  context.logger.info(`dead letter ${id} is tried again`, {
    decision: 'retried',
    task,
    ...(letter.job ? {job: letter.job} : {}),
  });
  return {status: 'enqueued', task};
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
