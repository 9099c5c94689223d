import type {Action} from '../../lifecycle/sweep/actions';
import {countRedeliveries} from '../../lifecycle/sweep/deliveries';
import {plan} from '../../lifecycle/sweep/plan';
import type {LockDocument, SweepSummary} from '../../store/documents';
import {closeBootBreakers} from '../boot-breakers';
import type {Context} from '../context';
import {type Acted, act, fieldsOf} from './act';
import {type Lock, readLock, releaseLock, takeLock} from './lock';
import {type Observation, observe} from './observe';
import {isTimeUp, type Sweep, type SweepOptions} from './ports';

/** `asked`: nothing at all is written. `deployment`: nothing is done, but what was seen is remembered, so that it can be seen twice. */
export type DryRun = 'no' | 'asked' | 'deployment';

export type SweepReport =
  | ({readonly status: 'done' | 'dry_run'} & SweepSummary)
  /** Another sweep is at work. */
  | {readonly status: 'held'};

const REDELIVERIES_KEPT_MS = 25 * 3600_000;
const PREEMPTIONS_KEPT = 200;
const PREEMPTIONS_KEPT_MS = 24 * 3600_000;

/** Observe, plan, act: makes true what is not, whatever webhook, task or execution got lost. */
export async function runSweep(context: Context, options: SweepOptions, dryRun: DryRun): Promise<SweepReport> {
  const sweep: Sweep = {
    ...options,
    context,
    startedAt: context.clock.now(),
    readOnly: dryRun === 'asked',
    incomplete: [],
  };
  if (sweep.readOnly) return look({...sweep, memory: structuredClone(options.memory)});
  const lock = await takeLock(context, options.budgetSeconds);
  if (!lock) return {status: 'held'};
  let next: Lock = lock;
  try {
    const observation = await observe(sweep, lock);
    const {actions, sightings} = plan(observation.observed, context.clock.now());
    if (dryRun === 'deployment') logDecisions(context, actions);
    else await closeBootBreakers(context, observation.observed);
    const acted = dryRun === 'no' ? await act(sweep, actions) : undefined;
    const last = summary(sweep, observation, actions, acted);
    next = {...remembered(lock, observation, acted, context.clock.now()), sightings, last};
    return {status: dryRun === 'no' ? 'done' : 'dry_run', ...last};
  } finally {
    await releaseLock(context, next);
  }
}

/** What a sweep would do now. What it sees is not kept, so that the next one sees it again. */
async function look(sweep: Sweep): Promise<SweepReport> {
  const {context} = sweep;
  const observation = await observe(sweep, await readLock(context));
  const {actions} = plan(observation.observed, context.clock.now());
  logDecisions(context, actions);
  return {status: 'dry_run', ...summary(sweep, observation, actions, undefined)};
}

function remembered(lock: Lock, {visits, ...seen}: Observation, acted: Acted | undefined, now: number): Lock {
  const settled = new Set(acted?.settled.map(({job}) => job));
  const preempted = [...lock.preempted, ...(acted?.preempted ?? [])].filter(
    ({job, at}) => !settled.has(job) && now - at < PREEMPTIONS_KEPT_MS,
  );
  return {
    ...lock,
    cursors: visits.cursors,
    allowance: visits.allowance,
    deliveriesSince: seen.deliveriesSeenAt ?? lock.deliveriesSince,
    slotsAt: seen.slotsSeen ? now : lock.slotsAt,
    redelivered: counted(lock.redelivered, countRedeliveries(seen.observed), acted?.redelivered ?? [], now),
    preempted: preempted.slice(-PREEMPTIONS_KEPT),
  };
}

function counted(
  before: LockDocument['redelivered'],
  seen: Readonly<Record<string, number>>,
  guids: readonly string[],
  now: number,
): LockDocument['redelivered'] {
  const counts = Object.entries(before).filter(([, {at}]) => now - at < REDELIVERIES_KEPT_MS);
  const next = Object.fromEntries(counts);
  for (const [guid, count] of Object.entries(seen)) {
    if (count > (next[guid]?.count ?? 0)) next[guid] = {count, at: now};
  }
  for (const guid of guids) next[guid] = {count: (next[guid]?.count ?? 0) + 1, at: now};
  return next;
}

function summary(
  sweep: Sweep,
  {observed, visits}: Observation,
  actions: readonly Action[],
  acted: Acted | undefined,
): SweepSummary {
  const now = sweep.context.clock.now();
  const decided: Record<string, number> = {};
  for (const {reason} of actions) decided[reason] = (decided[reason] ?? 0) + 1;
  return {
    at: now,
    seconds: (now - sweep.startedAt) / 1000,
    finished: !isTimeUp(sweep) && (acted?.left ?? 0) === 0,
    seen: {
      vms: observed.instances?.length ?? 0,
      runners: observed.runners?.length ?? 0,
      jobs: observed.jobs.size,
      jobs_at_github: observed.seen.size,
      repositories: visits.visited.size,
      deliveries: observed.deliveries.length,
    },
    decided,
    done: acted?.done ?? {},
    failed: acted?.failed ?? {},
    incomplete: [...new Set(sweep.incomplete)].slice(0, 20),
  };
}

function logDecisions({logger}: Context, actions: readonly Action[]): void {
  for (const action of actions) {
    logger.info(`dry run: would ${action.kind} for ${action.reason}`, {
      decision: 'dry_run',
      reason: action.reason,
      ...fieldsOf(action),
    });
  }
}
