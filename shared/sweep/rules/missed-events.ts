import {isPersistent} from '../../config/pool';
import type {JobEvent} from '../../lifecycle/job-event';
import {matchJob} from '../../lifecycle/matching';
import {parseRunnerName} from '../../lifecycle/naming';
import type {JobDocument, JobKey} from '../../store/documents';
import {namesakes, poolNamed} from '../fleet';
import {endOfVanished, eventOf} from '../lost-events';
import {type Observed, type SeenJob, settledMs} from '../observed';
import type {PersistenceTracker} from '../persistence';
import type {DemandJob, Outcome, PlannedAction, Repairs, Rule} from '../rule';

/** After that GitHub cancels a job that nobody took. */
const OLDEST_MS = 23 * 3600_000;
const FIRST_COOL_DOWN_MS = 15 * 60_000;
const LONGEST_COOL_DOWN_MS = 60 * 60_000;
/** A task of one name is made once in this time; after it, another try may make one. */
const VM_BUCKET_MS = 10 * 60_000;
const BUCKET_MS = 60 * 60_000;

/** What the lost webhook would have said: goes the webhook's way. */
interface ReplayEvent extends PlannedAction {
  readonly kind: 'event';
  readonly reason: 'uncovered_job' | 'lost_event' | 'vanished_job' | 'dead_job';
  readonly event: JobEvent;
}

/** The runner that covered the job is gone: the job is demand again. */
interface ReopenJob extends PlannedAction {
  readonly kind: 'reopen';
  readonly reason: 'lost_runner';
  readonly job: JobKey;
  readonly runner: string | null;
}

/** The job that ran is queued again, and its runner is gone: the job is demand again. */
interface RequeueJob extends PlannedAction {
  readonly kind: 'requeue';
  readonly reason: 'requeued_job';
  readonly job: JobKey;
  readonly runner: string | null;
}

/** The pool that the job waits for is not configured any more, and another one takes it: it is demand of that one. */
interface MoveJob extends PlannedAction {
  readonly kind: 'move';
  readonly reason: 'removed_pool';
  readonly job: JobKey;
  readonly pool: string;
}

type Correction = ReplayEvent | ReopenJob | RequeueJob | MoveJob | DemandJob<'lost_demand'>;

/** What webhooks would have told and did not: each job as GitHub has it is compared with what is on record. */
export const replayMissedEvents: Rule<Correction> = {plan: planCorrections, act: correct, subject: subjectOf};

async function correct(action: Correction, repairs: Repairs): Promise<Outcome> {
  switch (action.kind) {
    case 'event':
      return {decision: await repairs.replayEvent(action.event)};
    case 'reopen':
      return {decision: await repairs.reopenJob(action)};
    case 'requeue':
      return {decision: await repairs.requeueJob(action)};
    case 'move':
      return {decision: await repairs.moveJob(action)};
    case 'demand':
      await repairs.demandJob(action.job, action.cause);
      return {decision: 'demanded'};
  }
}

function subjectOf(action: Correction): Record<string, string> {
  if (action.kind === 'event') {
    const {jobId, runAttempt, pool, url, delivery} = action.event;
    return {job: `${jobId}-${runAttempt}`, pool, delivery, ...(url ? {url} : {})};
  }
  return action.kind === 'move' ? {job: action.job, pool: action.pool} : {job: action.job};
}

function planCorrections(observed: Observed, now: number, tracker: PersistenceTracker): Correction[] {
  const actions: Correction[] = [];
  for (const [key, seen] of observed.seen) {
    const action = compare(observed, key, seen, now, tracker);
    if (action) actions.push(action);
  }
  for (const key of observed.absent) {
    const stored = observed.jobs.get(key);
    if (!stored || !tracker.hasPersisted(`absent ${key}`)) continue;
    actions.push({kind: 'event', reason: 'vanished_job', event: endOfVanished(stored, key, observed.startedAt)});
  }
  actions.push(...endOutOfReach(observed, tracker));
  return actions.sort(byAge);
}

/**
 * Of a job whose repository GitHub does not show us nothing is known: it is over when it was so for as long as GitHub lets it wait. One on a
 * runner that lives may run all the while: the runner's own end is its end.
 */
function endOutOfReach(observed: Observed, tracker: PersistenceTracker): ReplayEvent[] {
  const prefix = 'out-of-reach ';
  const actions: ReplayEvent[] = [];
  for (const key of observed.outOfReach) {
    const stored = observed.jobs.get(key);
    if (!stored || tracker.observe(`${prefix}${key}`) < OLDEST_MS) continue;
    if (stored.status === 'in_progress' && !isRunnerGone(observed, stored.runner)) continue;
    actions.push({kind: 'event', reason: 'vanished_job', event: endOfVanished(stored, key, observed.startedAt)});
  }
  // Not every one is asked for in each sweep.
  for (const sighting of Object.keys(observed.sightings)) {
    const key = sighting.startsWith(prefix) ? sighting.slice(prefix.length) : undefined;
    const isUnknown = key && observed.jobs.has(key) && !observed.seen.has(key) && !observed.absent.has(key);
    if (isUnknown) tracker.carryOver(sighting);
  }
  return actions;
}

function compare(
  observed: Observed,
  key: JobKey,
  seen: SeenJob,
  now: number,
  tracker: PersistenceTracker,
): Correction | undefined {
  const {job} = seen;
  const stored = observed.jobs.get(key);
  const settled = stored === undefined || now - stored.updatedAt >= settledMs(observed.webhooks);
  switch (job.status) {
    case 'queued':
      // mutation: queued again
      if (stored?.status === 'in_progress') return queuedAgain(observed, key, stored, tracker);
      if (!isDue(observed, job.queuedAt, now) || !settled) return undefined;
      // mutation: uncovered job
      if (!stored || stored.status === 'waiting') return missedEvent(observed, seen, stored, 'uncovered_job', now);
      if (stored.status !== 'queued') return undefined;
      if (isOfRemovedPool(observed, stored)) return moved(observed, key, seen);
      if (stored.demand === 'dead') return tryAgain(observed, seen, stored, now);
      return isOfPersistentVm(observed, stored) ? startAgain(key, stored, now) : withoutRunner(observed, key, stored);
    case 'waiting':
      return stored?.status === 'queued' && settled
        ? missedEvent(observed, seen, stored, 'lost_event', now)
        : undefined;
    case 'in_progress':
      if (isRunningOrOver(stored) || job.runnerName === null) return undefined;
      return missedEvent(observed, seen, stored, 'lost_event', now);
    case 'completed':
      // mutation: end of job not told
      return stored && stored.status !== 'completed'
        ? missedEvent(observed, seen, stored, 'lost_event', now)
        : undefined;
  }
}

/**
 * A queued job has the webhook's way to itself for its first minute, and is GitHub's to end after a day: counted from when it was queued,
 * which may be weeks after its run began. An unknown time is no reason to leave it alone.
 */
function isDue({webhooks}: Observed, queuedAt: number | null, now: number): boolean {
  if (queuedAt === null) return true;
  const ageMs = now - queuedAt;
  return ageMs <= OLDEST_MS && (webhooks === 'off' || ageMs >= settledMs(webhooks));
}

/** On record as running: GitHub's present state, seen twice, outvotes the record when the runner is gone. */
function queuedAgain(
  observed: Observed,
  key: JobKey,
  {runner}: JobDocument,
  tracker: PersistenceTracker,
): Correction | undefined {
  if (!tracker.hasPersisted(`queued-again ${key}`) || !isRunnerGone(observed, runner)) return undefined;
  return {kind: 'requeue', reason: 'requeued_job', job: key, runner};
}

/** On record one that is ours and lives is not gone; nor is another's that is busy at GitHub, as far as that was listed. */
function isRunnerGone(observed: Observed, name: string | null): boolean {
  if (name === null) return true;
  if (observed.runners === undefined || observed.runners.some((runner) => runner.name === name)) return false;
  if (parseRunnerName(observed.deployment, name)) return true;
  return !namesakes(observed, name).some(({seen}) => seen.busy);
}

function isOfPersistentVm(observed: Observed, {pool}: JobDocument): boolean {
  const configured = poolNamed(observed, pool);
  return configured !== undefined && isPersistent(configured);
}

/** What covers the job, if anything, ends in its own order; then it is demand of a pool that is not there. */
function isOfRemovedPool(observed: Observed, {pool, demand}: JobDocument): boolean {
  return demand !== 'covered' && poolNamed(observed, pool) === undefined;
}

function moved(
  observed: Observed,
  job: JobKey,
  {repository, isPublic, job: {labels}}: SeenJob,
): Correction | undefined {
  const match = matchJob({repository, isPublic, labels}, observed.pools);
  return match.kind === 'matched' ? {kind: 'move', reason: 'removed_pool', job, pool: match.pool.name} : undefined;
}

/** Its VM should be up, and the job should run: asked for again now and then, which does nothing to a VM that is up. */
function startAgain(key: JobKey, {updatedAt}: JobDocument, now: number): Correction | undefined {
  if (now - updatedAt < VM_BUCKET_MS) return undefined;
  return {kind: 'demand', reason: 'lost_demand', job: key, cause: `vm-${Math.floor(now / VM_BUCKET_MS)}`};
}

function isRunningOrOver(stored: JobDocument | undefined): boolean {
  return stored?.status === 'in_progress' || stored?.status === 'completed';
}

function missedEvent(
  observed: Observed,
  seen: SeenJob,
  stored: JobDocument | undefined,
  reason: Exclude<ReplayEvent['reason'], 'vanished_job'>,
  now: number,
): ReplayEvent | undefined {
  const bucketMs = reason === 'dead_job' ? FIRST_COOL_DOWN_MS : BUCKET_MS;
  const event = eventOf(observed, seen, stored, {now, bucketMs});
  return event && {kind: 'event', reason, event};
}

/** How long a job is left alone that GitHub did not give to an idle runner, so many times: twice as long each time. */
export function heldBackPauseMs(times: number): number {
  return FIRST_COOL_DOWN_MS * 2 ** (times - 1);
}

/** Every attempt failed, a while ago; the job still waits. */
function tryAgain(observed: Observed, seen: SeenJob, stored: JobDocument, now: number): Correction | undefined {
  const afterAttempts = Math.min(LONGEST_COOL_DOWN_MS, FIRST_COOL_DOWN_MS * Math.max(1, stored.creations));
  const coolDown = stored.heldBack ? heldBackPauseMs(stored.heldBack) : afterAttempts;
  return now - stored.updatedAt < coolDown ? undefined : missedEvent(observed, seen, stored, 'dead_job', now);
}

/** On record as covered, by a runner that is over, or that covers another job. */
function withoutRunner(observed: Observed, key: JobKey, stored: JobDocument): Correction | undefined {
  if (stored.demand !== 'covered' || observed.runners === undefined) return undefined;
  const runner = observed.runners.find(({name}) => name === stored.runner);
  if (runner?.covers === key || runner?.runs === key) return undefined;
  return {kind: 'reopen', reason: 'lost_runner', job: key, runner: stored.runner};
}

/** Oldest first. */
function byAge(a: Correction, b: Correction): number {
  const age = (action: Correction) => (action.kind === 'event' ? action.event.createdAt : 0);
  return age(a) - age(b);
}
