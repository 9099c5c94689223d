import {isUnserved} from '../diagnosis/waiting-jobs';
import {DAY_MS} from '../durations';
import type {SweepSummary} from '../model/sweep';
import type {Context} from '../ports';
import {type Acted, act, closeBootBreakers, logDecisions} from './act';
import {recordBootTimes} from './boot-times';
import {copyMemory, type DryRun, isTimeUp, type Sweep, type SweepOptions, tryList} from './context';
import {type Redelivered, redeliverFailed} from './deliveries/redeliver';
import {type Lock, readLock, releaseLock, takeLock} from './lock';
import {type Observation, observe} from './observe';
import {plan, type Step} from './plan';
import {Restraint} from './restraint';
import {readRunnerVersions} from './runner-versions';
import {reportUnserved} from './unserved';
import {countUsage} from './usage';
import {explainWaiting, logWaiting} from './waiting';
import {watchWebhook} from './webhook-watch';

export type SweepReport =
  | ({readonly status: 'done' | 'dry_run'} & SweepSummary)
  /** Another sweep holds the lock. */
  | {readonly status: 'held'};

/** Most preemptions that the lock document keeps. All lists in that document together take less than 64 KiB. */
const MAX_PREEMPTIONS = 100;
const MAX_INCOMPLETE_CHARACTERS = 200;
const PREEMPTION_RETENTION_MS = DAY_MS;

/** How long GitHub takes to list the result of a redelivered event, in milliseconds. */
const PROBE_RESULT_MS = 5_000;

/**
 * Observes, plans and acts: reconciles the records with GitHub and the providers after a webhook, a task or an execution was lost. Returns
 * `held` while another sweep holds the lock. Throws when the lock cannot be read or written.
 */
export async function runSweep(context: Context, options: SweepOptions, dryRun: DryRun): Promise<SweepReport> {
  const restraint = new Restraint();
  const sweep: Sweep = {
    ...options,
    discovery: restraint.counted(options.discovery),
    restraint,
    context,
    startedAt: context.clock.now(),
    readOnly: dryRun === 'request',
    incomplete: [],
  };
  if (sweep.readOnly) return reportOnly({...sweep, memory: copyMemory(options.memory)});
  const lock = await takeLock(context, options.budgetSeconds);
  if (!lock) return {status: 'held'};
  let next: Lock = lock;
  try {
    // Redeliveries come first: each may bring the event of a waiting job.
    const redelivered = await redeliverFailed(sweep, lock.holder, dryRun);
    const probedAt = context.clock.now();
    const observation = await observe(sweep, lock);
    const {steps, sightings} = plan(observation.observed, context.clock.now());
    const reported = await report(sweep, lock, observation);
    const webhook = watchWebhook(sweep, lock.webhook, steps, redelivered.arrivedAt);
    if (dryRun === 'config') logDecisions(context, steps);
    else await closeBootBreakers(context, observation.observed);
    const acted = dryRun === 'off' ? await act(sweep, steps) : undefined;
    if (dryRun === 'off') await countUsage(sweep, observation.observed);
    const again = redelivered.hasProbed ? await redeliverAfterProbe(sweep, lock.holder, probedAt) : undefined;
    if (dryRun === 'off') await recordBootTimes(sweep, observation.observed);
    await readRunnerVersions(sweep, observation.observed);
    const last = summarize(sweep, observation, steps, {
      acted,
      redelivered: again ? [redelivered, again] : [redelivered],
    });
    next = {
      ...nextLock(lock, observation, acted, context.clock.now()),
      ...reported,
      ...(webhook ? {webhook} : {}),
      sightings,
      last,
    };
    return {status: dryRun === 'off' ? 'done' : 'dry_run', ...last};
  } finally {
    await releaseLock(context, next, lock);
  }
}

/** Says which jobs wait and which no pool takes. A failure ends no sweep: the next one says it. */
async function report(
  sweep: Sweep,
  {waiting = []}: Lock,
  {observed, scan}: Observation,
): Promise<Pick<Lock, 'waiting'>> {
  const pools = await tryList(sweep, 'why jobs wait', async () => {
    const {jobs, explained} = await explainWaiting(sweep, observed);
    const notTaken = explained.filter(isUnserved);
    await reportUnserved(sweep, observed, scan.strangers, notTaken);
    const without = new Set(notTaken.map(({job}) => job));
    const rest = {
      jobs: jobs.filter((job) => !without.has(job)),
      explained: explained.filter((one) => !isUnserved(one)),
    };
    return logWaiting(sweep, rest, waiting);
  });
  return {waiting: pools ?? waiting};
}

/** Reads the deliveries again after a probe. If the probe arrived, the held-back events are redelivered now and not in the next sweep. */
async function redeliverAfterProbe(sweep: Sweep, holder: string, probedAt: number): Promise<Redelivered | undefined> {
  const {clock} = sweep.context;
  const waitMs = probedAt + PROBE_RESULT_MS - clock.now();
  if (waitMs > 0) await clock.sleep(waitMs);
  return isTimeUp(sweep) ? undefined : redeliverFailed(sweep, holder, 'off');
}

/** Plans without the lock and logs what a sweep would do. Stores nothing. */
async function reportOnly(sweep: Sweep): Promise<SweepReport> {
  const {context} = sweep;
  const redelivered = await redeliverFailed(sweep, undefined, 'request');
  const observation = await observe(sweep, await readLock(context));
  const {steps} = plan(observation.observed, context.clock.now());
  logDecisions(context, steps);
  return {status: 'dry_run', ...summarize(sweep, observation, steps, {acted: undefined, redelivered: [redelivered]})};
}

function nextLock(
  lock: Lock,
  {scan, areSlotsRead: slotsSeen}: Observation,
  acted: Acted | undefined,
  now: number,
): Lock {
  const settled = new Set(acted?.settled.map(({job}) => job));
  const preempted = [...lock.preempted, ...(acted?.preempted ?? [])].filter(
    ({job, at}) => !settled.has(job) && now - at < PREEMPTION_RETENTION_MS,
  );
  return {
    ...lock,
    cursors: scan.cursors,
    allowance: scan.allowance,
    slotsAt: slotsSeen ? now : lock.slotsAt,
    preempted: preempted.slice(-MAX_PREEMPTIONS),
  };
}

function summarize(
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
    finished: !isTimeUp(sweep) && (acted?.notStarted ?? 0) === 0,
    seen: {
      vms: observed.machines.length,
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
    incomplete: [...new Set(sweep.incomplete)].slice(0, 20).map((what) => what.slice(0, MAX_INCOMPLETE_CHARACTERS)),
  };
}
