import type {DeadLetterDocument} from './documents';
import type {Store} from './store';

const REMEMBER_MS = 30 * 24 * 3600 * 1000;

/** Writes down what was given up. `body` is a parsed task, which holds no secret. */
export async function writeDeadLetter(
  store: Store,
  {now, ...letter}: Omit<DeadLetterDocument, 'at' | 'expireAt'> & {now: number},
): Promise<void> {
  const id = letter.task.replace(/[^A-Za-z0-9_-]/g, '_');
  await store.transaction(async (transaction) => {
    transaction.set('deadletters', id, {...letter, at: now, expireAt: now + REMEMBER_MS});
  });
}
