import {settleRegistration} from '../github/settle-registration';
import type {JobKey} from '../model/job';
import {latestRunnerName} from '../model/names';
import {placementOf} from '../model/placement';
import {isBeingMade, type RunnerDocument} from '../model/runner';
import {takenSlot} from '../model/slot';
import {demandTask} from '../model/tasks';
import {type Context, githubOf} from '../ports';
import {serveOldest} from './open-jobs';
import {removeMachine, retireRunner} from './retire-runner';
import {readKept} from './slots';

/**
 * No further attempt will be made for the job: what was half made of its runner goes as far as that can be done now, its slot serves
 * another, and the job is marked, so that everybody can see it and a later delivery tries again.
 */
export async function giveUp(context: Context, key: JobKey): Promise<void> {
  const job = await context.store.get('jobs', key);
  if (!job) return;
  const runner =
    job.creations > 0 ? await context.store.get('runners', latestRunnerName(context.deployment, job)) : undefined;
  const halfMade = runner && isBeingMade(runner) ? runner : undefined;
  if (halfMade) {
    if ((await cleanUp(context, halfMade)) === 'alive') return;
    await retireRunner(context, halfMade, 'failed');
  }
  // By the swap rule, the runner may have stood in for another job than the one that it was made for.
  const covered = halfMade?.covers ?? key;
  const freed = await bury(context, key, covered);
  if (freed) await serveOldest(context, job.pool, `slot-kept-for-${key}-given-up-${job.creations}`);
  if (covered !== key) await context.tasks.enqueue(demandTask(covered, `given-up-${key}`));
}

/** True when the job had a slot kept for it. */
async function bury(context: Context, key: JobKey, covered: JobKey): Promise<boolean> {
  const now = context.clock.now();
  return context.store.transaction(async (transaction) => {
    const job = await transaction.get('jobs', covered);
    if (job?.status !== 'queued') return false;
    const kept = await readKept(transaction, covered, job);
    const demand = covered === key ? 'dead' : 'open';
    transaction.set('jobs', covered, {...job, demand, runner: null, slot: null, slotOfAll: null, updatedAt: now});
    for (const {id, document} of kept) transaction.set('slots', id, takenSlot(document, null, now));
    return kept.length > 0;
  });
}

/** Best effort: what cannot be removed now carries its own death, and the sweep finds it. A runner that is online stays. */
export async function cleanUp(context: Context, runner: RunnerDocument): Promise<'removed' | 'alive'> {
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
