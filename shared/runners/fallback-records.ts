import {LeaseHeld} from '../errors';
import {fallbackRefusal} from '../model/fallback';
import {type JobDocument, jobKeyOf, servedElsewhere} from '../model/job';
import type {Demand} from '../model/job-event';
import {registrationLabels} from '../model/labels';
import {claimKey, creationKey, type KeyDocument, LEASE_MS} from '../model/lease';
import {latestRunnerName, runnerName} from '../model/names';
import {placementOf} from '../model/placement';
import type {Pool} from '../model/pool';
import {advanceRunner, isBeingCreated, newRunnerForJob, type RunnerDocument} from '../model/runner';
import {scopeFor} from '../model/scope';
import {ALL_POOLS, jobHolder} from '../model/slot';
import {type Context, poolOf} from '../ports';
import type {Transaction} from '../store/store';
import type {Creation} from './create-records';
import {claimedLease, readLease, withLease} from './creation-lease';
import {readJobChange} from './demand';
import {
  areFree,
  findSlots,
  readKeptSlots,
  readSlots,
  type SlotRead,
  type Slots,
  setSlotHolder,
  takeSlots,
} from './slots';
import {type Claim, claimedFields, findStandby, readClaim, STANDBY_ROUNDS, writeClaim} from './standby-claim';

/** Attempts to take a slot, each after another execution took the slot of the attempt before. */
const MAX_ROUNDS = 12;

/** Longer sentences are cut. */
const MOST_TOLD = 500;

export interface Move {
  readonly demand: Demand;
  /** The pool that gets the job's runner. */
  readonly to: Pool;
  /** The execution that moves. */
  readonly holder: string;
  /** This execution has found that no machine and no registration is left of the runner that is being created. */
  readonly isSettled: boolean;
  /** A later execution creates the runner. Without a slot the job is open again. */
  readonly leaves: boolean;
  /** A ready standby machine of that pool comes before a new one. It is claimed by the execution that begins it. */
  readonly claims: boolean;
  /** Why the pools before did not serve the job, for people; without secrets. Undefined: they may. */
  readonly because?: string;
}

/**
 * - `create`: the runner is on record in the pool, and this execution holds the lease unless it leaves the creation. `from`: the pool that got a
 *   slot back; null: none. `successor`: of the standby machine that was claimed for the runner.
 * - `full`: the pool, or all pools together, have no slot.
 * - `refused`: the pool does not serve the job that needs the runner, which by the swap rule is another one than was asked for.
 * - `unsettled`: something may be left of the runner that is being created, which has to be looked at where it is.
 * - `covered`, `not_wanted`: the job has a runner by now, or needs none. `runner`: one that is being created for nobody.
 */
export type Moved =
  | ({
      readonly kind: 'create';
      readonly from: string | null;
      readonly successor?: string | undefined;
    } & Creation)
  | {readonly kind: 'full'}
  | {readonly kind: 'refused'; readonly because: string}
  | {readonly kind: 'unsettled'}
  | {readonly kind: 'covered'; readonly by: string | null}
  | {readonly kind: 'not_wanted'; readonly reason: string; readonly runner?: RunnerDocument};

/**
 * Gives a job to another pool, in one transaction: its slot goes back, and it takes one of that pool for a runner with the next number, registered
 * with that pool's `requires` and the job's labels; or it claims a standby machine of that pool. The job stays a job of its own pool. Throws `LeaseHeld` while another execution creates its runner.
 */
export async function moveToPool(context: Context, move: Move): Promise<Moved> {
  for (let round = 0; round < MAX_ROUNDS; round++) {
    const candidates = await findSlots(context, move.to);
    const ready = move.claims && round < STANDBY_ROUNDS ? await findStandby(context, move.to.name) : [];
    const moved = await context.store.transaction(async (transaction): Promise<Moved | {readonly kind: 'again'}> => {
      const now = context.clock.now();
      const wanted = await readWanted(context, transaction, move, now);
      if ('kind' in wanted) return wanted;
      const kept = wanted.held.filter(({pool}) => pool === ALL_POOLS || pool === move.to.name);
      const slots = await readSlots(context, transaction, kept, candidates);
      if (!slots) {
        if (move.leaves) writeOpen(context, transaction, wanted, now);
        return {kind: 'full'};
      }
      const {old, subject} = wanted;
      const standby = await readClaim(context, transaction, ready, move.to, wanted.served);
      if (standby.kind === 'taken') return {kind: 'again'};
      if (!areFree(slots, old?.name ?? jobHolder(jobKeyOf(subject)))) return {kind: 'again'};
      const claim = standby.kind === 'claimed' ? standby.claim : undefined;
      return writeMoved(context, transaction, move, {...wanted, slots, claim}, now);
    });
    if (moved.kind !== 'again') return moved;
  }
  return {kind: 'full'};
}

/** What the transaction of a move has read. */
interface Wanted {
  /** The job by whose id the runner is named. */
  readonly subject: JobDocument;
  /** The job that needs the runner: by the swap rule it may be another one. */
  readonly served: JobDocument;
  /** The runner that is being created, with the key of its creation; undefined: none is. */
  readonly old: RunnerDocument | undefined;
  readonly oldKey: KeyDocument | undefined;
  /** The slots that the job, or its runner, holds. */
  readonly held: readonly SlotRead[];
}

/** What the job takes in the other pool. */
interface Taken {
  readonly slots: Slots<SlotRead>;
  /** Undefined: no standby machine, so one is created. */
  readonly claim: Claim | undefined;
}

async function readWanted(
  context: Context,
  transaction: Transaction,
  {demand, to, holder, isSettled}: Move,
  now: number,
): Promise<Wanted | Exclude<Moved, {kind: 'create'}>> {
  const change = await readJobChange(transaction, demand, now);
  if (!change) return {kind: 'not_wanted', reason: 'unknown_job'};
  const {job} = change;
  if (change.kind === 'opened') {
    const held = await readKeptSlots(transaction, jobKeyOf(job), job);
    return {subject: job, served: job, old: undefined, oldKey: undefined, held};
  }
  const name = job.creations > 0 ? latestRunnerName(context.deployment, job) : undefined;
  const old = name === undefined ? undefined : await transaction.get('runners', name);
  if (!old || !isBeingCreated(old)) {
    return job.status === 'queued'
      ? {kind: 'covered', by: job.runner}
      : {kind: 'not_wanted', reason: `job_${job.status}`};
  }
  const key = creationKey(job);
  const read = await readLease(transaction, {key}, old);
  const served = old.covers === jobKeyOf(job) ? job : await transaction.get('jobs', old.covers ?? old.madeFor);
  const held = await readHeldSlots(transaction, old);
  const claim = claimKey(read, {key, holder, leaseMs: LEASE_MS, now});
  if (claim.kind === 'held') {
    throw new LeaseHeld(`another execution creates ${old.name}`, Math.max(1, (claim.leaseUntil - now) / 1000));
  }
  if (claim.kind === 'done') return {kind: 'covered', by: old.name};
  if (served?.status !== 'queued' || served.runner !== old.name) {
    return {kind: 'not_wanted', reason: old.name, runner: old};
  }
  const home = poolOf(context, served.pool);
  const because = home && to.name !== job.pool ? fallbackRefusal(to, home, served) : undefined;
  if (because !== undefined) return {kind: 'refused', because: `fallback ${to.name} ${because}`};
  if (!isSettled && (placementOf(old) || old.registrationTriedAt !== null)) return {kind: 'unsettled'};
  return {subject: job, served, old, oldKey: claim.document, held};
}

async function readHeldSlots(
  transaction: Transaction,
  {name, slot, slotOfAll}: RunnerDocument,
): Promise<readonly SlotRead[]> {
  const read = [slot, slotOfAll].map(async (id) => {
    const document = id ? await transaction.get('slots', id) : undefined;
    return id && document?.holder === name ? [{id, pool: document.pool, n: document.n, document}] : [];
  });
  return (await Promise.all(read)).flat();
}

function writeMoved(
  context: Context,
  transaction: Transaction,
  {to, holder, leaves, because}: Move,
  {subject, served, old, oldKey, held, slots, claim}: Wanted & Taken,
  now: number,
): Moved {
  const creations = subject.creations + 1;
  const name = claim?.machine.name ?? runnerName(context.deployment, to.name, subject.jobId, creations);
  const made = newRunnerForJob({
    name,
    job: {...subject, installationId: served.installationId},
    pool: to.name,
    provider: to.provider.type,
    scope: scopeFor(to, served),
    // mutation: labels of a fallback
    labels: registrationLabels(to, served.labels),
    slot: slots.own.id,
    slotOfAll: slots.all?.id ?? null,
    now,
  });
  const unclaimed = {
    ...made,
    covers: jobKeyOf(served),
    ...(leaves ? {registrationTriedAt: null} : {}),
    ...(claim ? claimedFields(claim.machine) : {}),
  };
  const lease = {key: creationKey({...subject, creations}), holder, runner: name};
  const runner = leaves ? unclaimed : withLease(transaction, unclaimed, claimedLease(undefined, lease, now));
  // mutation: slot given back
  const back = held.filter(({id}) => id !== slots.own.id && id !== slots.all?.id);
  for (const slot of back) setSlotHolder(context, transaction, slot, null, now);
  takeSlots(transaction, slots, name, now);
  if (old) endOld(transaction, old, oldKey, now);
  // mutation: write claim of fallback
  if (claim) writeClaim(transaction, claim);
  transaction.set('runners', name, runner);
  const told = because === undefined ? {} : {failedAttempt: servedElsewhere(served, because.slice(0, MOST_TOLD), now)};
  const covered = {demand: 'covered', runner: name, slot: null, slotOfAll: null, updatedAt: now, ...told} as const;
  const fallbackPool = to.name === subject.pool ? null : to.name;
  const ofSubject = {
    ...subject,
    creations,
    fallbackPool,
    ...(claim || subject.standby ? {standby: claim?.machine.name ?? null} : {}),
    updatedAt: now,
  };
  transaction.set('jobs', jobKeyOf(subject), served === subject ? {...ofSubject, ...covered} : ofSubject);
  if (served !== subject) transaction.set('jobs', jobKeyOf(served), {...served, ...covered});
  const from = back.find(({pool}) => pool !== ALL_POOLS)?.pool ?? null;
  return {kind: 'create', from, runner, lease, wasRegistrationTried: false, successor: claim?.successor?.name};
}

/** The job waits for a slot of its own pool. */
function writeOpen(context: Context, transaction: Transaction, {served, old, oldKey, held}: Wanted, now: number): void {
  for (const slot of held) setSlotHolder(context, transaction, slot, null, now);
  if (old) endOld(transaction, old, oldKey, now);
  const open = {demand: 'open', runner: null, slot: null, slotOfAll: null, updatedAt: now} as const;
  transaction.set('jobs', jobKeyOf(served), {...served, ...open});
}

/** Of the runner nothing is left at GitHub and at the provider, and nobody will look for it. */
function endOld(transaction: Transaction, old: RunnerDocument, oldKey: KeyDocument | undefined, now: number): void {
  const finished = withLease(transaction, old, oldKey && {...oldKey, state: 'done'});
  const failed = advanceRunner(finished, 'failed', now);
  transaction.set('runners', old.name, {...failed, registrationTriedAt: null, slot: null, slotOfAll: null});
}
