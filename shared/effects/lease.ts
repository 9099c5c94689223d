import {LeaseHeld} from '../errors';
import {wasTried} from '../lifecycle/identity';
import type {JobDocument, KeyDocument, RunnerDocument} from '../store/documents';
import {claimKey, keyId} from '../store/keys';
import type {Transaction} from '../store/store';

/**
 * How long a claim holds without being renewed. Every step between two renewals has a time-out below 45 s, so that a claim
 * outlives its step, and a crashed execution is taken over within a minute.
 */
export const LEASE_MS = 55_000;

/** A claim this young is not written again: what is left of it outlives any step. */
const YOUNG_MS = 10_000;

/** The right to make one runner, held by one execution. */
export interface Lease {
  readonly key: string;
  readonly holder: string;
}

/** One key a creation: `create/<repository>/<job id>/<run attempt>/<generation>/<n>`. */
export function creationKey(
  job: Pick<JobDocument, 'repository' | 'jobId' | 'runAttempt' | 'generation' | 'creations'>,
): string {
  return `create/${job.repository}/${job.jobId}/${job.runAttempt}/${job.generation}/${job.creations}`;
}

/** The key of making a runner that was asked for without a job. */
export function runnerKey(name: string): string {
  return `create/${name}`;
}

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
