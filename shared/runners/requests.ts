import {createHash} from 'node:crypto';
import {NameTaken, PoolFull, Refused} from '../errors';
import {type JobKey, jobKeyOf} from '../model/job';
import {labelsWithoutJob} from '../model/labels';
import {runnerName} from '../model/names';
import {chooseOptions} from '../model/options';
import {type EphemeralPool, isEphemeral} from '../model/pool';
import {isEnding, isOver, newRunnerWithoutJob, type RunnerDocument} from '../model/runner';
import {describeScope, type RunnerScope, scopeKey} from '../model/scope';
import {demandTask, makeTask, removeTask} from '../model/tasks';
import {type Context, githubOf, type OperationOptions, poolOf} from '../ports';
import {findRegistration} from './retire';
import {areFree, findSlots, noSlotBecause, readSlots, takeSlots} from './slots';

/** Attempts to take a slot, each after another execution took the slot of the attempt before. */
const MAX_ROUNDS = 12;

/** When a request of a full pool may be repeated. */
const FULL_SECONDS = 60;

/** Numbers that stand for the job id in names of runners without a job: fifteen digits, above all job ids of GitHub. */
const FIRST_NUMBER = 900_000_000_000_000;
const NUMBER_COUNT = 99_999_999_999_999;

/**
 * Requests runners without a job: records them, and enqueues tasks that create them. They are unassigned: they take the pool's next jobs, and
 * are deleted after `idleMinutes` without one. The same key requests the same runners. Throws `Refused` for a pool without ephemeral runners
 * or labels, and `PoolFull` when the pool is full or drained: the runners recorded until then stay, and the same request continues from there.
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
  const chosen = chooseOptions(pool, labels);
  if (chosen.kind === 'refused') throw new Refused(`pool ${pool.name} ${chosen.because}`);
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

/** A runner for labels that no job has asked for yet. */
export interface TestRunner {
  /** With a tag `t`: `newTag`. */
  readonly name: string;
  readonly pool: EphemeralPool;
  readonly scope: RunnerScope;
  /** Labels of the registration. */
  readonly labels: readonly string[];
}

/**
 * Requests one runner for a test: records it, and enqueues the task that creates it. It is unassigned, as those of `requestRunners`. The same
 * name requests the same runner. Throws `NameTaken` for the name of a runner with other labels or another scope, and `PoolFull` as
 * `requestRunners`.
 */
export async function requestTestRunner(
  context: Context,
  {name, pool, scope, labels}: TestRunner,
): Promise<RunnerDocument> {
  const wanted = {name, number: numberOf(name), pool: pool.name, provider: pool.provider.type, labels, scope};
  const runner = await recordRequestedRunner(context, wanted);
  refuseOtherRunner(runner, wanted);
  await context.tasks.enqueue(makeTask(name));
  context.logger.info(`runner ${name} is requested, to test pool ${pool.name}`, {
    decision: 'requested',
    reason: 'test',
    runner: name,
    pool: pool.name,
  });
  return runner;
}

/** Throws `NameTaken` where the runner on record under the name has other labels or another scope than the wanted one. */
export function refuseOtherRunner(
  recorded: Pick<RunnerDocument, 'name' | 'labels' | 'scope'>,
  wanted: Pick<RunnerDocument, 'labels' | 'scope'>,
): void {
  const labelsOf = ({labels}: Pick<RunnerDocument, 'labels'>) => [...labels].sort().join('\n');
  if (labelsOf(recorded) === labelsOf(wanted) && scopeKey(recorded.scope) === scopeKey(wanted.scope)) return;
  throw new NameTaken(
    `runner ${recorded.name} is on record with the labels ${recorded.labels.join(', ')} in ${describeScope(recorded.scope)}: ask for the same ones, or leave the name out for another runner`,
  );
}

type RunnerToRecord = Pick<RunnerDocument, 'name' | 'pool' | 'labels' | 'scope'> & {
  readonly number: number;
  /** Type of the pool's provider. */
  readonly provider: string;
};

/** Takes slots and records the runner, unless it is on record already. */
async function recordRequestedRunner(context: Context, wanted: RunnerToRecord): Promise<RunnerDocument> {
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
      // mutation: slot of a requested runner
      takeSlots(transaction, slots, wanted.name, now);
      transaction.set('runners', wanted.name, runner);
      return runner;
    });
    if (written === 'full') break;
    if (written !== 'taken') return written;
  }
  const because = await noSlotBecause(context, wanted.pool);
  throw new PoolFull(
    because ?? `pool ${wanted.pool} had a free slot, and others took it at the same time`,
    FULL_SECONDS,
  );
}

/** The number of a runner, from a hash of the request's key. */
function numberOf(key: string): number {
  const hash = createHash('sha256').update(key).digest();
  return FIRST_NUMBER + (hash.readUIntBE(0, 6) % NUMBER_COUNT);
}

/** A request for runners without a job. */
interface RunnersRequest {
  /** Name of a pool that creates machines. */
  readonly pool: string;
  readonly scope: RunnerScope;
  /** In addition to the labels that the pool gives a runner without a job. */
  readonly labels: readonly string[];
  readonly count: number;
  /** Idempotency key: the same key requests the same runners. */
  readonly key: string;
}

interface RequestedRunners {
  readonly runners: readonly Pick<RunnerDocument, 'name' | 'pool' | 'state'>[];
}

/** `draining`: the runner is being removed. `busy`: it runs a job, and `force` is not set. `gone`: it was over already. */
type RemoveResult = {readonly status: 'draining' | 'busy' | 'gone'};

/**
 * Removes a runner on request: deregisters it, which GitHub refuses while it runs a job, and enqueues the deletion of its VM. With `force`
 * the VM is deleted even if it runs a job, and the job fails. Returns undefined if the runner is not on record.
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
  // Before GitHub is asked, so that no job is assigned to the runner any more. The job to which it was assigned is demand again.
  const marked = await markDraining(context, name, force);
  if (marked.kind === 'busy') return {status: 'busy'};
  if (marked.reopened) await context.tasks.enqueue(demandTask(marked.reopened, `removed-${name}`));
  if (!(await deregister(context, runner)) && !force) {
    await undoDraining(context, name);
    return {status: 'busy'};
  }
  await context.tasks.enqueue(removeTask(name, force));
  context.logger.info(`runner ${name} is ended by hand`, {decision: 'removed_by_hand', runner: name, force});
  return {status: 'draining'};
}

/** Deregisters the runner. False: GitHub refuses, because the runner runs a job. */
async function deregister(context: Context, runner: RunnerDocument): Promise<boolean> {
  const github = githubOf(context, runner);
  const id = runner.githubId ?? (await findRegistration(github, runner))?.id;
  return id === undefined || (await github.deleteRunner(id)) !== 'busy';
}

type DrainingResult = {readonly kind: 'busy'} | {readonly kind: 'draining'; readonly reopened: JobKey | null};

/** Marks the runner as draining, and reopens the job to which it is assigned. */
async function markDraining(context: Context, name: string, force: boolean): Promise<DrainingResult> {
  return context.store.transaction<DrainingResult>(async (transaction) => {
    const now = context.clock.now();
    const runner = await transaction.get('runners', name);
    if (!runner || isEnding(runner)) return {kind: 'draining', reopened: null};
    if (runner.runs !== null && !force) return {kind: 'busy'};
    const job = runner.covers === null ? undefined : await transaction.get('jobs', runner.covers);
    const waiting = job?.status === 'queued' && job.runner === name ? job : undefined;
    transaction.set('runners', name, {...runner, state: 'draining', covers: null, spare: false, stateAt: now});
    if (!waiting) return {kind: 'draining', reopened: null};
    transaction.set('jobs', jobKeyOf(waiting), {...waiting, demand: 'open', runner: null, updatedAt: now});
    return {kind: 'draining', reopened: jobKeyOf(waiting)};
  });
}

/** GitHub refused to deregister the runner, so it runs a job: marks it as busy. */
async function undoDraining(context: Context, name: string): Promise<void> {
  await context.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    if (runner?.state !== 'draining' || runner.runs !== null) return;
    transaction.set('runners', name, {...runner, state: 'busy', stateAt: context.clock.now()});
  });
}
