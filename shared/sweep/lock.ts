import {DAY_MS, MINUTE_MS} from '../durations';
import type {LockDocument} from '../model/sweep';
import type {Context} from '../ports';
import type {Collections} from '../store/store';

/** Id of the lock document in `locks`. */
export const SWEEP_LOCK = 'sweep';
const LEASE_MS = 10 * MINUTE_MS;
/** Time beyond the budget for running calls, in milliseconds. */
const GRACE_MS = 2 * MINUTE_MS;
const RETENTION_MS = 30 * DAY_MS;

export interface Lock extends LockDocument {
  readonly holder: string;
}

/** Reads the state for a dry run, without taking the lock. */
export async function readLock({store, clock}: Context): Promise<LockDocument> {
  return lockOf(await store.get('locks', SWEEP_LOCK), clock.now());
}

/** Takes the lock. Returns undefined while another sweep holds it. */
export async function takeLock(context: Context, budgetSeconds: number): Promise<Lock | undefined> {
  const holder = context.random.uuid();
  return context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const lock = lockOf(await transaction.get('locks', SWEEP_LOCK), now);
    // mutation: other sweep at work
    if (lock.holder !== null && lock.leaseUntil > now) return undefined;
    const leaseMs = Math.max(LEASE_MS, budgetSeconds * 1000 + GRACE_MS);
    const taken = {...lock, holder, leaseUntil: now + leaseMs, expireAt: now + RETENTION_MS};
    transaction.set('locks', SWEEP_LOCK, withFormerFields(taken, now));
    return taken;
  });
}

/**
 * Stores the state for the next sweep and releases the lock. Writes nothing if another sweep has taken the lock. Never throws: if the state
 * cannot be stored, the next sweep starts from the former state; if the lock cannot be released, the next sweep starts when the lease ends.
 */
export async function releaseLock(context: Context, next: Lock, before: Lock): Promise<void> {
  try {
    await release(context, next);
  } catch (error) {
    context.logger.warning('sweep: what it saw could not be saved; the next one sees it again', {
      decision: 'failed',
      reason: 'save',
      error,
    });
    await release(context, before).catch((failure: unknown) => {
      context.logger.warning('sweep: its lock could not be given back; it ends with its lease', {
        decision: 'failed',
        reason: 'release',
        error: failure,
      });
    });
  }
}

async function release({store, clock}: Context, next: Lock): Promise<void> {
  await store.transaction(async (transaction) => {
    const lock = lockOf(await transaction.get('locks', SWEEP_LOCK), 0);
    if (lock.holder !== next.holder) return;
    transaction.set('locks', SWEEP_LOCK, withFormerFields({...next, holder: null, leaseUntil: 0}, clock.now()));
  });
}

/** Adds the fields that the previous version requires, so that one can go back to that version. */
function withFormerFields(lock: LockDocument, now: number): LockDocument {
  return {...lock, deliveriesSince: now, redelivered: {}};
}

/** The stored lock, without the fields of earlier versions. */
function lockOf(found: Collections['locks'] | undefined, now: number): LockDocument {
  if (!found || !('holder' in found)) return newLock(now);
  const {holder, leaseUntil, cursors, allowance, slotsAt, sightings, preempted, last, waiting, webhook, expireAt} =
    found;
  const watched = {...(waiting ? {waiting} : {}), ...(webhook ? {webhook} : {})};
  return {holder, leaseUntil, cursors, allowance, slotsAt, sightings, preempted, last, ...watched, expireAt};
}

function newLock(now: number): LockDocument {
  return {
    holder: null,
    leaseUntil: 0,
    cursors: {active: null, quiet: null},
    allowance: {active: 0, quiet: 0, at: 0},
    slotsAt: 0,
    sightings: {},
    preempted: [],
    last: null,
    expireAt: now + RETENTION_MS,
  };
}
