import {MINUTE_MS} from '../../durations';
import {fallbacksOf, mayHaveRunnerOf, poolsServing} from '../../model/fallback';
import {type JobDocument, jobKeyOf} from '../../model/job';
import {isPersistent, type Pool} from '../../model/pool';
import {canRun, type RunnerDocument} from '../../model/runner';
import {freeSlotsOfAllPools, type Observed, webhookGraceMs} from '../observed';
import type {DemandJob, PlannedAction, Rule} from '../rule';

/** How long the name of a demand task stays the same, in milliseconds: in this time the task is created once. */
const TASK_BUCKET_MS = 5 * MINUTE_MS;

interface PlaceSpare extends PlannedAction {
  readonly kind: 'place_spare';
  readonly reason: 'spare_for_job';
  readonly runner: string;
}

type Serve = PlaceSpare | DemandJob<'waiting_job' | 'lost_demand'>;

/**
 * Serves open jobs by the priority of their pool and by age: first with unassigned runners, then with free slots. With a limit over all
 * pools, the oldest jobs of all pools get the remaining slots.
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
  // The event that frees a slot serves the next job itself. The sweep waits until that event must have come.
  const patienceMs = webhookGraceMs(observed.webhooks);
  const used = new Set<string>();
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
    const reserved = jobs.filter((job) => job.demand === 'reserved');
    for (const job of reserved) actions.push({...demand(jobKeyOf(job)), reason: 'lost_demand'});
    const open = jobs.filter((job) => job.demand === 'open').sort((a, b) => a.queuedAt - b.queuedAt);

    const serving = poolsServing(observed.pools, pool.name);
    const spares = (observed.runners ?? []).filter(
      (runner) =>
        serving.includes(runner.pool) && runner.spare && !used.has(runner.name) && isPatient(runner, now, patienceMs),
    );
    const placed = new Set<string>();
    for (const spare of spares) {
      const job = open.find(
        (each) =>
          !placed.has(jobKeyOf(each)) && canRun(spare, each) && mayHaveRunnerOf(observed.pools, spare.pool, each),
      );
      if (!job) continue;
      placed.add(jobKeyOf(job));
      used.add(spare.name);
      actions.push({kind: 'place_spare', reason: 'spare_for_job', runner: spare.name});
    }
    const at = servingPool(observed, pool);
    if (observed.runners === undefined || !at) continue;
    const taken = observed.runners.filter((runner) => runner.pool === at.name && runner.slot !== null).length;
    const free = Math.max(0, at.maxRunners - taken - (at === pool ? reserved.length : 0));
    const rest = open.filter((job) => !placed.has(jobKeyOf(job)));
    // A persistent VM does not count against the limit over all pools.
    const list = isPersistent(pool) ? ofVms : wanting;
    list.push(...rest.slice(0, free));
  }
  if (observed.maxRunners !== undefined) wanting.sort((a, b) => a.queuedAt - b.queuedAt);
  const served = [...ofVms, ...wanting.slice(0, freeSlotsOfAllPools(observed))];
  return [...actions, ...served.map((job) => demand(jobKeyOf(job)))];
}

function isPatient({spareSince}: RunnerDocument, now: number, patienceMs: number): boolean {
  return now - (spareSince ?? now) >= patienceMs;
}

/** The pool that would serve jobs of the pool now: the first of its fallbacks that is not held back, where a quota holds it back. Undefined: none. */
function servingPool({pools, held, heldByQuota}: Observed, pool: Pool): Pool | undefined {
  if (!held.has(pool.name)) return pool;
  return heldByQuota?.has(pool.name) ? fallbacksOf(pools, pool.name).find(({name}) => !held.has(name)) : undefined;
}
