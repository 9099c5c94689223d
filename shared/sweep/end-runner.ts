import {Refused} from '../errors';
import type {JobDocument} from '../model/job';
import {placementOf} from '../model/placement';
import {isOver, type RunnerDocument} from '../model/runner';
import type {Preemption} from '../model/sweep';
import {demandTask} from '../model/tasks';
import {type Context, githubOf} from '../ports';
import {recordBootFailure} from '../runners/breakers';
import {findRegistration, removeMachine, retireRunner} from '../runners/retire';
import type {Sweep} from './context';
import type {ActionOutcome, EndOptions, EndRunner} from './rule';

/**
 * Deregisters the runner, which GitHub refuses (422) while a job runs; then opens the job that the runner covered, deletes the VM and
 * hands the slot to the next job. `left`: the runner turned out to be alive; `gone`: it was over already; `preempted`: with the job that
 * the preemption cost.
 */
export async function endRunner(
  sweep: Sweep,
  action: EndRunner<string>,
  {unlessOnline = false, hasVanished = false, failedToBoot = false}: EndOptions = {},
): Promise<ActionOutcome> {
  const {context} = sweep;
  const {runner: name, reason, isDead, force, jobUrl} = action;
  const runner = await context.store.get('runners', name);
  if (!runner || isOver(runner)) return {decision: 'gone'};
  // The runner began to run a job after it was looked at.
  if (!force && !isDead && runner.state === 'busy') return {decision: 'left'};
  if ((await deregister(context, runner, action, unlessOnline)) === 'alive') return {decision: 'left'};

  const job = runner.runs === null ? undefined : await context.store.get('jobs', runner.runs);
  const preemption = job && hasVanished ? await preempted(sweep, runner, job) : undefined;
  const reopened = await reopenCovered(context, name);
  await removeMachine(context, runner);
  await retireRunner(context, runner, runner.runs === null ? 'failed' : 'gone');
  if (reopened) await context.tasks.enqueue(demandTask(reopened, `ended-${name}`));
  if (failedToBoot) await recordBootFailure(context, runner.pool, name);

  const log = {decision: 'ended' as const, reason, runner: name, pool: runner.pool, ...(jobUrl ? {url: jobUrl} : {})};
  if (force) context.logger.error(`runner ${name} was ended with its job: it ran for jobMinutes`, {...log});
  else context.logger.warning(`runner ${name} was ended`, log);
  return preemption ? {decision: 'preempted', preempted: preemption} : {decision: 'ended'};
}

async function deregister(
  context: Context,
  runner: RunnerDocument,
  {isDead, force}: EndRunner<string>,
  unlessOnline: boolean,
): Promise<'removed' | 'alive'> {
  const mayLive = !isDead && !force;
  try {
    return await deregisterUnlessAlive(context, runner, {mayLive, unlessOnline});
  } catch (error) {
    // The App may have been removed. Without this the VM would stay and cost money, and the slot would stay taken.
    if (mayLive || !(error instanceof Refused)) throw error;
    context.logger.warning(`GitHub does not let go of the registration of ${runner.name}`, {
      decision: 'registration_left',
      runner: runner.name,
      pool: runner.pool,
      error,
    });
    return 'removed';
  }
}

async function deregisterUnlessAlive(
  context: Context,
  runner: RunnerDocument,
  {mayLive, unlessOnline}: {readonly mayLive: boolean; readonly unlessOnline: boolean},
): Promise<'removed' | 'alive'> {
  const github = githubOf(context, runner);
  const registration = await findRegistration(github, runner);
  if (!registration) return 'removed';
  const cameUp = unlessOnline && registration.status === 'online';
  if (mayLive && (registration.busy || cameUp)) return 'alive';
  // mutation: deregister before end
  const result = await github.deleteRunner(registration.id);
  return result === 'busy' && mayLive ? 'alive' : 'removed';
}

/** Opens the job that the runner covered; returns its key. */
async function reopenCovered(context: Context, name: string): Promise<string | undefined> {
  return context.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    const job = runner?.covers ? await transaction.get('jobs', runner.covers) : undefined;
    if (!runner?.covers || job?.status !== 'queued' || job.runner !== name) return undefined;
    const now = context.clock.now();
    transaction.set('jobs', runner.covers, {...job, demand: 'open', runner: null, updatedAt: now});
    transaction.set('runners', name, {...runner, covers: null, spare: false});
    return runner.covers;
  });
}

/** The job of a spot VM that the provider took back; GitHub notices after ten minutes. */
async function preempted({context}: Sweep, runner: RunnerDocument, job: JobDocument): Promise<Preemption | undefined> {
  const {name, pool, runs} = runner;
  const placement = placementOf(runner);
  const isPreemption =
    placement?.spot === true && (await context.provider(pool).wasPreempted?.({name, place: placement.place})) === true;
  context.logger.error(`the VM ${name} ${isPreemption ? 'was preempted' : 'vanished'} under a job`, {
    decision: isPreemption ? 'preempted' : 'vanished',
    runner: name,
    pool,
    ...(job.url ? {url: job.url} : {}),
  });
  if (!isPreemption || runs === null) return undefined;
  const {jobId, repository, installationId, url} = job;
  return {runner: name, pool, job: runs, jobId, repository, installationId, url, at: context.clock.now()};
}
