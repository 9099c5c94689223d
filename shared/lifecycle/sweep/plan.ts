import type {Action} from './actions';
import {endFailedBoots} from './boot';
import {deregisterGhosts} from './ghosts';
import {finishHalfMade} from './half-made';
import {endIdle} from './idle';
import {tellLostEvents} from './jobs';
import {deleteOrphans, endWithoutMachine} from './machines';
import type {Observed} from './observed';
import {endOverTime} from './over-time';
import {checkPersistent, restartPersistent} from './persistent';
import {rerunPreempted} from './preemption';
import {Sightings} from './sightings';
import {countUncounted, freeLostSlots} from './slots';
import {serveWaiting} from './waiting-jobs';
import {keepWarm} from './warm';

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
