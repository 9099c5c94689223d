import type {LockDocument} from '../../store/documents';
import type {Context} from '../context';

const ID = 'sweep';
const LEASE_MS = 10 * 60_000;
/** Beyond the time budget: the calls under way come to their end. */
const GRACE_MS = 2 * 60_000;
const REMEMBER_MS = 30 * 24 * 3600_000;
/** A first sweep looks at the deliveries of this time. */
const FIRST_LOOK_MS = 3 * 3600_000;

export interface Lock extends LockDocument {
  readonly holder: string;
}

/** What a sweep starts from, without taking it: for a dry run. */
export async function readLock({store, clock}: Context): Promise<LockDocument> {
  return (await store.get('locks', ID)) ?? newLock(clock.now());
}

/** Undefined while another sweep is at work. */
export async function takeLock(context: Context, budgetSeconds: number): Promise<Lock | undefined> {
  const holder = context.random.uuid();
  return context.store.transaction(async (transaction) => {
    const now = context.clock.now();
    const lock = (await transaction.get('locks', ID)) ?? newLock(now);
    // mutation: other sweep at work
    if (lock.holder !== null && lock.leaseUntil > now) return undefined;
    const leaseMs = Math.max(LEASE_MS, budgetSeconds * 1000 + GRACE_MS);
    const taken = {...lock, holder, leaseUntil: now + leaseMs, expireAt: now + REMEMBER_MS};
    transaction.set('locks', ID, taken);
    return taken;
  });
}

/** Saves what the next sweep has to know, and lets go. Nothing when the lease was lost: then another one knows better. */
export async function releaseLock({store}: Context, next: Lock): Promise<void> {
  await store.transaction(async (transaction) => {
    const lock = await transaction.get('locks', ID);
    if (lock?.holder === next.holder) transaction.set('locks', ID, {...next, holder: null, leaseUntil: 0});
  });
}

function newLock(now: number): LockDocument {
  return {
    holder: null,
    leaseUntil: 0,
    cursors: {active: null, quiet: null},
    allowance: {active: 0, quiet: 0, at: 0},
    deliveriesSince: now - FIRST_LOOK_MS,
    slotsAt: 0,
    sightings: {},
    redelivered: {},
    preempted: [],
    last: null,
    expireAt: now + REMEMBER_MS,
  };
}
