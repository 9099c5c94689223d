import {type JobDocument, type JobKey, jobKeyOf} from './job';
import {type PlacementFields, placed} from './placement';
import {liesIn, type RunnerScope} from './scope';

/** States of a runner of which something is there, or soon will be, in the order of its life. */
export const LIVE_STATES = ['requested', 'creating', 'booting', 'idle', 'busy', 'draining'] as const;

export type LiveState = (typeof LIVE_STATES)[number];

export type RunnerState = LiveState | 'gone' | 'failed';

export function isLive(state: string): state is LiveState {
  return LIVE_STATES.some((live) => live === state);
}

/** `runners/<name>`; the VM has the same name. Its placement is where the VM is, or was last attempted; written before the insert. */
export interface RunnerDocument extends PlacementFields {
  readonly name: string;
  readonly pool: string;
  readonly scope: RunnerScope;
  readonly installationId: number | null;
  /** What it was registered with, lower case. */
  readonly labels: readonly string[];
  readonly state: RunnerState;
  /** For one that was asked for without a job: `<its number>-0`, an attempt that no job has. */
  readonly madeFor: JobKey;
  /** The job for whose sake it is there now; null when spare, or when it runs one. */
  readonly covers: JobKey | null;
  /** The job that it runs. */
  readonly runs: JobKey | null;
  /** True when it is alive, runs nothing and covers nothing. */
  readonly spare: boolean;
  readonly slot: string | null;
  /** Its slot of all pools together, where these have a limit; absent where it was written down before. */
  readonly slotOfAll?: string | null;
  /** GitHub's id of the registration, which tells it from others of the same name. */
  readonly githubId: number | null;
  /**
   * When its name was first to be registered, while a registration may stand whose id nobody wrote down; null: it was not, or that is
   * settled. Missing in documents of older versions: not known.
   */
  readonly registrationTriedAt?: number | null;
  /** Since when it is spare, also while it goes on that account; a check of an earlier time is void. */
  readonly spareSince: number | null;
  /** The job that got its slot when it went. */
  readonly handedTo: JobKey | null;
  readonly createdAt: number;
  /** Since when it is in this state. */
  readonly stateAt: number;
  readonly expireAt: number;
}

const RANK: Record<RunnerState, number> = {
  requested: 0,
  creating: 1,
  booting: 2,
  idle: 3,
  busy: 4,
  draining: 5,
  gone: 6,
  failed: 6,
};

/** A runner that is gone or failed is remembered this long, so that late events find it. */
const RETENTION_MS = 3 * 24 * 3600 * 1000;

/** Milliseconds that a VM may live: booting, waiting and running at their longest, and ten minutes more. */
export function maxLifetimeMs(minutes: {bootMinutes: number; idleMinutes: number; jobMinutes: number}): number {
  return Math.ceil((minutes.bootMinutes + minutes.idleMinutes + minutes.jobMinutes) * 60 + 600) * 1000;
}

interface NewRunner {
  readonly name: string;
  readonly scope: RunnerScope;
  readonly labels: readonly string[];
  readonly slot: string;
  /** Where all pools together have a limit. */
  readonly slotOfAll?: string | null;
  readonly now: number;
}

/** A runner for a job as it is first written down, before anything of it exists, by the execution that registers it next. */
export function requestedRunner({job, ...given}: NewRunner & {readonly job: JobDocument}): RunnerDocument {
  const key = jobKeyOf(job);
  const runner = newRunner({...given, pool: job.pool, installationId: job.installationId, madeFor: key, covers: key});
  return {...runner, registrationTriedAt: given.now};
}

/** A runner that somebody asked for, without a job. It is spare when it is there. */
export function runnerWithoutJob(given: NewRunner & {readonly pool: string; readonly number: number}): RunnerDocument {
  const {number, ...rest} = given;
  return newRunner({
    ...rest,
    installationId: null,
    madeFor: jobKeyOf({jobId: number, runAttempt: WITHOUT_JOB}),
    covers: null,
  });
}

export function isWithoutJob({madeFor}: Pick<RunnerDocument, 'madeFor'>): boolean {
  return madeFor.endsWith(`-${WITHOUT_JOB}`);
}

/** GitHub counts attempts from 1. */
const WITHOUT_JOB = 0;

function newRunner({
  name,
  scope,
  labels,
  slot,
  slotOfAll = null,
  now,
  pool,
  installationId,
  madeFor,
  covers,
}: NewRunner & Pick<RunnerDocument, 'pool' | 'installationId' | 'madeFor' | 'covers'>): RunnerDocument {
  return {
    name,
    pool,
    scope,
    installationId,
    labels,
    state: 'requested',
    madeFor,
    covers,
    runs: null,
    spare: false,
    slot,
    slotOfAll,
    githubId: null,
    registrationTriedAt: null,
    ...placed(null),
    spareSince: null,
    handedTo: null,
    createdAt: now,
    stateAt: now,
    expireAt: now + 30 * 24 * 3600 * 1000,
  };
}

/** The runner one step further. A step back leaves it as it is: a runner that drains is never booting again. */
export function advanceRunner(runner: RunnerDocument, state: RunnerState, now: number): RunnerDocument {
  if (RANK[state] <= RANK[runner.state]) return runner;
  return {
    ...runner,
    state,
    stateAt: now,
    ...(isOver({state}) ? {spare: false, covers: null, expireAt: now + RETENTION_MS} : {}),
  };
}

/** Nothing of the runner is there any more, or soon will not be. */
export function isEnding(runner: RunnerDocument): boolean {
  return RANK[runner.state] >= RANK.draining;
}

/** Nothing of the runner is there any more. */
export function isOver({state}: Pick<RunnerDocument, 'state'>): boolean {
  return state === 'gone' || state === 'failed';
}

/** Its VM is not known to exist yet. */
export function isBeingMade(runner: RunnerDocument): boolean {
  return RANK[runner.state] < RANK.booting;
}

/** Alive, without a job and covering none: free for the next job, or to go after `idleMinutes`. */
export function spared(runner: RunnerDocument, now: number): RunnerDocument {
  if (isEnding(runner) || runner.runs !== null) return {...runner, covers: null};
  return {...runner, covers: null, spare: true, spareSince: now};
}

/** The runner stands in for a queued job. */
export function covering(runner: RunnerDocument, job: JobKey): RunnerDocument {
  return {...runner, covers: job, spare: false, spareSince: null};
}

/** GitHub says that the runner runs a job, which also overrules a deregistration under way (draining). */
export function running(runner: RunnerDocument, job: JobKey, now: number): RunnerDocument {
  if (isOver(runner)) return {...runner, covers: null, spare: false};
  return {...runner, state: 'busy', stateAt: now, runs: job, covers: null, spare: false, spareSince: null};
}

/** Whether the runner has all labels that a job asks for: GitHub gives it no other, and compares them without case. */
export function hasLabels(runner: Pick<RunnerDocument, 'labels'>, labels: readonly string[]): boolean {
  return labels.every((label) => runner.labels.includes(label.toLowerCase()));
}

/**
 * Whether GitHub would give the job to the runner: all of the job's labels are the runner's, and the runner is registered where the
 * job is.
 */
export function canRun(runner: RunnerDocument, job: JobDocument): boolean {
  if (runner.pool !== job.pool || isEnding(runner) || runner.runs !== null) return false;
  return hasLabels(runner, job.labels) && liesIn(runner.scope, job.repository);
}

/**
 * Whether a spare runner may be given to the job. Not while it is being made: the execution that makes it gives it up because it is spare,
 * or is gone already when the job that it was made for has another runner made.
 */
export function canTakeOver(runner: RunnerDocument, job: JobDocument): boolean {
  return runner.spare && !isBeingMade(runner) && canRun(runner, job);
}
