import type {JobEvent} from '../lifecycle/job-event';
import {parseRunnerName} from '../lifecycle/naming';
import type {Context} from './context';
import {recordRun} from './record-run';
import {removeMachine, retireRunner} from './retire-runner';
import {noteForeignRun} from './vm/vm-event';

/**
 * A job is completed: the runner that ran it goes, whoever it was made for. GitHub has removed an ephemeral runner by then, so no call
 * to it is needed. A name that is not one of ours is nobody to delete.
 */
export async function releaseAfter(context: Context, event: JobEvent): Promise<string> {
  const record = await recordRun(context, event);
  await noteForeignRun(context, event, record);
  const {change, runner} = record;
  if (runner) {
    const isOver = runner.state === 'gone' || runner.state === 'failed';
    if (!isOver) await removeMachine(context, runner);
    // Again for one that is over: an execution before this one may have died before it told the job that got the slot.
    // mutation: retire released runner
    await retireRunner(context, runner, 'gone');
    return isOver ? `${change}_gone` : `${change}_deleted`;
  }
  const ours = event.runnerName ? parseRunnerName(context.deployment, event.runnerName) : undefined;
  if (!ours || !event.runnerName) return `${change}_no_runner`;
  // Not on record (any more), but named by us: the provider looks for it, and at its label, in every zone of the pool.
  await removeMachine(context, {name: event.runnerName, pool: ours.pool, zone: null});
  return `${change}_deleted_unknown`;
}

/** The VM of a deregistered runner goes, unless a job turned out to run on it: then its `completed` releases it. `force`: all the same. */
export async function deleteRunner(context: Context, name: string, force: boolean): Promise<string> {
  const runner = await context.store.get('runners', name);
  if (!runner) return 'gone';
  const isOver = runner.state === 'gone' || runner.state === 'failed';
  if (!isOver && runner.state !== 'draining' && !force) return 'busy_after_all';
  if (!isOver) await removeMachine(context, runner);
  // Again for one that is over: an execution before this one may have died before it told the job that got the slot.
  await retireRunner(context, runner, 'gone');
  return isOver ? 'gone' : 'deleted';
}
