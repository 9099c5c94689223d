import {type JobDocument, jobKeyOf} from '../../model/job';
import {isPersistent} from '../../model/pool';
import {canRun} from '../../model/runner';
import {freeSlotsOfAllPools, type Observed, webhookGraceMs} from '../observed';
import type {DemandJob, PlannedAction, Rule} from '../rule';

/** A demand task of one name is made once in this time. */
const TASK_BUCKET_MS = 5 * 60_000;

interface PlaceSpare extends PlannedAction {
  readonly kind: 'place_spare';
  readonly reason: 'spare_for_job';
  readonly runner: string;
}

type Serve = PlaceSpare | DemandJob<'waiting_job' | 'lost_demand'>;

/**
 * Open jobs, by their pool's priority and their age: to spare runners first, then as many as slots are free. Where all pools together have a
 * limit, the oldest of all pools take what is left of it.
 */
export const serveWaiting: Rule<Serve> = {
  plan: planServing,
  act: async (action, repairs) => {
    if (action.kind === 'place_spare') {
      await repairs.placeSpare(action.runner);
      return {decision: 'placed'};
    }
    await repairs.demandJob(action.job, action.cause);
    return {decision: 'demanded'};
  },
  subject: (action) => (action.kind === 'place_spare' ? {runner: action.runner} : {job: action.job}),
};

function planServing(observed: Observed, now: number): Serve[] {
  const actions: Serve[] = [];
  const wanting: JobDocument[] = [];
  const ofVms: JobDocument[] = [];
  // The event that freed a slot serves the next job by itself; only when it did not, the sweep does.
  const patienceMs = webhookGraceMs(observed.webhooks);
  const bucket = Math.floor(now / TASK_BUCKET_MS);
  const demand = (job: string): DemandJob<'waiting_job' | 'lost_demand'> => ({
    kind: 'demand',
    reason: 'waiting_job',
    job,
    cause: `sweep-${bucket}`,
  });
  for (const pool of [...observed.pools].sort((a, b) => b.priority - a.priority)) {
    const jobs = [...observed.jobs.values()].filter(
      (job) => job.pool === pool.name && job.status === 'queued' && now - job.updatedAt >= patienceMs,
    );
    const live = (observed.runners ?? []).filter((runner) => runner.pool === pool.name);
    const reserved = jobs.filter((job) => job.demand === 'reserved');
    for (const job of reserved) actions.push({...demand(jobKeyOf(job)), reason: 'lost_demand'});
    const open = jobs.filter((job) => job.demand === 'open').sort((a, b) => a.queuedAt - b.queuedAt);

    const spares = live.filter((runner) => runner.spare && now - (runner.spareSince ?? now) >= patienceMs);
    const placed = new Set<string>();
    for (const spare of spares) {
      const job = open.find((each) => !placed.has(jobKeyOf(each)) && canRun(spare, each));
      if (!job) continue;
      placed.add(jobKeyOf(job));
      actions.push({kind: 'place_spare', reason: 'spare_for_job', runner: spare.name});
    }
    if (observed.runners === undefined || observed.held.has(pool.name)) continue;
    const free = Math.max(0, pool.maxRunners - live.filter(({slot}) => slot !== null).length - reserved.length);
    const rest = open.filter((job) => !placed.has(jobKeyOf(job)));
    // A persistent VM takes no place of all pools.
    const list = isPersistent(pool) ? ofVms : wanting;
    list.push(...rest.slice(0, free));
  }
  if (observed.maxRunners !== undefined) wanting.sort((a, b) => a.queuedAt - b.queuedAt);
  const served = [...ofVms, ...wanting.slice(0, freeSlotsOfAllPools(observed))];
  return [...actions, ...served.map((job) => demand(jobKeyOf(job)))];
}
