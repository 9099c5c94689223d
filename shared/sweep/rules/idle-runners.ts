import {MINUTE_MS} from '../../durations';
import {isBeingCreated, isEnding, isOnlineOnRecord, type RunnerDocument} from '../../model/runner';
import {wantedWarm, warmRunnerNames} from '../../model/warm';
import {minutesOf, type Observed, poolNamed, registrationOf, runsAtGitHub} from '../observed';
import type {PersistenceTracker} from '../persistence';
import {type PlannedAction, type Repaired, type Repairs, type Rule, runnerOf} from '../rule';

/** The idle check takes three readings, a minute apart. This many milliseconds after `idleMinutes` the check was lost. */
const LOST_AFTER_MS = 8 * MINUTE_MS;

interface ReleaseIdle extends PlannedAction {
  readonly kind: 'release_idle';
  readonly reason: 'idle';
  readonly runner: string;
}

interface RepeatIdleCheck extends PlannedAction {
  readonly kind: 'idle_check';
  readonly reason: 'lost_stop';
  readonly runner: string;
  readonly reading: number;
}

/** No webhook tells that a runner came online, and only a job that waits for it makes that worth a write. */
interface NoteOnline extends PlannedAction {
  readonly kind: 'note_online';
  readonly reason: 'online';
  readonly runner: string;
}

type Release = ReleaseIdle | RepeatIdleCheck | NoteOnline;

/**
 * Releases a runner that was online and idle for `idleMinutes` while its assigned job is not given to it; until then it is noted once that the
 * runner is online. Repeats a lost idle check of an unassigned runner.
 */
export const endIdle: Rule<Release> = {
  plan: planReleases,
  act: async (action, repairs) => ({decision: await carryOut(action, repairs)}),
  subject: runnerOf,
};

function carryOut(action: Release, repairs: Repairs): Promise<Repaired> {
  switch (action.kind) {
    case 'release_idle':
      return repairs.releaseIdle(action.runner);
    case 'note_online':
      return repairs.noteOnline(action.runner);
    default:
      return repairs.repeatIdleCheck(action.runner, action.reading);
  }
}

function planReleases(observed: Observed, now: number, tracker: PersistenceTracker): Release[] {
  const actions: Release[] = [];
  for (const runner of observed.runners ?? []) {
    if (isBeingCreated(runner) || isEnding(runner) || runner.runs !== null) continue;
    const idleMs = minutesOf(observed, runner.pool).idleMinutes * MINUTE_MS;
    const action = runner.spare
      ? repeatLostCheck(observed, runner, now, idleMs)
      : runner.covers !== null && releaseIdleRunner(observed, runner, idleMs, tracker);
    if (action) actions.push(action);
  }
  return actions;
}

function repeatLostCheck(
  observed: Observed,
  runner: RunnerDocument,
  now: number,
  idleMs: number,
): RepeatIdleCheck | undefined {
  const forMs = now - (runner.spareSince ?? now);
  if (forMs < idleMs + LOST_AFTER_MS || isWarm(observed, runner, now)) return undefined;
  // A multiple of three starts a new check. The number grows, so that the task name is new.
  const reading = 3 * Math.floor(forMs / LOST_AFTER_MS) + 3_000;
  return {kind: 'idle_check', reason: 'lost_stop', runner: runner.name, reading};
}

function isWarm(observed: Observed, runner: RunnerDocument, now: number): boolean {
  const pool = poolNamed(observed, runner.pool);
  const spares = (observed.runners ?? []).filter(({spare, pool: name}) => spare && name === runner.pool);
  return pool !== undefined && warmRunnerNames(spares, wantedWarm(pool, now), now).has(runner.name);
}

function releaseIdleRunner(
  observed: Observed,
  runner: RunnerDocument,
  idleMs: number,
  tracker: PersistenceTracker,
): ReleaseIdle | NoteOnline | undefined {
  const key = `idle ${runner.name}`;
  const {listed, registration} = registrationOf(observed, runner);
  if (!listed) tracker.carryOver(key);
  const isIdle = registration?.seen.status === 'online' && !registration.seen.busy;
  if (!isIdle || runsAtGitHub(observed, runner.name, runner)) return undefined;
  if (tracker.observe(key) >= idleMs) return {kind: 'release_idle', reason: 'idle', runner: runner.name};
  return isOnlineOnRecord(runner) ? undefined : {kind: 'note_online', reason: 'online', runner: runner.name};
}
