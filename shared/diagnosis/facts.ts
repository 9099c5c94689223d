import type {BreakerDocument} from '../model/breaker';
import type {JobDocument} from '../model/job';
import type {Pool} from '../model/pool';
import {ALL_POOLS} from '../model/slot';
import type {UnservedJob} from '../model/sweep';
import type {Context} from '../ports';
import {breakersOf} from '../runners/breakers';
import type {Store} from '../store/store';
import type {Eyes} from './looked-at';
import {VERDICTS, type Verdict} from './verdict';

/** So many breakers there never are. */
const MOST_BREAKERS = 1_000;

/** So far the queue of a pool is counted one by one. */
const MOST_COUNTED = 200;

/** Every open breaker. */
export async function openBreakers(store: Store): Promise<BreakerDocument[]> {
  const found = await store.find('breakers', {where: {open: true}, limit: MOST_BREAKERS});
  return found.map(({data}) => data);
}

/** Those of the open breakers that keep work of the job from its pool, in the order in which they are passed. */
export function breakersOfJob(
  context: Pick<Context, 'pools'>,
  {pool, repository}: Pick<JobDocument, 'pool' | 'repository'>,
  open: readonly BreakerDocument[],
): BreakerDocument[] {
  return breakersOf(context, pool, repository).flatMap((name) => open.find((breaker) => breaker.name === name) ?? []);
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

/** The job's place among the open jobs of its pool, from 1; undefined: it is not among the first ones. */
export async function positionOf({store}: Context, job: JobDocument): Promise<number | undefined> {
  const open = await store.find('jobs', {
    where: {pool: job.pool, demand: 'open'},
    orderBy: 'queuedAt',
    limit: MOST_COUNTED,
  });
  const index = open.findIndex(({data}) => data.jobId === job.jobId && data.runAttempt === job.runAttempt);
  return index < 0 ? undefined : index + 1;
}

/** What the sweep and the webhook's deliveries say of themselves on record. */
export async function eyesOf(store: Store, given: Pick<Eyes, 'sweepSeconds' | 'webhooks'>): Promise<Eyes> {
  const [lock, deliveries] = await Promise.all([store.get('locks', 'sweep'), store.get('locks', 'deliveries')]);
  const last = lock && 'last' in lock ? lock.last : null;
  const hooks = deliveries && 'hooks' in deliveries ? Object.values(deliveries.hooks) : [];
  return {...given, sweptAt: last?.at ?? null, webhookIsDown: hooks.some(({isDown}) => isDown)};
}

/** GitHub cancels a job that no runner took for a day. */
export const MAX_UNSERVED_AGE_MS = 25 * 3600_000;

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
