import {DAY_MS} from '../durations';
import {type JobDocument, type JobKey, jobKeyOf} from './job';
import {type PlacementFields, placementFields} from './placement';
import type {StandbyHold} from './pool';
import {isInScope, type RunnerScope} from './scope';

/** States of a runner that is not over, in the order of its life. `draining`: the registration is being deleted, then the VM. */
export const LIVE_STATES = ['requested', 'creating', 'booting', 'idle', 'busy', 'draining'] as const;

export type LiveState = (typeof LIVE_STATES)[number];

/** `failed`: the creation failed, or the runner did not come online. */
export type RunnerState = LiveState | 'gone' | 'failed';

/** Whether a runner in this state is not over. */
export function isLive(state: string): state is LiveState {
  return LIVE_STATES.some((live) => live === state);
}

/** `runners/<name>`. The VM has the same name. The placement is that of the VM, or of the latest attempt; it is recorded before the insert. */
export interface RunnerDocument extends PlacementFields {
  readonly name: string;
  readonly pool: string;
  /** Type of the provider that its machine is, or was last attempted, at. Read it with `machineProvider`. */
  readonly provider?: string;
  /** Id that the provider gave to the machine. Null or missing: not known, so the machine is looked for by its name. */
  readonly machineId?: string | null;
  /** How its machine was held, if it was a standby machine that is claimed; null or missing: the machine is created for the runner. */
  readonly standby?: StandbyHold | null;
  readonly scope: RunnerScope;
  readonly installationId: number | null;
  /** Labels with which the runner was registered, in lower case. */
  readonly labels: readonly string[];
  readonly state: RunnerState;
  /**
   * The lease of the runner's creation: random id of the execution that creates it, and the end of its lease, in milliseconds since the epoch.
   * Null: none does, or it is done. Missing in records of older versions, whose lease is a document of its own (`keys`).
   */
  readonly lease?: {readonly holder: string; readonly leaseUntil: number} | null;
  /** The job for which the runner was created. Of a runner requested without a job: `<number>-0`, a run attempt that no job has. */
  readonly madeFor: JobKey;
  /** The job to which the runner is assigned and which has not begun. */
  readonly covers: JobKey | null;
  /** The job that the runner runs, or ran. */
  readonly runs: JobKey | null;
  /** The job whose start the runner was told by; missing: none yet, or only the end of a job named the runner, see `withEndOfJob`. */
  readonly began?: JobKey;
  /** True when the runner is unassigned: alive, runs no job, and is assigned to none. */
  readonly spare: boolean;
  /** Id of the runner's slot in its pool; null: the runner holds none any more. */
  readonly slot: string | null;
  /** Id of the runner's slot of the limit over all pools; null or missing: none. */
  readonly slotOfAll?: string | null;
  /** GitHub's id of the registration, which distinguishes it from others of the same name; null: not known. */
  readonly githubId: number | null;
  /**
   * When an execution first tried to register the runner, while GitHub may have a registration whose id is not on record. Null: nobody
   * tried, or it is known that there is none. Missing in documents of older versions: not known.
   */
  readonly registrationTriedAt?: number | null;
  /**
   * When a sweep first saw the runner online and idle while the job that it is assigned to waited; missing: no sweep has. Of an ordinary job
   * nobody sees it, and nothing is written.
   */
  readonly onlineAt?: number;
  /** Since when the runner is unassigned. It stays while the runner drains for this reason, so that the check can be repeated. */
  readonly spareSince: number | null;
  /** `owner/name` and workflow of the job that it runs or ran; null or missing: none yet, or not known. */
  readonly repository?: string | null;
  readonly workflow?: string | null;
  /** Machine type of the latest insert, also where it is the template's; null or missing: not known. */
  readonly billedType?: string | null;
  /** When the latest insert of the machine began, in milliseconds since the epoch; null or missing: none did, or not known. */
  readonly machineCreatedAt?: number | null;
  /** Whether that insert was accepted. False or missing: it was refused, or its outcome is not known. */
  readonly machineAccepted?: boolean;
  /**
   * When the provider accepted the deletion of the machine, or when it was found to have ended; written once, by `endMachine`. Null or
   * missing: it has not ended, or there never was one.
   */
  readonly machineEndedAt?: number | null;
  /** Set while the runner drains and its machine may have been preempted under its job: the sweep asks the provider before it deletes the machine. */
  readonly mayBePreempted?: true;
  /** The job that got the runner's slot when the runner was gone. */
  readonly handedTo: JobKey | null;
  /** True once the runner was unassigned for a while and then assigned to a job: when this job began says nothing about the boot. */
  readonly wasSpare?: true;
  /** From the machine's creation to the runner's first job, in milliseconds; only of a runner that a job waited for all the time. */
  readonly bootMs?: number;
  readonly createdAt: number;
  /** Time of the latest change of `state`; of a runner that was over before its machine had ended, the time at which the end was recorded. */
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

/** How long a runner that is gone or failed stays on record, so that late events find it. */
const RUNNER_RETENTION_MS = 3 * DAY_MS;

/** How long any other runner stays on record, counted from its creation. */
const LIVE_RUNNER_RETENTION_MS = 30 * DAY_MS;

/** Run attempt in the key of a runner without a job. GitHub counts run attempts from 1. */
const NO_RUN_ATTEMPT = 0;

/** How long a VM may live beyond the sum of its pool's minutes. */
const GRACE_SECONDS = 600;

/** Longest life of a VM in milliseconds: the longest boot, wait and job, and ten minutes more. */
export function maxLifetimeMs(minutes: {bootMinutes: number; idleMinutes: number; jobMinutes: number}): number {
  return (Math.ceil((minutes.bootMinutes + minutes.idleMinutes + minutes.jobMinutes) * 60) + GRACE_SECONDS) * 1000;
}

/** Records of older versions name no provider: they had this one. */
const FIRST_PROVIDER = 'gce';

/** The type of the provider that has, or had, the runner's machine. */
export function machineProvider({provider = FIRST_PROVIDER}: Pick<RunnerDocument, 'provider'>): string {
  // mutation: provider of a record
  return provider;
}

interface NewRunner {
  readonly name: string;
  /** Type of the pool's provider. */
  readonly provider: string;
  readonly scope: RunnerScope;
  readonly labels: readonly string[];
  readonly slot: string;
  /** Set if all pools together have a limit. */
  readonly slotOfAll?: string | null;
  readonly now: number;
}

/** The first record of a runner for a job, in its pool or in a fallback of it. The execution that writes it registers the runner next. */
export function newRunnerForJob({
  job,
  pool = job.pool,
  ...given
}: NewRunner & {readonly job: JobDocument; readonly pool?: string}): RunnerDocument {
  const key = jobKeyOf(job);
  const runner = newRunner({...given, pool, installationId: job.installationId, madeFor: key, covers: key});
  return {...runner, registrationTriedAt: given.now};
}

/** The first record of a runner that was requested without a job. The runner is unassigned once its VM is created. */
export function newRunnerWithoutJob(
  given: NewRunner & {readonly pool: string; readonly number: number},
): RunnerDocument {
  const {number, ...rest} = given;
  return newRunner({
    ...rest,
    installationId: null,
    madeFor: jobKeyOf({jobId: number, runAttempt: NO_RUN_ATTEMPT}),
    covers: null,
  });
}

/** Whether the runner was requested without a job. */
export function isWithoutJob({madeFor}: Pick<RunnerDocument, 'madeFor'>): boolean {
  return madeFor.endsWith(`-${NO_RUN_ATTEMPT}`);
}

function newRunner({
  name,
  provider,
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
    provider,
    scope,
    installationId,
    labels,
    state: 'requested',
    lease: null,
    madeFor,
    covers,
    runs: null,
    spare: false,
    slot,
    slotOfAll,
    githubId: null,
    registrationTriedAt: null,
    machineId: null,
    ...placementFields(null),
    spareSince: null,
    handedTo: null,
    createdAt: now,
    stateAt: now,
    expireAt: now + LIVE_RUNNER_RETENTION_MS,
  };
}

/** Moves the runner to a later state. An earlier state changes nothing: a draining runner is never booting again. */
export function advanceRunner(runner: RunnerDocument, state: RunnerState, now: number): RunnerDocument {
  if (RANK[state] <= RANK[runner.state]) return runner;
  return {
    ...runner,
    state,
    stateAt: now,
    ...(isOver({state}) ? {spare: false, covers: null, expireAt: now + RUNNER_RETENTION_MS} : {}),
  };
}

/** Whether the record says that the runner came online. Most runners get their job before anybody could have noted it. */
export function isOnlineOnRecord({state, onlineAt}: Pick<RunnerDocument, 'state' | 'onlineAt'>): boolean {
  return state === 'idle' || onlineAt !== undefined;
}

/** Whether the runner is draining, gone or failed. */
export function isEnding(runner: RunnerDocument): boolean {
  return RANK[runner.state] >= RANK.draining;
}

/** Whether the runner is over: gone or failed. */
export function isOver({state}: Pick<RunnerDocument, 'state'>): boolean {
  return state === 'gone' || state === 'failed';
}

/** Whether the runner is being created: its VM is not known to exist yet. */
export function isBeingCreated(runner: RunnerDocument): boolean {
  return RANK[runner.state] < RANK.booting;
}

/** Unassigns the runner: it takes the next job, or is deleted after `idleMinutes`. A runner that ends or runs a job only loses its assignment. */
export function unassign(runner: RunnerDocument, now: number): RunnerDocument {
  if (isEnding(runner) || runner.runs !== null) return {...runner, covers: null};
  return {...runner, covers: null, spare: true, spareSince: now};
}

/** Assigns the runner to a queued job. */
export function assignTo(runner: RunnerDocument, job: JobKey): RunnerDocument {
  const waited = runner.spare ? {wasSpare: true as const} : {};
  return {...runner, ...waited, covers: job, spare: false, spareSince: null};
}

/** Records that the runner runs a job, as GitHub says. This ends the draining of a runner. A runner that is over stays so. */
export function markBusy(runner: RunnerDocument, job: JobDocument, now: number): RunnerDocument {
  if (isOver(runner)) return {...runner, covers: null, spare: false};
  const {repository, workflow = null} = job;
  return {
    ...runner,
    ...bootOf(runner, now),
    state: 'busy',
    stateAt: now,
    runs: jobKeyOf(job),
    ...(job.status === 'in_progress' ? {began: jobKeyOf(job)} : {}),
    repository,
    workflow,
    covers: null,
    spare: false,
    spareSince: null,
  };
}

/** A sweep may have seen the runner online before GitHub gave it the job. */
function bootOf({state, stateAt, covers, wasSpare, onlineAt}: RunnerDocument, now: number): {bootMs?: number} {
  const wasWaitedFor = state === 'booting' && covers !== null && !wasSpare;
  return wasWaitedFor ? {bootMs: (onlineAt ?? now) - stateAt} : {};
}

/** Whether the runner has all labels that a job asks for. GitHub gives a runner no other job, and compares labels without case. */
export function hasLabels(runner: Pick<RunnerDocument, 'labels'>, labels: readonly string[]): boolean {
  return labels.every((label) => runner.labels.includes(label.toLowerCase()));
}

/**
 * Whether the runner, without a job, could get the job from GitHub: it has all of the job's labels, and is registered in a scope that contains
 * the job's repository. GitHub knows no pools.
 */
export function canRun(runner: RunnerDocument, job: JobDocument): boolean {
  if (isEnding(runner) || runner.runs !== null) return false;
  return hasLabels(runner, job.labels) && isInScope(runner.scope, job.repository);
}

/**
 * Whether an unassigned runner may be assigned to the job. Not while it is being created: the execution that creates it abandons it because
 * it is unassigned, or has crashed, in which case nobody finishes the runner.
 */
export function canBeAssigned(runner: RunnerDocument, job: JobDocument): boolean {
  return runner.spare && !isBeingCreated(runner) && canRun(runner, job);
}
