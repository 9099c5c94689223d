import type {Outcome} from '../decisions';
import {NoCapacity, QuotaExceeded, type RetryableError, Unavailable} from '../errors';
import {fallbackRefusal, fallbacksOf} from '../model/fallback';
import {type JobDocument, jobKeyOf, standingFailure} from '../model/job';
import type {Demand} from '../model/job-event';
import {latestRunnerName} from '../model/names';
import type {Pool} from '../model/pool';
import {isBeingCreated} from '../model/runner';
import {type Context, poolOf} from '../ports';
import {BootBreakerOpen, type Guarded} from './breakers';
import {createRunner} from './create';
import {releaseLease} from './creation-lease';
import {passTo, serveGuarded} from './demand';
import {type Moved, moveToPool} from './fallback-records';
import {retireRunner} from './retire';
import {noSlotBecause, serveOldestOpenJob} from './slots';
import {prepareSuccessor} from './standby-prepare';

/** A creation may take 210 s of the 240 that an execution of `provision` has: after so many another one is left to the next attempt. */
const LATEST_START_SECONDS = 25;

/** Seconds until the next try, when no pool had capacity. */
const RETRY_SECONDS = 30;

/** What decides which pools serve a job. */
type ServedJob = Pick<JobDocument, 'pool' | 'repository' | 'labels'> & {readonly isPublic?: boolean | undefined};

/**
 * Serves the demand of a job in an ephemeral pool: in its own pool, and where that has no capacity or quota, or the breaker of its quota is open,
 * in the fallbacks of the pool in turn. A runner that is being created is gone on with where it is. When no pool could serve the job, the next
 * try begins at its own pool. What the record says about the pool rules over the event.
 */
export async function serveDemand(context: Context, given: ServedJob, demand: Demand): Promise<Outcome> {
  const holder = context.random.uuid();
  if (context.pools.every(({fallback}) => fallback === undefined)) {
    return serveGuarded(context, given.pool, demand, holder, await passTo(context, given.pool, given.repository));
  }
  const record = await context.store.get('jobs', 'event' in demand ? jobKeyOf(demand.event) : demand.job);
  const job = {...given, ...record, isPublic: given.isPublic ?? record?.isPublic};
  const at = (record && (await poolOfCreation(context, record))) ?? job.pool;
  const inVain = record && poolOf(context, at)?.fallback !== undefined ? waitedInVain(record) : undefined;
  const outcome = await new Fallback(context, job, demand, holder).serve(at, inVain);
  // An earlier attempt moved the job, and this one went on with its runner, by whose name the job is known.
  if (record && at !== job.pool && (outcome.decision === 'booting' || outcome.decision === 'alive')) {
    const because = record.failedAttempt?.message ?? `pool ${job.pool} did not serve it`;
    logFellBack(context, outcome.reason, {job: jobKeyOf(record), pool: at, because});
  }
  return outcome;
}

/** The machine of the runner is made: from here on the job is served elsewhere than in its own pool. */
function logFellBack(
  {logger}: Context,
  runner: string,
  {job, pool, because}: {readonly job: string | null; readonly pool: string; readonly because: string},
): void {
  const fields = {decision: 'fell_back', ...(job ? {job} : {}), pool, runner} as const;
  logger.info(`job ${job} falls back to pool ${pool}: ${because}`, fields);
}

/** The fallback in which a runner is being created for the job; undefined: there is none. */
async function poolOfCreation(context: Context, record: JobDocument): Promise<string | undefined> {
  const pool = record.fallbackPool ? poolOf(context, record.fallbackPool) : undefined;
  const runner = pool && (await context.store.get('runners', latestRunnerName(context.deployment, record)));
  return runner && isBeingCreated(runner) ? pool.name : undefined;
}

/** One execution that serves a job by several pools. */
class Fallback {
  readonly #startedAt: number;
  /** Why each pool did not serve the job, in the order in which they were asked. */
  readonly #told: string[] = [];
  /** Whether nothing is left of the runner that is being created, so that it may move. */
  #isSettled = false;

  constructor(
    private readonly context: Context,
    private readonly job: ServedJob,
    private readonly demand: Demand,
    private readonly holder: string,
  ) {
    this.#startedAt = context.clock.now();
  }

  /** `at`: the first pool that is asked. `inVain`: why it was asked before, and is not to be asked again. */
  async serve(at: string, inVain: NoCapacity | undefined): Promise<Outcome> {
    const {context, demand, holder} = this;
    const first = await this.#try(at, async (guarded) => {
      if (inVain) throw inVain;
      return serveGuarded(context, at, demand, holder, guarded);
    });
    if (!(first instanceof Error)) return first;
    const home = poolOf(context, this.job.pool);
    let last = first;
    for (const pool of home ? fallbacksOf(context.pools, at) : []) {
      const refusal = home && fallbackRefusal(pool, home, this.job);
      if (refusal !== undefined) {
        this.#told.push(`fallback ${pool.name} ${refusal}`);
        continue;
      }
      const next = await this.#try(pool.name, (guarded) => this.#serveIn(pool, guarded));
      if (!(next instanceof Error)) return next;
      last = next;
    }
    // Without a creation nothing has to go back.
    if (home && (this.#isSettled || at !== home.name)) await this.#goHome(home);
    if (this.#told.length === 1) throw last;
    throw new NoCapacity(this.#told.join('; '), Math.max(RETRY_SECONDS, first.retryAfterSeconds));
  }

  /** Asks one pool. Returns the error where it lacks capacity or quota, or has no slot; and of a fallback, where the breaker of its boots is open. */
  async #try(pool: string, serve: (guarded: Guarded) => Promise<Outcome>): Promise<Outcome | RetryableError> {
    const {context, job} = this;
    let hasPassed = false;
    try {
      const guarded = await passTo(context, pool, job.repository);
      hasPassed = true;
      return await serve(guarded);
    } catch (error) {
      if (!lacksRoom(error) && !(error instanceof BootBreakerOpen && this.#told.length > 0)) throw error;
      this.#isSettled ||= hasPassed && !(error instanceof NothingMade);
      this.#told.push(`${pool === job.pool ? 'pool' : 'fallback'} ${pool}: ${error.message}`);
      return error;
    }
  }

  async #serveIn(pool: Pool, guarded: Guarded): Promise<Outcome> {
    const {context, demand, holder} = this;
    const because = this.#told.join('; ');
    const isLate = context.clock.now() - this.#startedAt > LATEST_START_SECONDS * 1000;
    const moved = await moveToPool(context, {
      demand,
      to: pool,
      holder,
      isSettled: this.#isSettled,
      leaves: false,
      claims: !isLate,
      because,
    });
    if (moved.kind === 'full') {
      const because = (await noSlotBecause(context, pool.name)) ?? `others took the free slots of pool ${pool.name}`;
      throw new NothingMade(because, RETRY_SECONDS);
    }
    if (moved.kind === 'refused') throw new NothingMade(moved.because, RETRY_SECONDS);
    if (moved.kind === 'unsettled') throw new NothingMade('waits for what is left where it was begun', RETRY_SECONDS);
    if (moved.kind === 'covered' || moved.kind === 'not_wanted') return this.#notMoved(moved);
    const {runner, lease, from, successor} = moved;
    if (isLate) {
      await releaseLease(context, lease);
      throw new Unavailable(`${runner.name} is created by the next attempt: ${because}`, 1);
    }
    const [{kind, runner: made}] = await Promise.all([
      guarded((full) => createRunner(context, {...moved, full})),
      prepareSuccessor(context, successor),
    ]);
    if (kind !== 'not_wanted') logFellBack(context, made.name, {job: runner.covers, pool: pool.name, because});
    // Not before: while no pool has capacity, jobs would go round without a pause.
    if (from !== null) await serveOldestOpenJob(context, from, `slot-given-back-by-${runner.name}`);
    return {decision: kind === 'created' ? 'booting' : kind, reason: made.name};
  }

  async #notMoved(moved: Extract<Moved, {kind: 'covered' | 'not_wanted'}>): Promise<Outcome> {
    if (moved.kind === 'covered') return {decision: 'covered_by', reason: String(moved.by)};
    if (moved.runner && this.#isSettled) await retireRunner(this.context, moved.runner, 'failed');
    return {decision: 'not_wanted', reason: moved.reason};
  }

  /** The next attempt begins at the job's own pool, with a slot of it if there is one, else when one frees. */
  async #goHome(home: Pool): Promise<void> {
    const {context, demand, holder} = this;
    const moved = await moveToPool(context, {
      demand,
      to: home,
      holder,
      isSettled: this.#isSettled,
      leaves: true,
      claims: false,
    });
    if (moved.kind === 'not_wanted' && moved.runner && this.#isSettled)
      await retireRunner(context, moved.runner, 'failed');
  }
}

function lacksRoom(error: unknown): error is NoCapacity | QuotaExceeded {
  return error instanceof NoCapacity || error instanceof QuotaExceeded;
}

/** The pool did not begin to create a runner: it has no slot for the job, or cannot take it over now. */
class NothingMade extends NoCapacity {}

/** The machine that was made for the job waited for capacity at its provider for too long, and nobody has tried since; undefined: it did not. */
function waitedInVain(record: JobDocument): NoCapacity | undefined {
  const failed = record.demand === 'covered' ? undefined : standingFailure(record);
  return failed?.hasWaited ? new NothingMade(failed.message, RETRY_SECONDS) : undefined;
}
