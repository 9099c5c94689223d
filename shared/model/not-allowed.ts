import {createHash} from 'node:crypto';
import {fallbacksOf} from './fallback';
import type {JobDocument} from './job';
import type {Pool} from './pool';

/**
 * Records of a job that is given up that its pools do not allow, or their templates have no room for, what it has chosen. `at`: when it is marked,
 * which is also its `updatedAt`, so that any later change makes this history.
 */
export function notAllowedNow(pools: readonly Pool[], job: JobDocument, at: number): Pick<JobDocument, 'notAllowed'> {
  return {notAllowed: {settings: settingsOf(pools, job.pool), at}};
}

/** Whether another attempt would be refused as the one before was: the job's pools are as they were then. */
export function isStillNotAllowed(pools: readonly Pool[], {pool, notAllowed, updatedAt}: JobDocument): boolean {
  return notAllowed !== undefined && notAllowed.at >= updatedAt && notAllowed.settings === settingsOf(pools, pool);
}

/** A fingerprint of the settings of the pool and of its fallbacks. */
function settingsOf(pools: readonly Pool[], name: string): string {
  const serving = [pools.find((pool) => pool.name === name), ...fallbacksOf(pools, name)];
  return createHash('sha256').update(JSON.stringify(serving)).digest('hex').slice(0, 16);
}
