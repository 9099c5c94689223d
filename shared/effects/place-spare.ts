import {jobKeyOf, taskName} from '../lifecycle/naming';
import {canTakeOver, covering} from '../lifecycle/runner';
import {type Context, poolOf} from '../ports';
import type {JobKey, RunnerDocument} from '../store/documents';
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
  await scheduleIdleCheck(context, runner, 0, (poolOf(context, runner.pool)?.idleMinutes ?? DEFAULT_IDLE_MINUTES) * 60);
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

/** Reading number `reading` of GitHub's idle flag, in `delaySeconds`. Void when the runner's life changes before. */
export async function scheduleIdleCheck(
  context: Context,
  runner: RunnerDocument,
  reading: number,
  delaySeconds: number,
): Promise<void> {
  const since = runner.spareSince ?? runner.stateAt;
  await context.tasks.enqueue({
    queue: 'stop',
    name: taskName(`idle/${runner.name}/${since}/${reading}`, 'idle', runner.name, reading),
    body: {kind: 'idle', runner: runner.name, since, reading},
    delaySeconds,
  });
}
