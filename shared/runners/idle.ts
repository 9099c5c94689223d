import type {Outcome} from '../decisions';
import {mayHaveRunnerOf, poolsServedBy} from '../model/fallback';
import {type JobKey, jobKeyOf} from '../model/job';
import {advanceRunner, assignTo, canBeAssigned, type RunnerDocument} from '../model/runner';
import {deleteTask, idleCheckTask} from '../model/tasks';
import {wantedWarm, warmRunnerNames} from '../model/warm';
import {type Context, githubOf, poolOf} from '../ports';
import {findRegistration} from './retire';
import {oldestOpenJobs} from './slots';

/** Consecutive readings of GitHub's busy flag, all false, after which a runner counts as idle. One proves nothing: the flag is late at a job's start. */
const READINGS = 3;

/** Time between two readings. */
const READING_INTERVAL_SECONDS = 60;

/** Time between two checks of a warm runner. */
const WARM_INTERVAL_SECONDS = 300;

/** Open jobs of a pool that are tried for an unassigned runner. */
const MAX_CANDIDATES = 10;

/** `idleMinutes` of a runner whose pool was removed from the configuration. */
const DEFAULT_IDLE_MINUTES = 10;

export interface IdleCheck {
  readonly runner: string;
  /** When the runner became unassigned. The check is void if the runner became unassigned at another time. */
  readonly since: number;
  /** Number of the reading. It only grows, also after the runner was busy, because a task's name is used once. */
  readonly reading: number;
}

/**
 * Checks an unassigned runner after its `idleMinutes`. Reads GitHub's busy flag three times, a minute apart. Then deregisters the runner,
 * which GitHub refuses (422) while the runner runs a job, and has its VM deleted a minute later. A busy or warm runner is kept and checked
 * again.
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

  // First no job may be assigned to the runner, then GitHub may give it none, then its VM is deleted.
  if (!(await markDraining(context, runner))) return {decision: 'void'};
  // mutation: deregister idle runner
  if (registration && (await github.deleteRunner(registration.id)) === 'busy')
    return keepRunner(context, runner, check);
  await context.tasks.enqueue(deleteTask(runner.name));
  return {decision: registration ? 'deregistered' : 'not_registered'};
}

/** Whether an earlier execution of this check marked the runner as draining and crashed. */
function isDrainingIdle(runner: RunnerDocument): boolean {
  return runner.state === 'draining' && runner.runs === null;
}

/** Marks an idle runner as draining. Keeps `spareSince`, so that the check can be repeated. False: the runner is not idle any more. */
async function markDraining(context: Context, {name, spareSince}: RunnerDocument): Promise<boolean> {
  return context.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    if (!runner || runner.spareSince !== spareSince || !(runner.spare || isDrainingIdle(runner))) return false;
    // Updates `stateAt`, also where the check is repeated: the sweep waits for as long as the delete task may take, and until now the machine ran.
    const now = context.clock.now();
    transaction.set('runners', name, {...advanceRunner(runner, 'draining', now), stateAt: now, spare: false});
    return true;
  });
}

/** GitHub says that the runner is busy: undoes its draining, and plans another check. */
async function keepRunner(context: Context, {name, spareSince}: RunnerDocument, check: IdleCheck): Promise<Outcome> {
  const kept = await context.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    if (!runner || runner.spareSince !== spareSince || runner.runs !== null) return undefined;
    if (runner.spare) return runner;
    const unassigned: RunnerDocument = {...runner, state: 'idle', spare: true, stateAt: context.clock.now()};
    transaction.set('runners', name, unassigned);
    return unassigned;
  });
  if (kept) await context.tasks.enqueue(idleCheckTask(kept, nextRound(check), READING_INTERVAL_SECONDS));
  return {decision: 'busy'};
}

/** Number of the first reading of the next round. */
function nextRound({reading}: IdleCheck): number {
  return (Math.floor(reading / READINGS) + 1) * READINGS;
}

/** Assigns an unassigned runner to the oldest open job that it can run. If there is none, plans a check of the runner after `idleMinutes`. */
export async function placeUnassigned(context: Context, name: string): Promise<void> {
  const runner = await context.store.get('runners', name);
  if (!runner?.spare) return;
  // GitHub knows no pools: it may be a job that falls back to the runner's pool, too.
  for (const id of await oldestOpenJobs(context, poolsServedBy(context.pools, runner.pool), MAX_CANDIDATES)) {
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

/** False: the runner or the job is taken, or the runner cannot run the job. */
async function assign(context: Context, name: string, key: JobKey): Promise<boolean> {
  return context.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    const job = await transaction.get('jobs', key);
    if (!runner || job?.demand !== 'open' || !canBeAssigned(runner, job)) return false;
    if (!mayHaveRunnerOf(context.pools, runner.pool, job)) return false;
    transaction.set('runners', name, assignTo(runner, jobKeyOf(job)));
    transaction.set('jobs', key, {...job, demand: 'covered', runner: name, updatedAt: context.clock.now()});
    return true;
  });
}

/** Whether an unassigned runner counts as one of its pool's `minIdle` warm runners. */
async function isKeptWarm(context: Context, runner: RunnerDocument): Promise<boolean> {
  const pool = poolOf(context, runner.pool);
  const now = context.clock.now();
  const wanted = pool ? wantedWarm(pool, now) : 0;
  if (!pool || wanted === 0) return false;
  const unassigned = await context.store.find('runners', {
    where: {pool: pool.name, spare: true},
    limit: pool.maxRunners,
  });
  return warmRunnerNames(
    unassigned.map(({data}) => data),
    wanted,
    now,
  ).has(runner.name);
}
