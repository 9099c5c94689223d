import {DAY_MS, HOUR_MS} from '../../durations';
import {takesRepository} from '../../model/matching';
import type {Pool} from '../../model/pool';
import {dayOf} from '../../model/usage';
import {type Context, poolOf} from '../../ports';
import {ask} from './check';

/** A repository whose jobs a pool takes. */
export interface Served {
  readonly pool: Pool;
  readonly repository: string;
  /** As its newest job on record had it; undefined: no record tells. */
  readonly isPublic?: boolean | undefined;
}

/** What waits or runs comes first. */
const LIVE = ['queued', 'in_progress', 'waiting'] as const;

/** Jobs, or documents of a day's usage, that one question reads. */
const A_QUESTION = 200;

/** A repository counts if it had a job in this time. */
const RECENT_DAYS = 30;

/** Completed jobs stay on record for a week. By slices of time, the newest first, because the store reads in ascending order. */
const SLICES_MS = [0, HOUR_MS, 6 * HOUR_MS, DAY_MS, 3 * DAY_MS, 7 * DAY_MS] as const;

/** Sorts before every id. */
const FIRST_ID = ' ';

/**
 * Repositories of the pools that have jobs, at most `most`: those of jobs that wait or run, then those of completed jobs, the newest first; and
 * from the count of usage what is longer ago than the records of jobs.
 */
export async function recentRepositories(
  context: Pick<Context, 'store' | 'pools' | 'clock'>,
  most: number,
): Promise<Served[]> {
  const {store, clock} = context;
  const now = clock.now();
  const found = new Map<string, Served>();
  const add = (poolName: string | null, repository: string | null, isPublic?: boolean) => {
    const pool = poolName === null ? undefined : poolOf(context, poolName);
    // Usage without a job has a word in place of the repository, which no pool takes.
    if (!pool || repository === null || !takesRepository(pool, repository)) return;
    const key = `${pool.name} ${repository.toLowerCase()}`;
    if (found.size < most && !found.has(key)) found.set(key, {pool, repository, isPublic});
  };

  const live = LIVE.map((status) => ask('the store', store.find('jobs', {where: {status}, limit: A_QUESTION})));
  for (const {data} of (await Promise.all(live)).flat()) add(data.pool, data.repository, data.isPublic);
  for (const [index, fromMs] of SLICES_MS.entries()) {
    const toMs = SLICES_MS[index + 1];
    if (toMs === undefined || found.size >= most) break;
    const between = {after: {value: now - toMs, id: FIRST_ID}, last: now - fromMs};
    const where = {status: 'completed'} as const;
    const jobs = store.find('jobs', {where, orderBy: 'queuedAt', between, limit: A_QUESTION});
    for (const {data} of (await ask('the store', jobs)).reverse()) add(data.pool, data.repository, data.isPublic);
  }
  for (let days = 0; days < RECENT_DAYS && found.size < most; days++) {
    const where = {day: dayOf(now - days * DAY_MS)};
    const usage = await ask('the store', store.find('usage', {where, limit: A_QUESTION}));
    for (const {data} of usage) if ('rows' in data) add(data.pool, data.repository);
  }
  return [...found.values()];
}
