import type {JobKey} from '../model/job';
import {isEphemeral} from '../model/pool';
import {demandTask} from '../model/tasks';
import type {Context} from '../ports';
import {findFreeSlot, type SlotCandidate} from '../store/slots';
import type {Found} from '../store/store';

/**
 * A slot of `pool` came free that nobody was there to take: the pool's oldest open job may have it. Where all pools together have a limit, one
 * of theirs came free too, or nothing else: the oldest of all pools with a free slot of their own.
 */
export async function serveOldest(context: Context, pool: string, cause: string): Promise<void> {
  const [oldest] = await openJobsToServe(context, pool, 1);
  if (oldest) await context.tasks.enqueue(demandTask(oldest.job, cause));
}

/** An open job, with a slot of its pool that looked free; null: that of the pool that was asked about. */
export interface JobToServe {
  readonly job: JobKey;
  readonly own: SlotCandidate | null;
}

/** At most `limit` open jobs, in order, that a slot which comes free of `pool` can serve. */
export async function openJobsToServe(context: Context, pool: string, limit: number): Promise<JobToServe[]> {
  if (context.maxRunners === undefined) {
    return (await findOpen(context, pool, limit)).map(({id}) => ({job: id, own: null}));
  }
  const making = context.pools.filter((one) => isEphemeral(one) && one.maxRunners > 0);
  const found = await Promise.all(making.map(({name}) => findOpen(context, name, limit)));
  const oldestFirst = found.flat().sort((a, b) => a.data.queuedAt - b.data.queuedAt);
  const free = new Map<string, SlotCandidate | null | undefined>([[pool, null]]);
  const serving: JobToServe[] = [];
  for (const {id, data} of oldestFirst) {
    if (!free.has(data.pool)) free.set(data.pool, await freeSlotOf(context, data.pool));
    const own = free.get(data.pool);
    if (own !== undefined) serving.push({job: id, own});
    if (serving.length === limit) break;
  }
  return serving;
}

async function freeSlotOf({store, random, pools}: Context, pool: string): Promise<SlotCandidate | undefined> {
  const maxRunners = pools.find(({name}) => name === pool)?.maxRunners ?? 0;
  return findFreeSlot(store, {pool, maxRunners, random});
}

/** The pool's open jobs in the order in which they are served, at most `limit`. */
export async function oldestOpenJobs(context: Context, pool: string, limit: number): Promise<JobKey[]> {
  return (await findOpen(context, pool, limit)).map(({id}) => id);
}

function findOpen(context: Context, pool: string, limit: number): Promise<Found<'jobs'>[]> {
  return context.store.find('jobs', {where: {pool, demand: 'open'}, orderBy: 'queuedAt', limit});
}
