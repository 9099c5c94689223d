import {findRegistration} from '../github/settle-registration';
import {type JobKey, jobKeyOf} from '../model/job';
import {isEnding, isOver, type RunnerDocument} from '../model/runner';
import {demandTask, removeTask} from '../model/tasks';
import {type Context, githubOf} from '../ports';
import type {OperationOptions, RemoveResult} from './operations';

/**
 * Ends a runner because somebody asked for it: it is deregistered first, which GitHub refuses while it runs a job, then its VM goes.
 * `force`: the VM goes whatever runs on it, and the job is lost. Undefined: there is no such runner.
 */
export async function removeRunner(
  context: Context,
  name: string,
  {dryRun, force}: OperationOptions & {force: boolean},
): Promise<RemoveResult | undefined> {
  const runner = await context.store.get('runners', name);
  if (!runner) return undefined;
  if (isOver(runner)) return {status: 'gone'};
  if (runner.runs !== null && !force) return {status: 'busy'};
  if (dryRun) return {status: 'draining'};
  // Nobody may count on it any more, before GitHub is asked; a job that it covered is demand again.
  const left = await leave(context, name, force);
  if (left.kind === 'busy') return {status: 'busy'};
  if (left.uncovered) await context.tasks.enqueue(demandTask(left.uncovered, `removed-${name}`));
  if (!(await deregister(context, runner)) && !force) {
    await stay(context, name);
    return {status: 'busy'};
  }
  await context.tasks.enqueue(removeTask(name, force));
  context.logger.info(`runner ${name} is ended by hand`, {decision: 'removed_by_hand', runner: name, force});
  return {status: 'draining'};
}

/** False: GitHub refuses, because it runs a job. */
async function deregister(context: Context, runner: RunnerDocument): Promise<boolean> {
  const github = githubOf(context, runner);
  const id = runner.githubId ?? (await findRegistration(github, runner))?.id;
  return id === undefined || (await github.deleteRunner(id)) !== 'busy';
}

type Left = {readonly kind: 'busy'} | {readonly kind: 'left'; readonly uncovered: JobKey | null};

async function leave(context: Context, name: string, force: boolean): Promise<Left> {
  return context.store.transaction<Left>(async (transaction) => {
    const now = context.clock.now();
    const runner = await transaction.get('runners', name);
    if (!runner || isEnding(runner)) return {kind: 'left', uncovered: null};
    if (runner.runs !== null && !force) return {kind: 'busy'};
    const job = runner.covers === null ? undefined : await transaction.get('jobs', runner.covers);
    const waits = job?.status === 'queued' && job.runner === name ? job : undefined;
    transaction.set('runners', name, {...runner, state: 'draining', covers: null, spare: false, stateAt: now});
    if (!waits) return {kind: 'left', uncovered: null};
    transaction.set('jobs', jobKeyOf(waits), {...waits, demand: 'open', runner: null, updatedAt: now});
    return {kind: 'left', uncovered: jobKeyOf(waits)};
  });
}

async function stay(context: Context, name: string): Promise<void> {
  await context.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    if (runner?.state !== 'draining' || runner.runs !== null) return;
    transaction.set('runners', name, {...runner, state: 'busy', stateAt: context.clock.now()});
  });
}
