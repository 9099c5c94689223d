import {taskName} from '../lifecycle/naming';
import type {JobKey} from '../store/documents';
import type {Context} from './context';

/** A job that needs a runner, put to the provision queue. `cause` keeps the task's name from being one that was used before. */
export async function demandJob(context: Context, job: JobKey, cause: string): Promise<void> {
  await context.tasks.enqueue({
    queue: 'provision',
    name: taskName(`demand/${job}/${cause}`, 'demand', job),
    body: {kind: 'demand', job},
  });
}

/** A slot came free that nobody was there to take: the pool's oldest open job may have it. */
export async function serveOldest(context: Context, pool: string, cause: string): Promise<void> {
  const [oldest] = await oldestOpenJobs(context, pool, 1);
  if (oldest) await demandJob(context, oldest, cause);
}

/** The pool's open jobs in the order in which they are served, at most `limit`. */
export async function oldestOpenJobs(context: Context, pool: string, limit: number): Promise<JobKey[]> {
  const found = await context.store.find('jobs', {
    where: {pool, demand: 'open'},
    orderBy: 'queuedAt',
    limit,
  });
  return found.map(({id}) => id);
}
