import {createHash} from 'node:crypto';
import {NoCapacity, Refused} from '../errors';
import {type JobKey, jobKeyOf} from '../model/job';
import {labelsWithoutJob} from '../model/labels';
import {runnerName} from '../model/names';
import {isEphemeral} from '../model/pool';
import {isEnding, isOver, newRunnerWithoutJob, type RunnerDocument} from '../model/runner';
import type {RunnerScope} from '../model/scope';
import {demandTask, makeTask, removeTask} from '../model/tasks';
import {type Context, githubOf, type OperationOptions, poolOf} from '../ports';
import {findRegistration} from './retire';
import {areFree, findSlots, readSlots, takeSlots} from './slots';

/** Lost races for a slot before the pool counts as full. */
const MAX_ROUNDS = 12;

/** Numbers of runners without a job: fifteen digits, above every job id of GitHub's. */
const FIRST_NUMBER = 900_000_000_000_000;
const NUMBER_COUNT = 99_999_999_999_999;

/**
 * Writes down runners that no job asked for, and has them made by the provision queue. When they are there they are spare: they take the
 * pool's next jobs, and go after `idleMinutes` without one. The same key gives the same runners. Throws `NoCapacity` when the pool is
 * full: what was written down by then stays, and the same request again goes on from there.
 */
export async function requestRunners(
  context: Context,
  request: RunnersRequest,
  {dryRun}: OperationOptions,
): Promise<RequestedRunners> {
  const pool = poolOf(context, request.pool);
  if (!pool || !isEphemeral(pool)) {
    throw new Refused(`pool ${request.pool} makes no VM for a runner; expected a pool that creates machines`);
  }
  const labels = [...new Set([...labelsWithoutJob(pool), ...request.labels.map((label) => label.toLowerCase())])];
  if (labels.length === 0) {
    throw new Refused(`pool ${pool.name} names no label without a pattern; expected labels for the runner`);
  }
  const runners: Pick<RunnerDocument, 'name' | 'pool' | 'state'>[] = [];
  for (let index = 0; index < request.count; index++) {
    const number = numberOf(`${request.key}/${index}`);
    const name = runnerName(context.deployment, pool.name, number, 1);
    if (dryRun) {
      runners.push({name, pool: pool.name, state: 'requested'});
      continue;
    }
    const {name: poolName, provider} = pool;
    const wanted = {name, number, pool: poolName, provider: provider.type, labels, scope: request.scope};
    const runner = await recordRequestedRunner(context, wanted);
    await context.tasks.enqueue(makeTask(name));
    runners.push({name, pool: pool.name, state: runner.state});
  }
  return {runners};
}

type Wanted = Pick<RunnerDocument, 'name' | 'pool' | 'labels' | 'scope'> & {
  readonly number: number;
  /** Type of the pool's provider. */
  readonly provider: string;
};

async function recordRequestedRunner(context: Context, wanted: Wanted): Promise<RunnerDocument> {
  const {store, clock} = context;
  const pool = {name: wanted.pool, maxRunners: poolOf(context, wanted.pool)?.maxRunners ?? 0};
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const free = await findSlots(context, pool);
    const written = await store.transaction(async (transaction) => {
      const existing = await transaction.get('runners', wanted.name);
      const slots = existing ? undefined : await readSlots(context, transaction, [], free);
      if (!slots) return existing ?? 'full';
      if (!areFree(slots)) return 'taken';
      const now = clock.now();
      const runner = newRunnerWithoutJob({...wanted, slot: slots.own.id, slotOfAll: slots.all?.id ?? null, now});
      takeSlots(transaction, slots, wanted.name, now);
      transaction.set('runners', wanted.name, runner);
      return runner;
    });
    if (written === 'full') break;
    if (written !== 'taken') return written;
  }
  throw new NoCapacity(
    `pool ${wanted.pool} has no free slot: all of its maxRunners, or of those over all pools, are in use`,
    60,
  );
}

function numberOf(key: string): number {
  const hash = createHash('sha256').update(key).digest();
  return FIRST_NUMBER + (hash.readUIntBE(0, 6) % NUMBER_COUNT);
}

/** Runners without a job, made because somebody asked for them. */
interface RunnersRequest {
  /** Name of a pool that creates machines. */
  readonly pool: string;
  readonly scope: RunnerScope;
  /** Beside those that the pool registers such a runner with anyway. */
  readonly labels: readonly string[];
  readonly count: number;
  /** The same key gives the same runners. */
  readonly key: string;
}

interface RequestedRunners {
  readonly runners: readonly Pick<RunnerDocument, 'name' | 'pool' | 'state'>[];
}

/** `draining`: it is on its way out. `busy`: it runs a job, and `force` was not set. `gone`: it was over already. */
type RemoveResult = {readonly status: 'draining' | 'busy' | 'gone'};

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
  const left = await markDraining(context, name, force);
  if (left.kind === 'busy') return {status: 'busy'};
  if (left.uncovered) await context.tasks.enqueue(demandTask(left.uncovered, `removed-${name}`));
  if (!(await deregister(context, runner)) && !force) {
    await undoDraining(context, name);
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

type DrainingResult = {readonly kind: 'busy'} | {readonly kind: 'left'; readonly uncovered: JobKey | null};

async function markDraining(context: Context, name: string, force: boolean): Promise<DrainingResult> {
  return context.store.transaction<DrainingResult>(async (transaction) => {
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

async function undoDraining(context: Context, name: string): Promise<void> {
  await context.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    if (runner?.state !== 'draining' || runner.runs !== null) return;
    transaction.set('runners', name, {...runner, state: 'busy', stateAt: context.clock.now()});
  });
}
