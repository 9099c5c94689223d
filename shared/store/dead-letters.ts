import type {DeadLetterDocument} from '../model/tasks';
import type {Store} from './store';

const REMEMBER_MS = 30 * 24 * 3600 * 1000;

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
    transaction.set('deadletters', id, {...letter, count, at: now, expireAt: now + REMEMBER_MS});
  });
}

function deadLetterId({job, task}: Pick<DeadLetterDocument, 'job' | 'task'>): string {
  return (job === null ? task : `job-${job}`).replace(/[^A-Za-z0-9_-]/g, '_');
}
