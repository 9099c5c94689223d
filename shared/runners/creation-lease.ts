import {LeaseHeld} from '../errors';
import {claimKey, type KeyDocument, keyId, LEASE_MS, type Lease, RENEWAL_INTERVAL_MS} from '../model/lease';
import type {RunnerDocument} from '../model/runner';
import type {Context} from '../ports';
import type {Transaction} from '../store/store';

/**
 * The lease as a transaction reads it: that of a runner's creation stands in the runner's record, any other in the document of its key.
 * `runner`: the record as the transaction read it. One of an older version has no lease, and keeps to the document of its key until it is over.
 */
export async function readLease(
  transaction: Transaction,
  {key}: Pick<Lease, 'key'>,
  runner: RunnerDocument | undefined,
): Promise<KeyDocument | undefined> {
  if (runner?.lease === undefined) return transaction.get('keys', keyId(key));
  return runner.lease === null ? undefined : {...runner.lease, key, state: 'claimed', expireAt: runner.expireAt};
}

/** The runner's record with the lease, to be written; of a record of an older version the key's document is written, and the record stays as it is. */
export function withLease(
  transaction: Transaction,
  runner: RunnerDocument,
  document: KeyDocument | undefined,
): RunnerDocument {
  if (!document) return runner;
  if (runner.lease === undefined) {
    transaction.set('keys', keyId(document.key), document);
    return runner;
  }
  const {state, holder, leaseUntil} = document;
  // A creation that is done needs no mark: its runner is not being created any more.
  return {...runner, lease: state === 'done' ? null : {holder, leaseUntil}};
}

/**
 * The renewed lease; undefined: it lasts long enough. Throws `LeaseHeld` if another execution took it over. This fences off the caller even
 * if nothing is written, because the transaction has read the lease.
 */
export function renewedLease(read: KeyDocument | undefined, lease: Lease, now: number): KeyDocument | undefined {
  if (read?.state !== 'claimed' || read.holder !== lease.holder) {
    throw new LeaseHeld(`the lease of ${lease.key} was taken over by another execution`, 5);
  }
  if (read.leaseUntil - now >= LEASE_MS - RENEWAL_INTERVAL_MS) return undefined;
  return {...read, leaseUntil: now + LEASE_MS};
}

/** The lease of work that is done; undefined: it is another execution's. */
export function finishedLease(read: KeyDocument | undefined, {holder}: Lease): KeyDocument | undefined {
  return read?.holder === holder ? {...read, state: 'done'} : undefined;
}

/** The claimed lease, to be written; undefined: the work is done. Throws `LeaseHeld` while another execution holds the lease. */
export function claimedLease(read: KeyDocument | undefined, lease: Lease, now: number): KeyDocument | undefined {
  const {key, holder} = lease;
  const claim = claimKey(read, {key, holder, leaseMs: LEASE_MS, now});
  if (claim.kind === 'done') return undefined;
  if (claim.kind === 'held') {
    throw new LeaseHeld(`another execution holds ${key}`, Math.max(1, (claim.leaseUntil - now) / 1000));
  }
  return claim.document;
}

/** Renews the lease. Throws `LeaseHeld` if another execution took it over. */
export async function renewLease(context: Context, lease: Lease): Promise<void> {
  await changeLease(context, lease, (read) => renewedLease(read, lease, context.clock.now()));
}

/** Ends the lease after a failure, so that the next attempt does not have to wait for its end. */
export async function releaseLease(context: Context, lease: Lease): Promise<void> {
  await changeLease(context, lease, (read) =>
    read?.state === 'claimed' && read.holder === lease.holder ? {...read, leaseUntil: 0} : undefined,
  );
}

async function changeLease(
  {store}: Context,
  lease: Lease,
  change: (read: KeyDocument | undefined) => KeyDocument | undefined,
): Promise<void> {
  await store.transaction(async (transaction) => {
    const runner = lease.runner === undefined ? undefined : await transaction.get('runners', lease.runner);
    const changed = change(await readLease(transaction, lease, runner));
    if (!changed) return;
    if (runner?.lease === undefined) transaction.set('keys', keyId(lease.key), changed);
    else transaction.set('runners', runner.name, withLease(transaction, runner, changed));
  });
}
