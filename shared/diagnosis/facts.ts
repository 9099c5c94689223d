import {HOUR_MS} from '../durations';
import {type BreakerDocument, holdsWork, isOfQuota} from '../model/breaker';
import {bootTimesId, medianMs} from '../model/facts';
import {type JobDocument, jobKeyOf} from '../model/job';
import type {Pool} from '../model/pool';
import {ALL_POOLS} from '../model/slot';
import type {UnservedJob} from '../model/sweep';
import {type Context, poolOf} from '../ports';
import {breakersOf} from '../runners/breakers';
import type {Store} from '../store/store';
import {type Eyes, MOST_READ} from './looked-at';
import {VERDICTS, type Verdict} from './verdict';

/** So many breakers there never are. */
const MOST_BREAKERS = 1_000;

/** Every open breaker. */
export async function openBreakers(store: Store): Promise<BreakerDocument[]> {
  const found = await store.find('breakers', {where: {open: true}, limit: MOST_BREAKERS});
  return found.map(({data}) => data).filter(holdsWork);
}

/** Those of the open breakers that keep work of the job from its pool, in the order in which they are passed. */
export function breakersOfJob(
  context: Pick<Context, 'pools'>,
  {pool, repository}: Pick<JobDocument, 'pool' | 'repository'>,
  open: readonly BreakerDocument[],
): BreakerDocument[] {
  // What a quota keeps from the pool its fallback serves.
  const isServedElsewhere = poolOf(context, pool)?.fallback !== undefined;
  const names = breakersOf(context, pool, repository).filter((name) => !(isServedElsewhere && isOfQuota(name)));
  return names.flatMap((name) => open.find((breaker) => breaker.name === name) ?? []);
}

/** Slots in use of a pool, or of all pools together. */
async function slotsTaken(store: Store, pool: string): Promise<number> {
  const [made, free] = await Promise.all([store.count('slots', {pool}), store.count('slots', {pool, holder: null})]);
  return Math.max(0, made - free);
}

/** How full a pool and all pools together are. */
export interface Room {
  readonly taken: number;
  readonly limit: number;
  readonly all?: {readonly taken: number; readonly limit: number};
}

export async function roomOf({store, maxRunners}: Pick<Context, 'store' | 'maxRunners'>, pool: Pool): Promise<Room> {
  const own = {taken: await slotsTaken(store, pool.name), limit: pool.maxRunners};
  if (maxRunners === undefined) return own;
  return {...own, all: {taken: await slotsTaken(store, ALL_POOLS), limit: maxRunners}};
}

/**
 * The job's place among the open jobs of its pool, from 1, in the order in which they get slots. `oldest`: a beginning of the queue, which may
 * hold other jobs too; undefined: the job is not in it.
 */
export function positionIn(oldest: readonly JobDocument[], job: JobDocument): number | undefined {
  const queue = oldest.filter(({pool, demand}) => pool === job.pool && demand === 'open');
  const index = queue.findIndex((other) => jobKeyOf(other) === jobKeyOf(job));
  return index < 0 ? undefined : index + 1;
}

/** How long a boot usually takes in the pool, in milliseconds; undefined: none is on record. */
export async function usualBootMs(store: Store, pool: string): Promise<number | undefined> {
  const found = await store.get('facts', bootTimesId(pool));
  return found?.kind === 'boot_times' ? medianMs(found.boots) : undefined;
}

/** The place of an open job in the queue of its pool, as `positionIn` has it; undefined: not among the first 200. */
export async function positionOf({store}: Pick<Context, 'store'>, job: JobDocument): Promise<number | undefined> {
  if (job.demand !== 'open') return undefined;
  const where = {pool: job.pool, demand: 'open'} as const;
  const oldest = await store.find('jobs', {where, orderBy: 'queuedAt', limit: MOST_READ});
  return positionIn(
    oldest.map(({data}) => data),
    job,
  );
}

/** How many of the jobs that wait for a persistent VM were queued before the job. */
export function queuedBefore(waiting: readonly JobDocument[], job: JobDocument): number {
  return waiting.filter((other) => other.queuedAt < job.queuedAt && jobKeyOf(other) !== jobKeyOf(job)).length;
}

/** What the sweep and the webhook's deliveries say of themselves on record. */
export async function eyesOf(store: Store, given: Pick<Eyes, 'sweepSeconds' | 'webhooks'>): Promise<Eyes> {
  const [lock, deliveries] = await Promise.all([store.get('locks', 'sweep'), store.get('locks', 'deliveries')]);
  const last = lock && 'last' in lock ? lock.last : null;
  const hooks = deliveries && 'hooks' in deliveries ? Object.values(deliveries.hooks) : [];
  return {...given, sweptAt: last?.at ?? null, webhookDown: hooks.find(({isDown}) => isDown)};
}

/** GitHub cancels a job that no runner took for a day. */
export const MAX_UNSERVED_AGE_MS = 25 * HOUR_MS;

/** Id of the list of unserved jobs in `locks`. */
export const UNSERVED = 'unserved';

/** The jobs that no pool takes, newest first, as the latest sweep saw them. `now`: in milliseconds. */
export async function readUnserved(store: Store, now: number): Promise<(UnservedJob & {readonly verdict: Verdict})[]> {
  const found = await store.get('locks', UNSERVED);
  const jobs = found && 'unserved' in found ? found.unserved : [];
  return jobs.flatMap((job) => {
    const verdict = VERDICTS.find((word) => word === job.verdict);
    return verdict && now - job.queuedAt < MAX_UNSERVED_AGE_MS ? [{...job, verdict}] : [];
  });
}
