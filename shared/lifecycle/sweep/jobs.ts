import type {JobDocument, JobKey} from '../../model/job';
import type {JobEvent} from '../../model/job-event';
import {matchEvent, matchJob} from '../../model/matching';
import {parseRunnerName} from '../../model/names';
import type {Action} from './actions';
import {namesakes, poolNamed} from './fleet';
import {type Observed, type SeenJob, settledMs} from './observed';
import type {Sightings} from './sightings';

/** After that GitHub cancels a job that nobody took. */
const OLDEST_MS = 23 * 3600_000;
const FIRST_COOL_DOWN_MS = 15 * 60_000;
const LONGEST_COOL_DOWN_MS = 60 * 60_000;
/** A task of one name is made once in this time; after it, another try may make one. */
const VM_BUCKET_MS = 10 * 60_000;
const BUCKET_MS = 60 * 60_000;

/** What webhooks would have told and did not: each job as GitHub has it against what is on record. */
export function tellLostEvents(observed: Observed, now: number, sightings: Sightings): Action[] {
  const actions: Action[] = [];
  for (const [key, seen] of observed.seen) {
    const action = compare(observed, key, seen, now, sightings);
    if (action) actions.push(action);
  }
  for (const key of observed.absent) {
    const stored = observed.jobs.get(key);
    if (!stored || !sightings.twice(`absent ${key}`)) continue;
    actions.push({kind: 'event', reason: 'vanished_job', event: endOf(stored, key, observed.startedAt)});
  }
  actions.push(...endOutOfReach(observed, sightings));
  return actions.sort(byAge);
}

/**
 * Of a job whose repository GitHub does not show us nothing is known: it is over when it was so for as long as GitHub lets it wait. One on a
 * runner that lives may run all the while: the runner's own end is its end.
 */
function endOutOfReach(observed: Observed, sightings: Sightings): Action[] {
  const prefix = 'out-of-reach ';
  const actions: Action[] = [];
  for (const key of observed.outOfReach) {
    const stored = observed.jobs.get(key);
    if (!stored || sightings.see(`${prefix}${key}`) < OLDEST_MS) continue;
    if (stored.status === 'in_progress' && !isRunnerGone(observed, stored.runner)) continue;
    actions.push({kind: 'event', reason: 'vanished_job', event: endOf(stored, key, observed.startedAt)});
  }
  // Not every one is asked for in each sweep.
  for (const sighting of Object.keys(observed.sightings)) {
    const key = sighting.startsWith(prefix) ? sighting.slice(prefix.length) : undefined;
    if (key && observed.jobs.has(key) && !observed.seen.has(key) && !observed.absent.has(key)) sightings.keep(sighting);
  }
  return actions;
}

function compare(
  observed: Observed,
  key: JobKey,
  seen: SeenJob,
  now: number,
  sightings: Sightings,
): Action | undefined {
  const {job} = seen;
  const stored = observed.jobs.get(key);
  const settled = stored === undefined || now - stored.updatedAt >= settledMs(observed.webhooks);
  switch (job.status) {
    case 'queued':
      // mutation: queued again
      if (stored?.status === 'in_progress') return queuedAgain(observed, key, stored, sightings);
      if (!isDue(observed, job.queuedAt, now) || !settled) return undefined;
      // mutation: uncovered job
      if (!stored || stored.status === 'waiting') return told(observed, seen, stored, 'uncovered_job', now);
      if (stored.status !== 'queued') return undefined;
      if (isOfRemovedPool(observed, stored)) return moved(observed, key, seen);
      if (stored.demand === 'dead') return tryAgain(observed, seen, stored, now);
      return isPersistent(observed, stored) ? startAgain(key, stored, now) : withoutRunner(observed, key, stored);
    case 'waiting':
      return stored?.status === 'queued' && settled ? told(observed, seen, stored, 'lost_event', now) : undefined;
    case 'in_progress':
      if (isRunningOrOver(stored) || job.runnerName === null) return undefined;
      return told(observed, seen, stored, 'lost_event', now);
    case 'completed':
      // mutation: end of job not told
      return stored && stored.status !== 'completed' ? told(observed, seen, stored, 'lost_event', now) : undefined;
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
function queuedAgain(observed: Observed, key: JobKey, {runner}: JobDocument, sightings: Sightings): Action | undefined {
  if (!sightings.twice(`queued-again ${key}`) || !isRunnerGone(observed, runner)) return undefined;
  return {kind: 'requeue', reason: 'requeued_job', job: key, runner};
}

/** On record one that is ours and lives is not gone; nor is another's that is busy at GitHub, as far as that was listed. */
function isRunnerGone(observed: Observed, name: string | null): boolean {
  if (name === null) return true;
  if (observed.runners === undefined || observed.runners.some((runner) => runner.name === name)) return false;
  if (parseRunnerName(observed.deployment, name)) return true;
  return !namesakes(observed, name).some(({seen}) => seen.busy);
}

function isPersistent(observed: Observed, {pool}: JobDocument): boolean {
  return poolNamed(observed, pool)?.provider.type === 'gce-vm';
}

/** What covers the job, if anything, ends in its own order; then it is demand of a pool that is not there. */
function isOfRemovedPool(observed: Observed, {pool, demand}: JobDocument): boolean {
  return demand !== 'covered' && poolNamed(observed, pool) === undefined;
}

function moved(observed: Observed, job: JobKey, {repository, isPublic, job: {labels}}: SeenJob): Action | undefined {
  const match = matchJob({repository, isPublic, labels}, observed.pools);
  return match.kind === 'matched' ? {kind: 'move', reason: 'removed_pool', job, pool: match.pool.name} : undefined;
}

/** Its VM should be up, and the job should run: asked for again now and then, which does nothing to a VM that is up. */
function startAgain(key: JobKey, {updatedAt}: JobDocument, now: number): Action | undefined {
  if (now - updatedAt < VM_BUCKET_MS) return undefined;
  return {kind: 'demand', reason: 'lost_demand', job: key, cause: `vm-${Math.floor(now / VM_BUCKET_MS)}`};
}

function isRunningOrOver(stored: JobDocument | undefined): boolean {
  return stored?.status === 'in_progress' || stored?.status === 'completed';
}

function told(
  observed: Observed,
  seen: SeenJob,
  stored: JobDocument | undefined,
  reason: 'uncovered_job' | 'lost_event' | 'dead_job',
  now: number,
): Action | undefined {
  const {job, repository, installationId, isPublic} = seen;
  const event: Omit<JobEvent, 'pool' | 'delivery'> = {
    jobId: job.id,
    runId: job.runId,
    runAttempt: job.runAttempt,
    status: job.status,
    repository,
    labels: job.labels,
    runnerName: job.runnerName,
    runnerId: job.runnerId,
    workflow: job.workflow,
    installationId,
    url: job.url,
    createdAt: job.queuedAt ?? now,
    receivedAt: observed.startedAt,
  };
  const match = matchEvent({kind: 'job', event, isPublic}, observed);
  const pool = match.kind === 'accepted' ? match.event.pool : stored?.pool;
  if (pool === undefined || (match.kind === 'ignored' && job.status === 'queued')) return undefined;
  const bucket = Math.floor((now - event.createdAt) / (reason === 'dead_job' ? FIRST_COOL_DOWN_MS : BUCKET_MS));
  const delivery = `sweep-${job.id}-${job.runAttempt}-${job.status}-${stored?.generation ?? 0}-${bucket}`;
  return {kind: 'event', reason, event: {...event, pool, delivery}};
}

/** How long a job is left alone that GitHub did not give to an idle runner, so many times: twice as long each time. */
export function heldBackPauseMs(times: number): number {
  return FIRST_COOL_DOWN_MS * 2 ** (times - 1);
}

/** Every attempt failed, a while ago; the job still waits. */
function tryAgain(observed: Observed, seen: SeenJob, stored: JobDocument, now: number): Action | undefined {
  const afterAttempts = Math.min(LONGEST_COOL_DOWN_MS, FIRST_COOL_DOWN_MS * Math.max(1, stored.creations));
  const coolDown = stored.heldBack ? heldBackPauseMs(stored.heldBack) : afterAttempts;
  return now - stored.updatedAt < coolDown ? undefined : told(observed, seen, stored, 'dead_job', now);
}

/** On record as covered, by a runner that is over, or that covers another job. */
function withoutRunner(observed: Observed, key: JobKey, stored: JobDocument): Action | undefined {
  if (stored.demand !== 'covered' || observed.runners === undefined) return undefined;
  const runner = observed.runners.find(({name}) => name === stored.runner);
  if (runner?.covers === key || runner?.runs === key) return undefined;
  return {kind: 'reopen', reason: 'lost_runner', job: key, runner: stored.runner};
}

/** A job whose run was deleted is over. */
function endOf(stored: JobDocument, key: JobKey, receivedAt: number): JobEvent {
  const {jobId, runId, runAttempt, repository, labels, pool, installationId, url, queuedAt, generation} = stored;
  return {
    jobId,
    runId,
    runAttempt,
    repository,
    labels,
    pool,
    installationId,
    url,
    status: 'completed',
    runnerName: stored.status === 'in_progress' ? stored.runner : null,
    runnerId: null,
    workflow: null,
    createdAt: queuedAt,
    receivedAt,
    delivery: `sweep-${key}-absent-${generation}`,
  };
}

/** Oldest first. */
function byAge(a: Action, b: Action): number {
  const age = (action: Action) => (action.kind === 'event' ? action.event.createdAt : 0);
  return age(a) - age(b);
}
