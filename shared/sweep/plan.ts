import {ownerOf, type RunnerScope} from '../model/scope';
import type {Observed} from './observed';
import {PersistenceTracker} from './persistence';
import type {ActionOf, ActionOutcome, PlannedAction, Repairs, Rule} from './rule';
import {endFailedBoots} from './rules/failed-boots';
import {deregisterGhosts} from './rules/ghosts';
import {keepHostVms} from './rules/host-vms';
import {endIdle} from './rules/idle-runners';
import {checkIdleVms} from './rules/idle-vms';
import {endInterrupted} from './rules/interrupted-jobs';
import {endLostContainers} from './rules/lost-containers';
import {freeLostSlots} from './rules/lost-slots';
import {replayMissedEvents} from './rules/missed-events';
import {deleteOrphans} from './rules/orphans';
import {endOverTime} from './rules/over-time';
import {rerunPreempted} from './rules/preemptions';
import {endRunnersWithoutVm} from './rules/runners-without-vm';
import {resumeStalledCreations} from './rules/stalled-creations';
import {followStandby} from './rules/standby-progress';
import {endStandby} from './rules/standby-removals';
import {keepStandby} from './rules/standby-supply';
import {restartStoppedVms} from './rules/stopped-vms';
import {countUncounted} from './rules/uncounted-runners';
import {serveWaiting} from './rules/waiting-jobs';
import {keepWarm} from './rules/warm-runners';

/** Every rule, in the order in which the actions are carried out: first the actions that start jobs, then those that save money. */
export const RULES = [
  replayMissedEvents,
  restartStoppedVms,
  keepHostVms,
  serveWaiting,
  resumeStalledCreations,
  rerunPreempted,
  endOverTime,
  endInterrupted,
  endRunnersWithoutVm,
  endFailedBoots,
  endIdle,
  checkIdleVms,
  endLostContainers,
  deleteOrphans,
  deregisterGhosts,
  freeLostSlots,
  countUncounted,
  keepWarm,
  followStandby,
  endStandby,
  keepStandby,
] as const;

/** Every action that a rule can decide. */
export type Action = ActionOf<(typeof RULES)[number]>;

/** An action, bound to the rule that carries it out. */
export interface Step {
  readonly action: Action;
  /** Fields of the log line. */
  readonly subject: Readonly<Record<string, string>>;
  /** The owner against whose limits at GitHub a deregistration counts; undefined: it is none, or its runner is not on record. */
  readonly owner?: string | undefined;
  readonly act: (repairs: Repairs) => Promise<ActionOutcome>;
}

export interface Plan {
  /** In the order in which the steps are carried out. */
  readonly steps: readonly Step[];
  /** Stored for the next sweep. */
  readonly sightings: Readonly<Record<string, number>>;
}

/** Applies every rule to the observation. Pure: the same observation gives the same plan. */
export function plan(observed: Observed, now: number): Plan {
  const tracker = new PersistenceTracker(observed.sightings, now);
  const steps = RULES.flatMap((rule) => stepsOf<Action>(rule, observed, now, tracker));
  const scopes = new Map(observed.runners?.map(({name, scope}) => [name, scope]));
  const owned = onePerRunner(steps).map((step) => ({...step, owner: ownerOfStep(step, scopes)}));
  return {steps: owned, sightings: tracker.toJSON()};
}

/** `scopes`: of the runners that are not over, by name. */
function ownerOfStep({action}: Step, scopes: ReadonlyMap<string, RunnerScope>): string | undefined {
  if (action.kind === 'deregister') return ownerOf(action.registration.scope);
  const scope = action.kind === 'end_runner' ? scopes.get(action.runner) : undefined;
  return scope && ownerOf(scope);
}

function stepsOf<A extends PlannedAction>(rule: Rule<A>, observed: Observed, now: number, tracker: PersistenceTracker) {
  return rule.plan(observed, now, tracker).map((action) => ({
    action,
    subject: rule.subject(action),
    act: (repairs: Repairs) => rule.act(action, repairs),
  }));
}

/** Keeps one action per runner that is ended: the first. */
function onePerRunner(steps: readonly Step[]): Step[] {
  const ended = new Set<string>();
  return steps.filter(({action}) => {
    if (action.kind !== 'end_runner') return true;
    if (ended.has(action.runner)) return false;
    ended.add(action.runner);
    return true;
  });
}
