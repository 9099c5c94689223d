import {createHash} from 'node:crypto';
import type {KeyDocument} from './documents';

/** Longer than any task lives, so that a late repeat finds the key done. */
const REMEMBER_MS = 7 * 24 * 3600 * 1000;

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
    document: {key, state: 'claimed', holder, leaseUntil: now + leaseMs, expireAt: now + REMEMBER_MS},
  };
}
