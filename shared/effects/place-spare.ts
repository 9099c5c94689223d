import {type JobKey, jobKeyOf} from '../model/job';
import {canTakeOver, covering} from '../model/runner';
import {idleCheckTask} from '../model/tasks';
import {type Context, poolOf} from '../ports';
import {oldestOpenJobs} from './open-jobs';

const CANDIDATES = 10;
const DEFAULT_IDLE_MINUTES = 10;

/** A runner with nothing to do covers the oldest open job that it can run, or is looked at again after `idleMinutes`. */
export async function placeSpare(context: Context, name: string): Promise<void> {
  const runner = await context.store.get('runners', name);
  if (!runner?.spare) return;
  for (const id of await oldestOpenJobs(context, runner.pool, CANDIDATES)) {
    if (await cover(context, name, id)) {
      context.logger.info(`spare runner ${name} covers job ${id}`, {
        decision: 'covered',
        runner: name,
        job: id,
        pool: runner.pool,
      });
      return;
    }
  }
  const idleMinutes = poolOf(context, runner.pool)?.idleMinutes ?? DEFAULT_IDLE_MINUTES;
  await context.tasks.enqueue(idleCheckTask(runner, 0, idleMinutes * 60));
}

async function cover(context: Context, name: string, key: JobKey): Promise<boolean> {
  return context.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    const job = await transaction.get('jobs', key);
    if (!runner || job?.demand !== 'open' || !canTakeOver(runner, job)) return false;
    transaction.set('runners', name, covering(runner, jobKeyOf(job)));
    transaction.set('jobs', key, {...job, demand: 'covered', runner: name, updatedAt: context.clock.now()});
    return true;
  });
}
