import type {Outcome} from '../decisions';
import type {JobEvent} from '../model/job-event';
import {placementOf} from '../model/placement';
import {advanceRunner, isOver, machineProvider, type RunnerDocument} from '../model/runner';
import {type Context, githubOf, poolOf} from '../ports';
import {readRunner} from './read-runner';
import {findRegistration, removeMachine, retireRunner} from './retire';
import type {RunRecord} from './run';

/**
 * Releases the runner of a job that is recorded as completed: deletes the VM of the runner that ran the job, for whatever job the runner was
 * created. GitHub has deleted the ephemeral registration by then, so no call to GitHub is needed if the runner was known to run the job. A
 * runner that is not on record is never deleted by its name; the sweep finds leftover VMs by their label. A VM that may have been preempted
 * is left to the sweep (shared/sweep/preempted.ts).
 */
export async function releaseRunner(
  context: Context,
  event: Pick<JobEvent, 'isFailureOfRunner'>,
  {change, runner}: RunRecord,
): Promise<Outcome> {
  if (!runner) return {decision: `${change}_no_runner`};
  const wasOver = isOver(runner);
  // mutation: released runner at work
  if (!wasOver && runner.state !== 'draining' && (await runsAnotherJob(context, runner))) {
    return {decision: `${change}_left_at_work`};
  }
  // mutation: perhaps preempted
  if (event.isFailureOfRunner && !wasOver && mayBePreempted(context, runner)) {
    await leaveToSweep(context, runner.name);
    return {decision: `${change}_left_to_sweep`};
  }
  const removal = wasOver ? undefined : await removeMachine(context, runner);
  // Also for a runner that is over: an earlier execution may have crashed before it enqueued the task of the job that got the slot.
  // mutation: retire released runner
  await retireRunner(context, runner, 'gone', removal);
  return {decision: wasOver ? `${change}_gone` : `${change}_deleted`};
}

/**
 * Whether the job is to be rerun if the runner's machine was preempted. At the notice the machine tells its runner to end, so that GitHub knows
 * within seconds that the job has failed; the provider may say only minutes later that it took the machine back.
 */
function mayBePreempted(context: Context, runner: RunnerDocument): boolean {
  if (!poolOf(context, runner.pool)?.rerunOnPreemption || !placementOf(runner)?.spot) return false;
  return context.provider(runner.pool, machineProvider(runner)).wasPreempted !== undefined;
}

/** Such a machine powers itself off. Until the sweep knows why it ended, its runner drains and keeps its slot. */
async function leaveToSweep({store, clock}: Context, name: string): Promise<void> {
  await store.transaction(async (transaction) => {
    const runner = await readRunner(transaction, name);
    if (!runner || isOver(runner) || runner.mayBePreempted) return;
    transaction.set('runners', name, {...advanceRunner(runner, 'draining', clock.now()), mayBePreempted: true});
  });
}

/** Whether a runner, which was not known to run the job, runs another job: it is online, and GitHub refuses to deregister it. */
async function runsAnotherJob(context: Context, runner: RunnerDocument): Promise<boolean> {
  const github = githubOf(context, runner);
  const registration = await findRegistration(github, runner);
  if (registration?.status !== 'online') return false;
  return (await github.deleteRunner(registration.id)) === 'busy';
}

/**
 * Deletes the VM of a deregistered runner. Without `force` it leaves a runner that is not draining any more: the runner runs a job, whose
 * `completed` releases it.
 */
export async function deleteRunner(context: Context, name: string, force: boolean): Promise<Outcome> {
  const runner = await readRunner(context.store, name);
  if (!runner) return {decision: 'gone'};
  const wasOver = isOver(runner);
  if (!wasOver && runner.state !== 'draining' && !force) return {decision: 'busy_after_all'};
  const removal = wasOver ? undefined : await removeMachine(context, runner);
  // Also for a runner that is over: an earlier execution may have crashed before it enqueued the task of the job that got the slot.
  await retireRunner(context, runner, 'gone', removal);
  return {decision: wasOver ? 'gone' : 'deleted'};
}
