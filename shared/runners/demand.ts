import type {Outcome} from '../decisions';
import {Unavailable} from '../errors';
import {mayHaveRunnerOf, poolsServing} from '../model/fallback';
import type {FullPlacement} from '../model/full-placements';
import {type JobDocument, jobKeyOf, settleFailure} from '../model/job';
import {applyJobEvent, type Demand, type JobChange} from '../model/job-event';
import {registrationLabels} from '../model/labels';
import {creationKey} from '../model/lease';
import {latestRunnerName} from '../model/names';
import {assignTo, canBeAssigned, isBeingCreated, newRunnerForJob, type RunnerDocument} from '../model/runner';
import {scopeFor} from '../model/scope';
import {jobHolder} from '../model/slot';
import type {StandbyDocument} from '../model/standby';
import {queuedAgainTask} from '../model/tasks';
import {type Context, isRunnerGone, poolOf} from '../ports';
import type {Transaction} from '../store/store';
import {type Guarded, passBreakers, passMachineBreakers} from './breakers';
import {createRunner} from './create';
import {beginCreation, type Creation} from './create-records';
import {claimedLease, readLease, withLease} from './creation-lease';
import type {RunningJob} from './requeue';
import {
  areFree,
  findSlots,
  guessSlots,
  readKeptSlots,
  readSlots,
  type SlotCandidates,
  type Slots,
  setSlotHolder,
  takeSlots,
} from './slots';
import {type Claim, claimedFields, findStandby, readClaim, STANDBY_ROUNDS, writeClaim} from './standby-claim';
import {prepareSuccessor} from './standby-prepare';

/**
 * What was recorded for a job's demand.
 * - `create`: a runner is to be created, and this execution holds the lease. `successor`: of the standby machine that was claimed for it.
 * - `covered`: the runner `by` is assigned to the job, or is being created for it by another execution.
 * - `open`: the pool, or all pools together, are full. The job is served, in order, when a slot becomes free.
 * - `not_wanted`: the job is not queued.
 * - `queued_again`: the event says that the job is queued; on record it runs, and its runner is gone.
 */
export type Assignment =
  | ({readonly kind: 'create'} & Creation & {readonly successor?: string | undefined})
  | {readonly kind: 'covered'; readonly by: string | null}
  | {readonly kind: 'open'}
  | {readonly kind: 'not_wanted'; readonly reason: string}
  | ({readonly kind: 'queued_again'} & RunningJob);

type AssignmentAttempt = Assignment | {readonly kind: 'again'} | {readonly kind: 'other_pool'; readonly pool: string};

/** Attempts to take a slot, each after another execution took the slot of the attempt before. */
const MAX_ROUNDS = 12;

/** What may serve a job: read before the transaction, and read again in it. */
interface Candidates {
  /** Names of unassigned runners of the pool, and of its fallbacks. */
  readonly unassigned: readonly string[];
  readonly slots: SlotCandidates;
  /** Ready standby machines of the pool. */
  readonly standby: readonly StandbyDocument[];
}

/**
 * Records the demand, and in the same transaction assigns an unassigned runner, or takes a slot and records a runner to be created. If the
 * pool is full, it tries once more after the job is on record as open: meanwhile an execution may have freed a slot and found no open job.
 * Throws `Unavailable` when other executions took every slot that was tried.
 */
export async function assignRunner(
  context: Context,
  poolName: string,
  demand: Demand,
  holder: string,
): Promise<Assignment> {
  let recorded = false;
  let pool = poolName;
  let known: Candidates['unassigned'] | undefined;
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const candidates = await findCandidates(context, pool, round, known);
    const result = await context.store.transaction((transaction) =>
      tryAssign(context, transaction, demand, holder, candidates, pool),
    );
    // A guess that failed says nothing of unassigned runners.
    known = round === 0 && result.kind === 'again' ? candidates.unassigned : undefined;
    if (result.kind === 'other_pool') pool = result.pool;
    if (result.kind === 'again' || result.kind === 'other_pool') continue;
    if (result.kind !== 'open' || recorded) return result;
    recorded = true;
  }
  if (!recorded) throw new Unavailable(`other executions took every slot of pool ${pool} that was tried`, 2);
  return {kind: 'open'};
}

/**
 * At most three unassigned runners of the pool, as many of each of its fallbacks, slots, and ready standby machines. The slots of the first
 * round are guessed, because the transaction reads them in any case. `known`: names of unassigned runners that were read a moment ago.
 */
async function findCandidates(
  context: Context,
  poolName: string,
  round: number,
  known: readonly string[] | undefined,
): Promise<Candidates> {
  const pool = poolOf(context, poolName);
  if (!pool) return {unassigned: [], slots: {own: undefined, all: undefined}, standby: []};
  const standby = round < STANDBY_ROUNDS ? await findStandby(context, poolName) : [];
  const unassigned = known ?? (await findUnassigned(context, poolName));
  return {unassigned, slots: await (round === 0 ? guessSlots : findSlots)(context, pool), standby};
}

async function findUnassigned({store, pools}: Context, poolName: string): Promise<readonly string[]> {
  const find = (pool: string) => store.find('runners', {where: {pool, spare: true}, limit: 3});
  return (await Promise.all(poolsServing(pools, poolName).map(find))).flat().map(({id}) => id);
}

/** The transaction of `assignRunner`. `again`: another execution took the slot. `other_pool`: the candidates are of another pool than the job. */
async function tryAssign(
  context: Context,
  transaction: Transaction,
  demand: Demand,
  holder: string,
  candidates: Candidates,
  poolName: string,
): Promise<AssignmentAttempt> {
  const now = context.clock.now();
  const change = await readJobChange(transaction, demand, now);
  if (!change) return {kind: 'not_wanted', reason: 'unknown_job'};
  if (change.kind !== 'opened') {
    const {job} = change;
    const isLate = change.kind === 'unchanged' && change.reason === 'late' && job.status === 'in_progress';
    if (isLate && (await isRunnerGone(transaction, job))) {
      return {kind: 'queued_again', job: jobKeyOf(job), runner: job.runner};
    }
    return resumeOwnRunner(context, transaction, job, holder, now);
  }

  const {job} = change;
  // The record rules over the event: a job stays of its pool.
  if (job.pool !== poolName) return {kind: 'other_pool', pool: job.pool};
  const unassigned = await Promise.all(candidates.unassigned.map((name) => transaction.get('runners', name)));
  const kept = await readKeptSlots(transaction, jobKeyOf(job), job);
  const slots = await readSlots(context, transaction, kept, candidates.slots);
  const pool = poolOf(context, poolName);
  const standby = pool && (await readClaim(context, transaction, candidates.standby, pool, job));
  const isFor = (each: RunnerDocument, one: JobDocument) =>
    canBeAssigned(each, one) && mayHaveRunnerOf(context.pools, each.pool, one);
  // A job with a slot of its own leaves unassigned runners to other jobs.
  const runner = kept.length > 0 ? undefined : unassigned.find((each) => each && isFor(each, job));
  if (runner) {
    transaction.set('runners', runner.name, assignTo(runner, jobKeyOf(job)));
    transaction.set('jobs', jobKeyOf(job), {...settleFailure(job, now), demand: 'covered', runner: runner.name});
    return {kind: 'covered', by: runner.name};
  }
  if (!slots) {
    for (const slot of kept) setSlotHolder(context, transaction, slot, null, now);
    const settled = settleFailure(job, now);
    transaction.set('jobs', jobKeyOf(job), {...settled, demand: 'open', slot: null, slotOfAll: null});
    return {kind: 'open'};
  }
  // mutation: slot taken meanwhile
  if (!areFree(slots, jobHolder(jobKeyOf(job)))) return {kind: 'again'};
  if (standby?.kind === 'taken') return {kind: 'again'};
  const unused = kept.filter(({id}) => id !== slots.own.id && id !== slots.all?.id);
  for (const slot of unused) setSlotHolder(context, transaction, slot, null, now);
  const claim = standby?.kind === 'claimed' ? standby.claim : undefined;
  return recordNewRunner(context, transaction, {open: job, slots, claim}, holder, now);
}

/** What the demand changes about its job; undefined: the job is not on record. Only reads. */
export async function readJobChange(
  transaction: Transaction,
  demand: Demand,
  now: number,
): Promise<JobChange | undefined> {
  if ('job' in demand) {
    const job = await transaction.get('jobs', demand.job);
    if (!job) return undefined;
    return wantsRunner(job) ? {kind: 'opened', job} : {kind: 'unchanged', job, reason: 'duplicate'};
  }
  const {event} = demand;
  const existing = await transaction.get('jobs', jobKeyOf(event));
  const earlier = {jobId: event.jobId, runAttempt: event.runAttempt - 1};
  const previous = !existing && earlier.runAttempt > 0 ? await transaction.get('jobs', jobKeyOf(earlier)) : undefined;
  const change = applyJobEvent(existing, event, now, previous);
  // An earlier delivery or the swap rule opened the job, and it has no runner yet: this demand may serve it.
  if (change.kind === 'unchanged' && wantsRunner(change.job)) return {kind: 'opened', job: change.job};
  return change;
}

function wantsRunner(job: JobDocument): boolean {
  return job.demand === 'open' || job.demand === 'reserved';
}

/** The event says nothing new: resumes the creation of the job's own runner, if no execution works on it. */
async function resumeOwnRunner(
  context: Context,
  transaction: Transaction,
  job: JobDocument,
  holder: string,
  now: number,
): Promise<Assignment> {
  if (job.creations === 0) return {kind: 'not_wanted', reason: `job_${job.status}`};
  const runner = await transaction.get('runners', latestRunnerName(context.deployment, job));
  if (!runner || !isBeingCreated(runner)) return {kind: 'covered', by: job.runner};
  const lease = {key: creationKey(job), holder, runner: runner.name};
  const key = await readLease(transaction, lease, runner);
  const creation = beginCreation(transaction, runner, key, lease, now);
  return creation ? {kind: 'create', ...creation} : {kind: 'covered', by: runner.name};
}

/** Records the runner that is to be created, before it is registered; or that of the standby machine which the job claims with it. */
async function recordNewRunner(
  context: Context,
  transaction: Transaction,
  {open, slots, claim}: {readonly open: JobDocument; readonly slots: Slots; readonly claim: Claim | undefined},
  holder: string,
  now: number,
): Promise<Assignment> {
  const pool = poolOf(context, open.pool);
  if (!pool) return {kind: 'not_wanted', reason: 'unknown_pool'};
  const job: JobDocument = {
    ...open,
    ...(open.fallbackPool ? {fallbackPool: null} : {}),
    creations: open.creations + 1,
    ...(claim || open.standby ? {standby: claim?.machine.name ?? null} : {}),
    demand: 'covered',
    slot: null,
    slotOfAll: null,
    updatedAt: now,
  };
  const name = latestRunnerName(context.deployment, job);
  const made: RunnerDocument = newRunnerForJob({
    name,
    job,
    provider: pool.provider.type,
    scope: scopeFor(pool, job),
    labels: registrationLabels(pool, job.labels),
    slot: slots.own.id,
    slotOfAll: slots.all?.id ?? null,
    now,
  });
  const lease = {key: creationKey(job), holder, runner: name};
  const leased = withLease(transaction, made, claimedLease(undefined, lease, now));
  const runner = claim ? {...leased, ...claimedFields(claim.machine)} : leased;
  takeSlots(transaction, slots, name, now);
  // mutation: write claim
  if (claim) writeClaim(transaction, claim);
  transaction.set('runners', name, runner);
  transaction.set('jobs', jobKeyOf(job), {...job, runner: name});
  return {kind: 'create', runner, lease, wasRegistrationTried: false, successor: claim?.successor?.name};
}

/**
 * Serves the demand of a job in an ephemeral pool: records it, assigns a runner, and creates the runner if necessary. The decision of the
 * outcome is never a word that a log line about the runner itself has (`created`), so that counting lines by decision counts a runner once.
 * `guarded`: of the breakers of the pool, that of the job or of its runner.
 */
export async function serveGuarded(
  context: Context,
  pool: string,
  demand: Demand,
  holder: string,
  guarded: Guarded,
): Promise<Outcome> {
  const coverage = await assignRunner(context, pool, demand, holder);
  if (coverage.kind === 'queued_again' && 'event' in demand) {
    await context.tasks.enqueue(queuedAgainTask(coverage.job, coverage.runner, demand.event.delivery));
  }
  if (coverage.kind !== 'create') return toOutcome(coverage);
  // What is full was read for this pool; the runner may be in another one.
  const known = (full: readonly FullPlacement[]) => (coverage.runner.pool === pool ? {full} : {});
  const [{kind, runner}] = await Promise.all([
    guarded((full) => createRunner(context, {...coverage, ...known(full)})),
    prepareSuccessor(context, coverage.successor),
  ]);
  return {decision: kind === 'created' ? 'booting' : kind, reason: runner.name};
}

/** Passes the breakers of a pool: see `passBreakers`. Throws `Refused` for a pool that creates no machines, before anything is recorded. */
export async function passTo(context: Context, pool: string, repository: string): Promise<Guarded> {
  const pass = context.provider(pool).registration === 'pickup' ? passMachineBreakers : passBreakers;
  return pass(context, pool, repository);
}

function toOutcome(coverage: Exclude<Assignment, {kind: 'create'}>): Outcome {
  switch (coverage.kind) {
    case 'covered':
      return {decision: 'covered_by', reason: String(coverage.by)};
    case 'open':
      return {decision: 'waits_for_slot'};
    case 'not_wanted':
      return {decision: 'not_wanted', reason: coverage.reason};
    case 'queued_again':
      return {decision: 'queued_again', reason: coverage.runner ?? 'no_runner'};
  }
}
