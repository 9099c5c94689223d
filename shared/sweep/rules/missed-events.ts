import {HOUR_MS, MINUTE_MS} from '../../durations';
import {heldBackPauseMs, type JobDocument, type JobKey} from '../../model/job';
import type {JobEvent} from '../../model/job-event';
import {matchJob} from '../../model/matching';
import {parseRunnerName} from '../../model/names';
import {isStillNotAllowed} from '../../model/not-allowed';
import {isPersistent} from '../../model/pool';
import {completedEventOf, missedEventOf} from '../lost-events';
import {namesakes, type Observed, poolNamed, type SeenJob, webhookGraceMs} from '../observed';
import type {PersistenceTracker} from '../persistence';
import type {ActionOutcome, DemandJob, PlannedAction, Repairs, Rule} from '../rule';

/** GitHub cancels a job that no runner took for a day; one hour less, in milliseconds. */
const MAX_JOB_AGE_MS = 23 * HOUR_MS;
const FIRST_COOL_DOWN_MS = 15 * MINUTE_MS;
const MAX_COOL_DOWN_MS = 60 * MINUTE_MS;

/** How long the name of a task stays the same, in milliseconds: in this time the task is created once. */
const VM_TASK_BUCKET_MS = 10 * MINUTE_MS;
const EVENT_BUCKET_MS = 60 * MINUTE_MS;

/** Prefixes of sightings of jobs. */
const ABSENT = 'absent ';
const OUT_OF_REACH = 'out-of-reach ';

/** Enqueues the event that the lost webhook would have brought. */
interface ReplayEvent extends PlannedAction {
  readonly kind: 'event';
  readonly reason: 'uncovered_job' | 'lost_event' | 'vanished_job' | 'dead_job';
  readonly event: JobEvent;
}

/** Makes a job open again whose runner is over. */
interface ReopenJob extends PlannedAction {
  readonly kind: 'reopen';
  readonly reason: 'lost_runner';
  readonly job: JobKey;
  readonly runner: string | null;
}

/** Makes a job open again that GitHub requeued and whose runner is over. */
interface RequeueJob extends PlannedAction {
  readonly kind: 'requeue';
  readonly reason: 'requeued_job';
  readonly job: JobKey;
  readonly runner: string | null;
}

/** Moves a job of a removed pool to the pool that matches it now. */
interface MoveJob extends PlannedAction {
  readonly kind: 'move';
  readonly reason: 'removed_pool';
  readonly job: JobKey;
  readonly pool: string;
}

type Correction = ReplayEvent | ReopenJob | RequeueJob | MoveJob | DemandJob<'lost_demand'>;

/** Compares each job at GitHub with its record and replays the missed events. */
export const replayMissedEvents: Rule<Correction> = {plan: planCorrections, act: correct, subject: subjectOf};

async function correct(action: Correction, repairs: Repairs): Promise<ActionOutcome> {
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
    const action = correctionOf(observed, key, seen, now, tracker);
    if (action) actions.push(action);
  }
  for (const key of observed.absent) {
    const stored = observed.jobs.get(key);
    if (!stored || !tracker.hasPersisted(`${ABSENT}${key}`)) continue;
    actions.push({kind: 'event', reason: 'vanished_job', event: completedEventOf(stored, key, observed.startedAt)});
  }
  keepUnread(observed, tracker, ABSENT);
  actions.push(...endOutOfReach(observed, tracker));
  return actions.sort(byAge);
}

/**
 * Ends a job whose repository GitHub has not shown for as long as GitHub lets a job wait. A job on a live runner may still run: it ends
 * with its runner.
 */
function endOutOfReach(observed: Observed, tracker: PersistenceTracker): ReplayEvent[] {
  const actions: ReplayEvent[] = [];
  for (const key of observed.outOfReach) {
    const stored = observed.jobs.get(key);
    if (!stored || tracker.observe(`${OUT_OF_REACH}${key}`) < MAX_JOB_AGE_MS) continue;
    if (stored.status === 'in_progress' && !isRunnerGone(observed, stored.runner)) continue;
    actions.push({kind: 'event', reason: 'vanished_job', event: completedEventOf(stored, key, observed.startedAt)});
  }
  keepUnread(observed, tracker, OUT_OF_REACH);
  return actions;
}

/** Not every sweep reads every job by its id: the sightings of jobs on record that this one has not read are kept. */
function keepUnread(
  {jobs, seen, absent, outOfReach, sightings}: Observed,
  tracker: PersistenceTracker,
  prefix: string,
) {
  for (const sighting of Object.keys(sightings)) {
    const key = sighting.startsWith(prefix) ? sighting.slice(prefix.length) : undefined;
    const isUnread = key && jobs.has(key) && ![seen, absent, outOfReach].some((read) => read.has(key));
    if (isUnread) tracker.carryOver(sighting);
  }
}

function correctionOf(
  observed: Observed,
  key: JobKey,
  seen: SeenJob,
  now: number,
  tracker: PersistenceTracker,
): Correction | undefined {
  const {job} = seen;
  const stored = observed.jobs.get(key);
  const settled = stored === undefined || now - stored.updatedAt >= webhookGraceMs(observed.webhooks);
  switch (job.status) {
    case 'queued':
      // mutation: queued again
      if (stored?.status === 'in_progress') return requeueWithoutRunner(observed, key, stored, tracker);
      if (!isDue(observed, job.queuedAt, now) || !settled) return undefined;
      // mutation: uncovered job
      if (!stored || stored.status === 'waiting') return replay(observed, seen, stored, 'uncovered_job', now);
      if (stored.status !== 'queued') return undefined;
      if (hasNoPool(observed, stored)) return moveToMatchingPool(observed, key, seen);
      if (stored.demand === 'dead') return retryDeadJob(observed, seen, stored, now);
      return needsPersistentVm(observed, stored)
        ? demandVmAgain(key, stored, now)
        : reopenWithoutRunner(observed, key, stored);
    case 'waiting':
      return stored?.status === 'queued' && settled ? replay(observed, seen, stored, 'lost_event', now) : undefined;
    case 'in_progress':
      if (isRunningOrOver(stored) || job.runnerName === null) return undefined;
      return replay(observed, seen, stored, 'lost_event', now);
    case 'completed':
      // mutation: end of job not told
      return stored && stored.status !== 'completed' ? replay(observed, seen, stored, 'lost_event', now) : undefined;
  }
}

/**
 * Whether the sweep may report a queued job. The webhook has the first minute, and GitHub cancels the job after a day; both count from the
 * time when the job was queued, which can be weeks after the run was created. A job whose time is unknown is due.
 */
function isDue({webhooks}: Observed, queuedAt: number | null, now: number): boolean {
  if (queuedAt === null) return true;
  const ageMs = now - queuedAt;
  return ageMs <= MAX_JOB_AGE_MS && (webhooks === 'off' || ageMs >= webhookGraceMs(webhooks));
}

/** Requeues a job that runs on record, if two sweeps saw it queued at GitHub and its runner is over. */
function requeueWithoutRunner(
  observed: Observed,
  key: JobKey,
  {runner}: JobDocument,
  tracker: PersistenceTracker,
): Correction | undefined {
  if (!tracker.hasPersisted(`queued-again ${key}`) || !isRunnerGone(observed, runner)) return undefined;
  return {kind: 'requeue', reason: 'requeued_job', job: key, runner};
}

/** Whether no runner of this name runs a job: for our runners, none is live on record; for others, none is busy at GitHub. */
function isRunnerGone(observed: Observed, name: string | null): boolean {
  if (name === null) return true;
  if (observed.runners === undefined || observed.runners.some((runner) => runner.name === name)) return false;
  if (parseRunnerName(observed.deployment, name)) return true;
  return !namesakes(observed, name).some(({seen}) => seen.busy);
}

function needsPersistentVm(observed: Observed, {pool}: JobDocument): boolean {
  const configured = poolNamed(observed, pool);
  return configured !== undefined && isPersistent(configured);
}

/** Whether the pool of the job was removed. A job with an assigned runner stays with it. */
function hasNoPool(observed: Observed, {pool, demand}: JobDocument): boolean {
  return demand !== 'covered' && poolNamed(observed, pool) === undefined;
}

function moveToMatchingPool(
  observed: Observed,
  job: JobKey,
  {repository, isPublic, job: {labels}}: SeenJob,
): Correction | undefined {
  const match = matchJob({repository, isPublic, labels}, observed.pools);
  return match.kind === 'matched' ? {kind: 'move', reason: 'removed_pool', job, pool: match.pool.name} : undefined;
}

/** Enqueues another demand task for the job’s persistent VM. The task changes nothing when the VM runs. */
function demandVmAgain(key: JobKey, {updatedAt}: JobDocument, now: number): Correction | undefined {
  if (now - updatedAt < VM_TASK_BUCKET_MS) return undefined;
  return {kind: 'demand', reason: 'lost_demand', job: key, cause: `vm-${Math.floor(now / VM_TASK_BUCKET_MS)}`};
}

function isRunningOrOver(stored: JobDocument | undefined): boolean {
  return stored?.status === 'in_progress' || stored?.status === 'completed';
}

function replay(
  observed: Observed,
  seen: SeenJob,
  stored: JobDocument | undefined,
  reason: Exclude<ReplayEvent['reason'], 'vanished_job'>,
  now: number,
): ReplayEvent | undefined {
  const bucketMs = reason === 'dead_job' ? FIRST_COOL_DOWN_MS : EVENT_BUCKET_MS;
  const event = missedEventOf(observed, seen, stored, {now, bucketMs});
  return event && {kind: 'event', reason, event};
}

/**
 * Starts another attempt for a job whose attempts have all failed, after a cool-down. What a person may change elsewhere, as at GitHub, shows by the
 * attempt alone; an option that its pools do not allow stays so until their settings change.
 */
function retryDeadJob(observed: Observed, seen: SeenJob, stored: JobDocument, now: number): Correction | undefined {
  if (isStillNotAllowed(observed.pools, stored)) return undefined;
  const afterAttempts = Math.min(MAX_COOL_DOWN_MS, FIRST_COOL_DOWN_MS * Math.max(1, stored.creations));
  const coolDown = stored.heldBack ? heldBackPauseMs(stored.heldBack) : afterAttempts;
  return now - stored.updatedAt < coolDown ? undefined : replay(observed, seen, stored, 'dead_job', now);
}

/** Reopens a job whose runner is over or assigned to another job. */
function reopenWithoutRunner(observed: Observed, key: JobKey, stored: JobDocument): Correction | undefined {
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
