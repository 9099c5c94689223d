import type {Outcome} from '../decisions';
import {type JobKey, jobKeyOf} from '../model/job';
import {advanceRunner, assignTo, canBeAssigned, type RunnerDocument} from '../model/runner';
import {deleteTask, idleCheckTask} from '../model/tasks';
import {wantedWarm, warmRunnerNames} from '../model/warm';
import {type Context, githubOf, poolOf} from '../ports';
import {findRegistration} from './retire';
import {oldestOpenJobs} from './slots';

/** Readings of GitHub's idle flag that are believed, this far apart: one alone proves nothing (it lies around a job's start). */
const READINGS = 3;
const READING_INTERVAL_SECONDS = 60;

/** A runner that `minIdle` wants is asked after again in so long. */
const WARM_INTERVAL_SECONDS = 300;

export interface IdleCheck {
  readonly runner: string;
  /** When the runner became spare. A newer life makes the check void. */
  readonly since: number;
  /** Counts the readings; only grows, because a task's name is used once. */
  readonly reading: number;
}

/**
 * A spare runner was idle for its time: GitHub is asked three times, a minute apart; then the runner is deregistered, which GitHub
 * refuses (422) while it runs a job; its VM goes a minute later. Busy: it is kept, and asked after again.
 */
export async function checkIdle(context: Context, check: IdleCheck): Promise<Outcome> {
  const runner = await context.store.get('runners', check.runner);
  if (!runner || runner.spareSince !== check.since || !(runner.spare || isDrainingIdle(runner)))
    return {decision: 'void'};

  if (runner.spare && (await isKeptWarm(context, runner))) {
    await context.tasks.enqueue(idleCheckTask(runner, nextRound(check), WARM_INTERVAL_SECONDS));
    return {decision: 'kept_warm'};
  }

  const github = githubOf(context, runner);
  const registration = await findRegistration(github, runner);
  if (registration?.busy) return keepRunner(context, runner, check);
  if (check.reading % READINGS < READINGS - 1) {
    await context.tasks.enqueue(idleCheckTask(runner, check.reading + 1, READING_INTERVAL_SECONDS));
    return {decision: 'idle_so_far'};
  }

  // First nobody may count on it any more, then GitHub may not, then it goes.
  if (!(await markDraining(context, runner))) return {decision: 'void'};
  // mutation: deregister idle runner
  if (registration && (await github.deleteRunner(registration.id)) === 'busy')
    return keepRunner(context, runner, check);
  await context.tasks.enqueue(deleteTask(runner.name));
  return {decision: registration ? 'deregistered' : 'not_registered'};
}

/** Marked as leaving by an execution of this very check that did not get to its end. */
function isDrainingIdle(runner: RunnerDocument): boolean {
  return runner.state === 'draining' && runner.runs === null;
}

/** `spareSince` stays, so that the check can be repeated. */
async function markDraining(context: Context, {name, spareSince}: RunnerDocument): Promise<boolean> {
  return context.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    if (!runner || runner.spareSince !== spareSince || !(runner.spare || isDrainingIdle(runner))) return false;
    // With the time: the sweep leaves it alone for as long as the delete task may take.
    transaction.set('runners', name, {...advanceRunner(runner, 'draining', context.clock.now()), spare: false});
    return true;
  });
}

async function keepRunner(context: Context, {name, spareSince}: RunnerDocument, check: IdleCheck): Promise<Outcome> {
  const kept = await context.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    if (!runner || runner.spareSince !== spareSince || runner.runs !== null) return undefined;
    if (runner.spare) return runner;
    const spare: RunnerDocument = {...runner, state: 'idle', spare: true, stateAt: context.clock.now()};
    transaction.set('runners', name, spare);
    return spare;
  });
  if (kept) await context.tasks.enqueue(idleCheckTask(kept, nextRound(check), READING_INTERVAL_SECONDS));
  return {decision: 'busy'};
}

function nextRound({reading}: IdleCheck): number {
  return (Math.floor(reading / READINGS) + 1) * READINGS;
}

const MAX_CANDIDATES = 10;
const DEFAULT_IDLE_MINUTES = 10;

/** A runner with nothing to do covers the oldest open job that it can run, or is looked at again after `idleMinutes`. */
export async function placeUnassigned(context: Context, name: string): Promise<void> {
  const runner = await context.store.get('runners', name);
  if (!runner?.spare) return;
  for (const id of await oldestOpenJobs(context, runner.pool, MAX_CANDIDATES)) {
    if (await assign(context, name, id)) {
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

async function assign(context: Context, name: string, key: JobKey): Promise<boolean> {
  return context.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    const job = await transaction.get('jobs', key);
    if (!runner || job?.demand !== 'open' || !canBeAssigned(runner, job)) return false;
    transaction.set('runners', name, assignTo(runner, jobKeyOf(job)));
    transaction.set('jobs', key, {...job, demand: 'covered', runner: name, updatedAt: context.clock.now()});
    return true;
  });
}

/** Whether a spare runner is one that `minIdle` of its pool wants. */
async function isKeptWarm(context: Context, runner: RunnerDocument): Promise<boolean> {
  const pool = poolOf(context, runner.pool);
  const now = context.clock.now();
  const wanted = pool ? wantedWarm(pool, now) : 0;
  if (!pool || wanted === 0) return false;
  const spares = await context.store.find('runners', {
    where: {pool: pool.name, spare: true},
    limit: pool.maxRunners,
  });
  return warmRunnerNames(
    spares.map(({data}) => data),
    wanted,
    now,
  ).has(runner.name);
}
