import {createHash} from 'node:crypto';
import {DAY_MS} from '../durations';
import type {JobDocument} from './job';

/** `keys/<hash>`: makes one piece of work idempotent. The creation of a runner has its lease in the runner's record instead. */
export interface KeyDocument {
  /** The key whose hash is the document's id. */
  readonly key: string;
  readonly state: 'claimed' | 'done';
  /** Random id of the execution that claimed it. */
  readonly holder: string;
  /** End of the lease, in milliseconds since the epoch. */
  readonly leaseUntil: number;
  /** Only for a request to `api`: hash of the request, so that another request with the same key is rejected. Of a set-up: what it may do. */
  readonly request?: string;
  /** Only for a request to `api` that is done: the answer, with `body` as it was sent. */
  readonly answer?: {readonly status: number; readonly body: string};
  readonly expireAt: number;
}

/**
 * How long a lease lasts without a renewal. Every step between two renewals has a time-out below 45 s, so a lease outlasts its step, and
 * another execution takes over from a crashed one within a minute.
 *
 * @see docs/adr/0002-leases.md
 */
export const LEASE_MS = 55_000;

/** A lease is renewed at most once in this time, because the rest of it outlasts any step. Saves writes. */
export const RENEWAL_INTERVAL_MS = 10_000;

/** The right of one execution to do one piece of work, such as the creation of one runner. */
export interface Lease {
  readonly key: string;
  readonly holder: string;
  /** Name of the runner that is created, whose record has the lease; left out: the lease is of other work, and its key has a document. */
  readonly runner?: string;
}

/** Key of one creation of a runner for a job: `create/<repository>/<job id>/<run attempt>/<generation>/<n>`. */
export function creationKey(
  job: Pick<JobDocument, 'repository' | 'jobId' | 'runAttempt' | 'generation' | 'creations'>,
): string {
  return `create/${job.repository}/${job.jobId}/${job.runAttempt}/${job.generation}/${job.creations}`;
}

/** Key of the creation of a runner that was requested without a job. */
export function runnerKey(name: string): string {
  return `create/${name}`;
}

/** How long a key stays on record: longer than Cloud Tasks keeps a task, so that a late repeat finds the key done. */
const KEY_RETENTION_MS = 7 * DAY_MS;

/** Result of claiming a key. */
export type Claim =
  /** The execution holds the lease once `document` is written. */
  | {readonly kind: 'claimed'; readonly document: KeyDocument}
  /** The work is done. */
  | {readonly kind: 'done'}
  /** Another execution holds the lease. */
  | {readonly kind: 'held'; readonly leaseUntil: number};

/** Document id of a key: a hash, because a key may contain slashes, and sequential ids make hot spots in Firestore. */
export function keyId(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 32);
}

/** Claims a key for `holder`. A key is `claimed`, then `done`. A claim whose lease has expired is taken over. */
export function claimKey(
  existing: KeyDocument | undefined,
  {key, holder, leaseMs, now}: {key: string; holder: string; leaseMs: number; now: number},
): Claim {
  if (existing?.state === 'done') return {kind: 'done'};
  if (existing && existing.holder !== holder && existing.leaseUntil > now) {
    return {kind: 'held', leaseUntil: existing.leaseUntil};
  }
  return {
    kind: 'claimed',
    document: {key, state: 'claimed', holder, leaseUntil: now + leaseMs, expireAt: now + KEY_RETENTION_MS},
  };
}
