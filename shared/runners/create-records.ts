import {LeaseHeld} from '../errors';
import type {FullPlacement} from '../model/full-placements';
import {wasRegistrationTried} from '../model/identity';
import {jobKeyOf} from '../model/job';
import {
  claimKey,
  creationKey,
  type KeyDocument,
  keyId,
  LEASE_MS,
  type Lease,
  RENEWAL_INTERVAL_MS,
  runnerKey,
} from '../model/lease';
import {endMachine, type Removal} from '../model/machine-end';
import {parseRunnerName, runnerName} from '../model/names';
import {type Placement, placementFields} from '../model/placement';
import {advanceRunner, isBeingCreated, isOver, isWithoutJob, type RunnerDocument, unassign} from '../model/runner';
import {newSlot} from '../model/slot';
import {type Context, poolOf} from '../ports';
import type {Transaction} from '../store/store';

/** Thrown when no job needs the runner any more while it is being created. */
export class NotWanted extends Error {
  constructor(
    readonly creation: Creation,
    /** GitHub's id of the registration; null: it is not certain that there is one. */
    readonly githubId: number | null,
    /** Set if its machine had come to nothing and was deleted. */
    readonly removal?: Removal,
  ) {
    super(`runner ${creation.runner.name} is not wanted any more`);
    this.name = 'NotWanted';
  }
}

/**
 * Records the placement and the registration's id before each insert, so that a later execution knows where to look for the VM. `githubId`:
 * null where the runner is registered later, so that there is no registration yet. Throws
 * `LeaseHeld` if the execution lost its lease, and `NotWanted` if the runner became unassigned or is ending.
 */
export async function recordAttempt(
  context: Context,
  creation: Creation,
  githubId: number | null,
  placement: Placement,
  machineType?: string,
): Promise<void> {
  const provider = poolOf(context, creation.runner.pool)?.provider.type;
  const wanted = await context.store.transaction(async (transaction) => {
    const {runner, key, now} = await readCreation(context, transaction, creation);
    renewInTransaction(transaction, key, creation.lease, now);
    if (!runner || runner.spare || runner.state === 'draining' || isOver(runner)) {
      return false;
    }
    transaction.set('runners', runner.name, {
      ...advanceRunner(runner, 'creating', now),
      // mutation: id before insert
      ...(githubId === null ? {registrationTriedAt: null} : {githubId}),
      // The pool may have had another provider when the record was written.
      ...(provider === undefined ? {} : {provider}),
      ...placementFields(placement),
      billedType: machineType ?? placement.machineType ?? null,
      machineCreatedAt: now,
    });
    return true;
  });
  if (!wanted) throw new NotWanted(creation, githubId);
}

/** Records that GitHub refused to register the runner, so that it has no registration of ours under the runner's name. */
export async function recordNotRegistered(context: Context, {name}: RunnerDocument): Promise<void> {
  await context.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    if (runner?.state !== 'requested' || runner.githubId !== null) return;
    transaction.set('runners', name, {...runner, registrationTriedAt: null});
  });
}

/** A machine that exists: what the provider calls it, and where it is. */
export interface MadeMachine {
  readonly id: string;
  readonly placement: Placement;
}

/** Records that the machine is created (`made`), or that the runner is online already (undefined), and that the key is done. Returns the runner. */
export async function recordCreated(
  context: Context,
  creation: Creation,
  made: MadeMachine | undefined,
): Promise<RunnerDocument> {
  return context.store.transaction(async (transaction) => {
    const {runner = creation.runner, key, now} = await readCreation(context, transaction, creation);
    finishInTransaction(transaction, key, creation.lease);
    const machine = made ? {machineId: made.id, ...placementFields(made.placement)} : {};
    const advanced = {...advanceRunner(runner, 'booting', now), ...machine, machineAccepted: true};
    const booting = isWithoutJob(runner) && advanced.covers === null ? unassign(advanced, now) : advanced;
    transaction.set('runners', runner.name, booting);
    return booting;
  });
}

/** Renews the lease. Throws `LeaseHeld` if another execution took it over. */
export async function renewLease(context: Context, lease: Lease): Promise<void> {
  await context.store.transaction(async (transaction) => {
    const key = await transaction.get('keys', keyId(lease.key));
    renewInTransaction(transaction, key, lease, context.clock.now());
  });
}

/** Ends the lease after a failure, so that the next attempt does not have to wait for its end. */
export async function releaseLease(context: Context, lease: Lease): Promise<void> {
  await context.store.transaction(async (transaction) => {
    const key = await transaction.get('keys', keyId(lease.key));
    if (key?.state !== 'claimed' || key.holder !== lease.holder) return;
    transaction.set('keys', keyId(lease.key), {...key, leaseUntil: 0});
  });
}

async function readCreation(context: Context, transaction: Transaction, {runner, lease}: Creation) {
  return {
    runner: await transaction.get('runners', runner.name),
    key: await transaction.get('keys', keyId(lease.key)),
    now: context.clock.now(),
  };
}

/**
 * Renews the lease inside a transaction whose reads are done; `read` is the key's document as the transaction read it. Throws `LeaseHeld`
 * if another execution took the lease over. This fences off the caller even if nothing is written, because the transaction has read the key.
 */
function renewInTransaction(transaction: Transaction, read: KeyDocument | undefined, lease: Lease, now: number): void {
  if (read?.state !== 'claimed' || read.holder !== lease.holder) {
    throw new LeaseHeld(`the lease of ${lease.key} was taken over by another execution`, 5);
  }
  if (read.leaseUntil - now >= LEASE_MS - RENEWAL_INTERVAL_MS) return;
  transaction.set('keys', keyId(lease.key), {...read, leaseUntil: now + LEASE_MS});
}

function finishInTransaction(transaction: Transaction, read: KeyDocument | undefined, lease: Lease): void {
  if (read && read.holder === lease.holder) transaction.set('keys', keyId(lease.key), {...read, state: 'done'});
}

/** Claims the key of the lease. `done`: the work is done. Throws `LeaseHeld` while another execution holds the lease. */
export function claimInTransaction(
  transaction: Transaction,
  read: KeyDocument | undefined,
  lease: Lease,
  now: number,
): 'claimed' | 'done' {
  const claim = claimKey(read, {...lease, leaseMs: LEASE_MS, now});
  if (claim.kind === 'done') return 'done';
  if (claim.kind === 'held') {
    throw new LeaseHeld(`another execution holds ${lease.key}`, Math.max(1, (claim.leaseUntil - now) / 1000));
  }
  transaction.set('keys', keyId(lease.key), claim.document);
  return 'claimed';
}

/** The creation of a runner, whose lease this execution holds. */
export interface Creation {
  readonly runner: RunnerDocument;
  readonly lease: Lease;
  /** Whether an earlier execution may have registered the runner. */
  readonly wasRegistrationTried: boolean;
  /** Placements of the pool that other executions found full. */
  readonly full?: readonly FullPlacement[];
}

/** Begins a creation whose key is claimed: records that the runner's name is about to be registered. */
export function beginCreation(transaction: Transaction, runner: RunnerDocument, lease: Lease, now: number): Creation {
  if (wasRegistrationTried(runner)) return {runner, lease, wasRegistrationTried: true};
  const tried = {...runner, registrationTriedAt: now};
  transaction.set('runners', runner.name, tried);
  return {runner: tried, lease, wasRegistrationTried: false};
}

/**
 * Gives up the runner's name: the next number takes over its slot and the job that it covers. `claim`: this execution goes on with it;
 * `leave`: a later one will. A name is never used twice, so that nothing late can be mistaken for it. `registration`: what may still stand
 * under the old name. `none`: nothing of ours, and nobody will look for it; `perhaps`: one that no list showed yet, which the sweep removes.
 * `removal`: of the machine under the old name, if one was deleted.
 */
export async function replaceRunner(
  context: Context,
  creation: Creation,
  next: 'claim' | 'leave',
  registration: 'none' | 'perhaps',
  removal?: Removal,
): Promise<Creation> {
  const replaced = await context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const {lease} = creation;
    const old = await transaction.get('runners', creation.runner.name);
    const oldKey = await transaction.get('keys', keyId(lease.key));
    if (!old || !isBeingCreated(old)) return undefined;
    const job = await transaction.get('jobs', old.madeFor);
    if (isWithoutJob(old) ? old.spare : !job || old.covers === null) return undefined;
    const held = [old.slot, old.slotOfAll].filter((id) => typeof id === 'string');
    const slots = await Promise.all(held.map((id) => transaction.get('slots', id)));
    const covered = old.covers === old.madeFor || old.covers === null ? job : await transaction.get('jobs', old.covers);

    const parsed = parseRunnerName(context.deployment, old.name);
    const subject = job?.jobId ?? parsed?.jobId ?? parsed?.tag ?? 0;
    const creations = (job?.creations ?? parsed?.n ?? 0) + 1;
    const name = runnerName(context.deployment, old.pool, subject, creations);
    const runner: RunnerDocument = {
      ...old,
      name,
      state: 'requested',
      githubId: null,
      registrationTriedAt: next === 'claim' ? now : null,
      machineId: null,
      ...placementFields(null),
      machineCreatedAt: null,
      machineAccepted: false,
      createdAt: now,
      stateAt: now,
    };
    const key = job ? creationKey({...job, creations}) : runnerKey(name);
    const nextLease = {key, holder: lease.holder};
    if (next === 'claim') claimInTransaction(transaction, undefined, nextLease, now);
    finishInTransaction(transaction, oldKey, lease);
    const registered =
      registration === 'none'
        ? {registrationTriedAt: null}
        : {githubId: null, registrationTriedAt: old.registrationTriedAt ?? now};
    const given = {slot: null, slotOfAll: null};
    const failed = advanceRunner(endMachine(old, removal, now), 'failed', now);
    transaction.set('runners', old.name, {...failed, ...registered, ...given});
    transaction.set('runners', name, runner);
    held.forEach((id, index) => {
      const slot = slots[index];
      if (slot) transaction.set('slots', id, newSlot(slot, name, now));
    });
    if (job) {
      const ownJob = {...job, creations, updatedAt: now};
      transaction.set('jobs', old.madeFor, covered === job ? {...ownJob, runner: name} : ownJob);
    }
    if (covered && covered !== job) transaction.set('jobs', jobKeyOf(covered), {...covered, runner: name});
    return {...creation, runner, lease: nextLease, wasRegistrationTried: false};
  });
  if (!replaced) throw new NotWanted(creation, null, removal);
  return replaced;
}
