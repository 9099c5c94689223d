import type {Action} from './actions';
import type {Observed} from './observed';
import {Sightings} from './persistence';
import {endFailedBoots} from './rules/failed-boots';
import {deregisterGhosts} from './rules/ghosts';
import {endIdle} from './rules/idle-runners';
import {countUncounted, freeLostSlots} from './rules/lost-slots';
import {tellLostEvents} from './rules/missed-events';
import {endOverTime} from './rules/over-time';
import {rerunPreempted} from './rules/preemptions';
import {deleteOrphans, endWithoutMachine} from './rules/runners-without-vm';
import {finishHalfMade} from './rules/stalled-creations';
import {checkPersistent, restartPersistent} from './rules/stopped-vms';
import {serveWaiting} from './rules/waiting-jobs';
import {keepWarm} from './rules/warm-runners';

export interface Plan {
  /** In the order in which they are carried out: what gets a job going first, then what saves money. */
  readonly actions: readonly Action[];
  /** For the next sweep. */
  readonly sightings: Readonly<Record<string, number>>;
}

/** What is to be done about what was seen. Pure: the same observation gives the same plan. */
export function plan(observed: Observed, now: number): Plan {
  const sightings = new Sightings(observed.sightings, now);
  const actions = [
    ...tellLostEvents(observed, now, sightings),
    ...restartPersistent(observed, now),
    ...serveWaiting(observed, now),
    ...finishHalfMade(observed, now),
    ...rerunPreempted(observed),
    ...endOverTime(observed, now),
    ...endWithoutMachine(observed, now, sightings),
    ...endFailedBoots(observed, now, sightings),
    ...endIdle(observed, now, sightings),
    ...checkPersistent(observed, now),
    ...deleteOrphans(observed, now, sightings),
    ...deregisterGhosts(observed, sightings),
    ...freeLostSlots(observed, sightings),
    ...countUncounted(observed),
    ...keepWarm(observed, now),
  ];
  return {actions: onePerRunner(actions), sightings: sightings.next()};
}

/** The first reason to end a runner is enough. */
function onePerRunner(actions: readonly Action[]): Action[] {
  const ended = new Set<string>();
  return actions.filter((action) => {
    if (action.kind !== 'end_runner') return true;
    if (ended.has(action.runner)) return false;
    ended.add(action.runner);
    return true;
  });
}
