import type {DiscoveredJob} from '../github/github';
import {withEndOfJob} from '../model/end-of-job';
import type {JobDocument} from '../model/job';
import {placementOf} from '../model/placement';
import {isWithoutJob, type RunnerDocument} from '../model/runner';
import type {DeadLetterDocument} from '../model/tasks';
import {attemptOf} from './verdict';

/** In the order in which they come about. */
export const STEPS = [
  'queued',
  'waiting',
  'noticed',
  'assigned',
  'registered',
  'created',
  'booting',
  'online',
  'running',
  'completed',
  'deregistered',
  'deleted',
  'retried',
  'failed',
  'given_up',
] as const;

export interface TimelineEntry {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly what: (typeof STEPS)[number];
  readonly detail: string;
}

const MOST_ENTRIES = 50;

/** What records and GitHub's job tell of a job's way, oldest first. `runners`: those that were made for it, or stand in for it. */
export function timelineOf(
  job: JobDocument | undefined,
  atGitHub: DiscoveredJob | undefined,
  runners: readonly RunnerDocument[],
  letter: DeadLetterDocument | undefined,
): TimelineEntry[] {
  const entries = [
    ...(job ? ofRecord(job) : []),
    ...(atGitHub ? ofGitHub(atGitHub, job) : []),
    ...runners.flatMap((runner) => ofRunner(withEndOfJob(runner, job))),
    ...(letter ? [{at: letter.at, what: 'given_up', detail: letter.error} as const] : []),
  ];
  return entries.sort((a, b) => a.at - b.at || STEPS.indexOf(a.what) - STEPS.indexOf(b.what)).slice(-MOST_ENTRIES);
}

function ofRecord(job: JobDocument): TimelineEntry[] {
  const {status, queuedAt, receivedAt, startedAt, updatedAt, pool, failedAttempt: failed, runner} = job;
  const on = runner === null ? '' : `on ${runner}`;
  const entries: TimelineEntry[] = [{at: queuedAt, what: 'queued', detail: job.labels.join(', ')}];
  if (status === 'waiting') entries.push({at: updatedAt, what: 'waiting', detail: 'held back by GitHub'});
  // Of a job that runs it is the news of its start.
  if (status === 'queued' && receivedAt) entries.push({at: receivedAt, what: 'noticed', detail: `for pool ${pool}`});
  if (status === 'in_progress') entries.push({at: startedAt ?? updatedAt, what: 'running', detail: on});
  if (status === 'completed') {
    if (startedAt) entries.push({at: startedAt, what: 'running', detail: on});
    entries.push({at: updatedAt, what: 'completed', detail: on});
  }
  if (failed) {
    entries.push({
      at: failed.at,
      what: failed.attempt > 1 ? 'retried' : 'failed',
      detail: `${attemptOf(failed)}: ${failed.message}`,
    });
  }
  return entries;
}

function ofGitHub(seen: DiscoveredJob, job: JobDocument | undefined): TimelineEntry[] {
  const {status, queuedAt, startedAt, completedAt, runnerName, conclusion} = seen;
  const entries: TimelineEntry[] = [];
  const on = runnerName === null ? '' : `on ${runnerName}`;
  if (!job && queuedAt !== null) entries.push({at: queuedAt, what: 'queued', detail: seen.labels.join(', ')});
  const hasRun = status === 'in_progress' || (status === 'completed' && runnerName !== null);
  const isKnown = job?.status === 'in_progress' || (job?.startedAt ?? null) !== null;
  if (hasRun && startedAt && !isKnown) entries.push({at: startedAt, what: 'running', detail: on});
  if (status === 'completed' && completedAt && job?.status !== 'completed')
    entries.push({at: completedAt, what: 'completed', detail: conclusion ?? ''});
  return entries;
}

/** A record has the time of its creation, of its registration, and since when it is in its state. */
function ofRunner(runner: RunnerDocument): TimelineEntry[] {
  const {name, createdAt, registrationTriedAt, githubId, onlineAt, state, stateAt, machineCreatedAt} = runner;
  const placement = placementOf(runner);
  const where = placement ? `${name} in ${placement.place}` : name;
  const entries: TimelineEntry[] = [];
  if (!isWithoutJob(runner)) entries.push({at: createdAt, what: 'assigned', detail: name});
  if (githubId !== null && registrationTriedAt)
    entries.push({at: registrationTriedAt, what: 'registered', detail: name});
  if (onlineAt !== undefined) entries.push({at: onlineAt, what: 'online', detail: name});
  if (runner.machineAccepted && machineCreatedAt) entries.push({at: machineCreatedAt, what: 'created', detail: where});
  switch (state) {
    case 'booting':
      if (!machineCreatedAt) entries.push({at: stateAt, what: 'created', detail: where});
      entries.push({at: stateAt, what: 'booting', detail: where});
      break;
    case 'idle':
      if (onlineAt === undefined) entries.push({at: stateAt, what: 'online', detail: name});
      break;
    case 'draining':
      entries.push({at: stateAt, what: 'deregistered', detail: name});
      break;
    case 'gone':
      entries.push({at: stateAt, what: 'deleted', detail: where});
      break;
    case 'failed':
      entries.push({at: stateAt, what: 'failed', detail: where});
      break;
    default:
  }
  return entries;
}
