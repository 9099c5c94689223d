import {LeaseHeld} from '../errors';
import {wasTried} from '../model/identity';
import {claimKey, type KeyDocument, keyId, LEASE_MS, type Lease, YOUNG_MS} from '../model/lease';
import type {RunnerDocument} from '../model/runner';
import type {Transaction} from '../store/store';

/**
 * Renews the lease inside a transaction whose reads are done: `read` is the key's document as the transaction read it. Throws `LeaseHeld`
 * when another execution took over, which fences this one off: also when nothing is written, because the transaction has read the key.
 */
export function renewWithin(transaction: Transaction, read: KeyDocument | undefined, lease: Lease, now: number): void {
  if (read?.state !== 'claimed' || read.holder !== lease.holder) {
    throw new LeaseHeld(`the lease of ${lease.key} was taken over by another execution`, 5);
  }
  if (read.leaseUntil - now >= LEASE_MS - YOUNG_MS) return;
  transaction.set('keys', keyId(lease.key), {...read, leaseUntil: now + LEASE_MS});
}

export function finishWithin(transaction: Transaction, read: KeyDocument | undefined, lease: Lease): void {
  if (read && read.holder === lease.holder) transaction.set('keys', keyId(lease.key), {...read, state: 'done'});
}

/** Claims the key for `holder`, or says that it is done; throws `LeaseHeld` while another execution works on it. */
export function claimWithin(
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

/** A runner whose making is this execution's to go on with. */
export interface Creation {
  readonly runner: RunnerDocument;
  readonly lease: Lease;
  /** An execution before this one may have registered the runner's name. */
  readonly wasTried: boolean;
}

/** The runner as the execution that has claimed it goes on with it: it registers the name next, which is on record before. */
export function claimedCreation(transaction: Transaction, runner: RunnerDocument, lease: Lease, now: number): Creation {
  if (wasTried(runner)) return {runner, lease, wasTried: true};
  const tried = {...runner, registrationTriedAt: now};
  transaction.set('runners', runner.name, tried);
  return {runner: tried, lease, wasTried: false};
}
