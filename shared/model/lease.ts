import {createHash} from 'node:crypto';
import type {JobDocument} from './job';

/** `keys/<hash>`: idempotency of one piece of work. */
export interface KeyDocument {
  /** What the key stands for, in clear. */
  readonly key: string;
  readonly state: 'claimed' | 'done';
  /** Random id of the execution that claimed it. */
  readonly holder: string;
  readonly leaseUntil: number;
  /** Of a request to `api`: a hash of it, so that no other request is taken for it. */
  readonly request?: string;
  /** What it was answered, once it is done. `body`: as it was sent. */
  readonly answer?: {readonly status: number; readonly body: string};
  readonly expireAt: number;
}

/**
 * How long a claim holds without being renewed. Every step between two renewals has a time-out below 45 s, so that a claim
 * outlives its step, and a crashed execution is taken over within a minute.
 */
export const LEASE_MS = 55_000;

/** A claim this young is not written again: what is left of it outlives any step. */
export const RENEWAL_INTERVAL_MS = 10_000;

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

/** Longer than any task lives, so that a late repeat finds the key done. */
const KEY_RETENTION_MS = 7 * 24 * 3600 * 1000;

export type Claim =
  | {readonly kind: 'claimed'; readonly document: KeyDocument}
  /** The work is finished; nothing is left to do. */
  | {readonly kind: 'done'}
  /** Another execution works on it, until its lease runs out. */
  | {readonly kind: 'held'; readonly leaseUntil: number};

/** Document id of a key: a hash, because a key may hold slashes and sequential ids make hot spots. */
export function keyId(key: string): string {
  return createHash('sha256').update(key).digest('hex').slice(0, 32);
}

/** A key is `claimed`, then `done`. A claim whose lease ran out is taken over. */
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
