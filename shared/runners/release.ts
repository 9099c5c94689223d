import type {Outcome} from '../decisions';
import {isOver, type RunnerDocument} from '../model/runner';
import {type Context, githubOf} from '../ports';
import {findRegistration, removeMachine, retireRunner} from './retire';
import type {RunRecord} from './run';

/**
 * A job is completed, and recorded so: the runner that ran it goes, whoever it was made for. GitHub has removed an ephemeral runner by then, so no call
 * to it is needed, where the runner was known to run the job. A runner that is on no record is nobody to delete, whatever its name: what is left of ours the sweep knows by its label.
 */
export async function releaseRunner(context: Context, {change, runner}: RunRecord): Promise<Outcome> {
  if (!runner) return {decision: `${change}_no_runner`};
  const wasOver = isOver(runner);
  // mutation: released runner at work
  if (!wasOver && runner.state !== 'draining' && (await runsAnotherJob(context, runner))) {
    return {decision: `${change}_left_at_work`};
  }
  if (!wasOver) await removeMachine(context, runner);
  // Again for one that is over: an execution before this one may have died before it told the job that got the slot.
  // mutation: retire released runner
  await retireRunner(context, runner, 'gone');
  return {decision: wasOver ? `${change}_gone` : `${change}_deleted`};
}

/** Whether a runner that nobody had said to run the job is connected, and GitHub does not let go of it: then it runs another. */
async function runsAnotherJob(context: Context, runner: RunnerDocument): Promise<boolean> {
  const github = githubOf(context, runner);
  const registration = await findRegistration(github, runner);
  if (registration?.status !== 'online') return false;
  return (await github.deleteRunner(registration.id)) === 'busy';
}

/** The VM of a deregistered runner goes, unless a job turned out to run on it: then its `completed` releases it. `force`: all the same. */
export async function deleteRunner(context: Context, name: string, force: boolean): Promise<Outcome> {
  const runner = await context.store.get('runners', name);
  if (!runner) return {decision: 'gone'};
  const wasOver = isOver(runner);
  if (!wasOver && runner.state !== 'draining' && !force) return {decision: 'busy_after_all'};
  if (!wasOver) await removeMachine(context, runner);
  // Again for one that is over: an execution before this one may have died before it told the job that got the slot.
  await retireRunner(context, runner, 'gone');
  return {decision: wasOver ? 'gone' : 'deleted'};
}
