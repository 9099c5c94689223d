import type {SweepSummary} from '../model/sweep';
import type {Context} from '../ports';
import {type Acted, act, logDecisions} from './act';
import {closeBootBreakers} from './boot-breakers';
import {copyOf, type DryRun, isTimeUp, type Sweep, type SweepOptions} from './context';
import {type Redelivered, redeliverFailed} from './deliveries/redeliver';
import {type Lock, readLock, releaseLock, takeLock} from './lock';
import {type Observation, observe} from './observe';
import {plan, type Step} from './plan';

export type SweepReport =
  | ({readonly status: 'done' | 'dry_run'} & SweepSummary)
  /** Another sweep is at work. */
  | {readonly status: 'held'};

/** Stored in the lock's document: these take less than 64 KiB together. */
const PREEMPTIONS_KEPT = 100;
const LONGEST_INCOMPLETE = 200;
const PREEMPTIONS_KEPT_MS = 24 * 3600_000;

/** How long a probe of the webhook may take until GitHub lists what became of it. */
const PROBE_MS = 5_000;

/**
 * Observe, plan, act: reconciles the records with GitHub and the providers, whatever webhook, task or execution got lost. Throws when the
 * lock cannot be read or written.
 */
export async function runSweep(context: Context, options: SweepOptions, dryRun: DryRun): Promise<SweepReport> {
  const sweep: Sweep = {
    ...options,
    context,
    startedAt: context.clock.now(),
    readOnly: dryRun === 'asked',
    incomplete: [],
  };
  if (sweep.readOnly) return look({...sweep, memory: copyOf(options.memory)});
  const lock = await takeLock(context, options.budgetSeconds);
  if (!lock) return {status: 'held'};
  let next: Lock = lock;
  try {
    // Redeliveries come first: each may be the event of a job that waits.
    const redelivered = await redeliverFailed(sweep, lock.holder, dryRun);
    const probedAt = context.clock.now();
    const observation = await observe(sweep, lock);
    const {steps, sightings} = plan(observation.observed, context.clock.now());
    if (dryRun === 'deployment') logDecisions(context, steps);
    else await closeBootBreakers(context, observation.observed);
    const acted = dryRun === 'no' ? await act(sweep, steps) : undefined;
    const again = redelivered.hasProbed ? await lookAgain(sweep, lock.holder, probedAt) : undefined;
    const last = summary(sweep, observation, steps, {
      acted,
      redelivered: again ? [redelivered, again] : [redelivered],
    });
    next = {...nextLock(lock, observation, acted, context.clock.now()), sightings, last};
    return {status: dryRun === 'no' ? 'done' : 'dry_run', ...last};
  } finally {
    await releaseLock(context, next, lock);
  }
}

/** Looks whether the probe arrived, so that the events that were held back need not wait for the next sweep. */
async function lookAgain(sweep: Sweep, holder: string, probedAt: number): Promise<Redelivered | undefined> {
  const {clock} = sweep.context;
  const waitMs = probedAt + PROBE_MS - clock.now();
  if (waitMs > 0) await clock.sleep(waitMs);
  return isTimeUp(sweep) ? undefined : redeliverFailed(sweep, holder, 'no');
}

/** Says what a sweep would do now. Stores nothing of what it observes. */
async function look(sweep: Sweep): Promise<SweepReport> {
  const {context} = sweep;
  const redelivered = await redeliverFailed(sweep, undefined, 'asked');
  const observation = await observe(sweep, await readLock(context));
  const {steps} = plan(observation.observed, context.clock.now());
  logDecisions(context, steps);
  return {status: 'dry_run', ...summary(sweep, observation, steps, {acted: undefined, redelivered: [redelivered]})};
}

function nextLock(lock: Lock, {scan, slotsSeen}: Observation, acted: Acted | undefined, now: number): Lock {
  const settled = new Set(acted?.settled.map(({job}) => job));
  const preempted = [...lock.preempted, ...(acted?.preempted ?? [])].filter(
    ({job, at}) => !settled.has(job) && now - at < PREEMPTIONS_KEPT_MS,
  );
  return {
    ...lock,
    cursors: scan.cursors,
    allowance: scan.allowance,
    slotsAt: slotsSeen ? now : lock.slotsAt,
    preempted: preempted.slice(-PREEMPTIONS_KEPT),
  };
}

function summary(
  sweep: Sweep,
  {observed, scan}: Observation,
  steps: readonly Step[],
  {acted, redelivered}: {readonly acted: Acted | undefined; readonly redelivered: readonly Redelivered[]},
): SweepSummary {
  const now = sweep.context.clock.now();
  const decided: Record<string, number> = {};
  for (const {action} of steps) decided[action.reason] = (decided[action.reason] ?? 0) + 1;
  const sum = (of: (one: Redelivered) => number) => redelivered.reduce((total, one) => total + of(one), 0);
  const withDeliveries = (counts: Readonly<Record<string, number>>, count: number) =>
    count > 0 ? {failed_delivery: count, ...counts} : counts;
  return {
    at: now,
    seconds: (now - sweep.startedAt) / 1000,
    finished: !isTimeUp(sweep) && (acted?.left ?? 0) === 0,
    seen: {
      vms: observed.instances?.length ?? 0,
      runners: observed.runners?.length ?? 0,
      jobs: observed.jobs.size,
      jobs_at_github: observed.seen.size,
      repositories: scan.visited.size,
      deliveries: sum(({seen}) => seen),
      deliveries_held: redelivered.at(-1)?.held ?? 0,
      deliveries_given_up: sum(({givenUp}) => givenUp),
    },
    decided: withDeliveries(
      decided,
      sum((one) => one.decided),
    ),
    done: withDeliveries(
      acted?.done ?? {},
      sum(({done}) => done),
    ),
    failed: withDeliveries(
      acted?.failed ?? {},
      sum(({failed}) => failed),
    ),
    incomplete: [...new Set(sweep.incomplete)].slice(0, 20).map((what) => what.slice(0, LONGEST_INCOMPLETE)),
  };
}
