import type {FullPlacement} from '../model/full-placements';
import {wasRegistrationTried} from '../model/identity';
import {jobKeyOf} from '../model/job';
import {creationKey, type KeyDocument, keyId, type Lease, runnerKey} from '../model/lease';
import {endMachine, type Removal} from '../model/machine-end';
import {parseRunnerName, runnerName} from '../model/names';
import {type Placement, placementFields} from '../model/placement';
import {advanceRunner, isBeingCreated, isOver, isWithoutJob, type RunnerDocument, unassign} from '../model/runner';
import {newSlot} from '../model/slot';
import {type Context, poolOf} from '../ports';
import type {Transaction} from '../store/store';
import {claimedLease, finishedLease, readLease, renewedLease, withLease} from './creation-lease';
import {readEnd} from './read-runner';

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
    const {runner: read, key, now} = await readCreation(context, transaction, creation);
    const runner = read && (await readEnd(transaction, read));
    const renewed = renewedLease(key, creation.lease, now);
    if (!runner) return false;
    const leased = withLease(transaction, runner, renewed);
    if (runner.spare || runner.state === 'draining' || isOver(runner)) {
      if (leased !== runner) transaction.set('runners', runner.name, leased);
      return false;
    }
    transaction.set('runners', runner.name, {
      ...advanceRunner(leased, 'creating', now),
      // mutation: id before insert
      ...(githubId === null ? {registrationTriedAt: null} : {githubId}),
      // The pool may have had another provider when the record was written.
      ...(provider === undefined || runner.standby ? {} : {provider}),
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

/**
 * Records that the runner's registration was deleted and that it has no machine, so that whoever gives the runner up looks for neither. It keeps its
 * name, under which nothing is tried again.
 */
export async function recordNothingMade(context: Context, {runner: {name}}: Creation): Promise<void> {
  await context.store.transaction(async (transaction) => {
    const runner = await transaction.get('runners', name);
    if (!runner || !isBeingCreated(runner)) return;
    const unregistered = {githubId: null, registrationTriedAt: null};
    transaction.set('runners', name, {...runner, ...unregistered, ...placementFields(null), machineCreatedAt: null});
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
    const {runner: read = creation.runner, key, now} = await readCreation(context, transaction, creation);
    const runner = withLease(transaction, read, finishedLease(key, creation.lease));
    const machine = made ? {machineId: made.id, ...placementFields(made.placement)} : {};
    const advanced = {...advanceRunner(runner, 'booting', now), ...machine, machineAccepted: true};
    const booting = isWithoutJob(runner) && advanced.covers === null ? unassign(advanced, now) : advanced;
    transaction.set('runners', runner.name, booting);
    return booting;
  });
}

async function readCreation(context: Context, transaction: Transaction, {runner: {name}, lease}: Creation) {
  const runner = await transaction.get('runners', name);
  return {runner, key: await readLease(transaction, lease, runner), now: context.clock.now()};
}

/** Claims the key of the lease. `done`: the work is done. Throws `LeaseHeld` while another execution holds the lease. */
export function claimInTransaction(
  transaction: Transaction,
  read: KeyDocument | undefined,
  lease: Lease,
  now: number,
): 'claimed' | 'done' {
  const claimed = claimedLease(read, lease, now);
  if (!claimed) return 'done';
  transaction.set('keys', keyId(lease.key), claimed);
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

/**
 * Claims the creation of a runner on record, and records that its name is about to be registered. `key`: its lease as the transaction read it.
 * Undefined: it is done. Throws `LeaseHeld` while another execution holds the lease.
 */
export function beginCreation(
  transaction: Transaction,
  read: RunnerDocument,
  key: KeyDocument | undefined,
  lease: Lease,
  now: number,
): Creation | undefined {
  const claimed = claimedLease(key, lease, now);
  if (!claimed) return undefined;
  const leased = withLease(transaction, read, claimed);
  const wasTried = wasRegistrationTried(read);
  const runner = wasTried ? leased : {...leased, registrationTriedAt: now};
  if (runner !== read) transaction.set('runners', runner.name, runner);
  return {runner, lease, wasRegistrationTried: wasTried};
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
    const oldKey = await readLease(transaction, lease, old);
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
    const unclaimed: RunnerDocument = {
      ...old,
      ...(old.lease === undefined ? {} : {lease: null}),
      name,
      state: 'requested',
      githubId: null,
      registrationTriedAt: next === 'claim' ? now : null,
      machineId: null,
      // mutation: standby of next runner
      ...(old.standby ? {standby: null, billedType: null} : {}),
      ...placementFields(null),
      machineCreatedAt: null,
      machineAccepted: false,
      createdAt: now,
      stateAt: now,
    };
    const key = job ? creationKey({...job, creations}) : runnerKey(name);
    const nextLease = {key, holder: lease.holder, runner: name};
    const claimed = next === 'claim' ? claimedLease(undefined, nextLease, now) : undefined;
    const runner = withLease(transaction, unclaimed, claimed);
    const finished = withLease(transaction, old, finishedLease(oldKey, lease));
    const registered =
      registration === 'none'
        ? {registrationTriedAt: null}
        : {githubId: null, registrationTriedAt: old.registrationTriedAt ?? now};
    const given = {slot: null, slotOfAll: null};
    const failed = advanceRunner(endMachine(finished, removal, now), 'failed', now);
    transaction.set('runners', old.name, {...failed, ...registered, ...given});
    transaction.set('runners', name, runner);
    held.forEach((id, index) => {
      const slot = slots[index];
      if (slot) transaction.set('slots', id, newSlot(slot, name, now));
    });
    if (job) {
      const ownJob = {...job, creations, ...(job.standby ? {standby: null} : {}), updatedAt: now};
      transaction.set('jobs', old.madeFor, covered === job ? {...ownJob, runner: name} : ownJob);
    }
    if (covered && covered !== job) transaction.set('jobs', jobKeyOf(covered), {...covered, runner: name});
    return {...creation, runner, lease: nextLease, wasRegistrationTried: false};
  });
  if (!replaced) throw new NotWanted(creation, null, removal);
  return replaced;
}
