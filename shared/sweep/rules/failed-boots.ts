import type {Action} from '../actions';
import {minutesOf, registrationOf, runsAtGitHub} from '../fleet';
import type {Observed} from '../observed';
import type {Sightings} from '../persistence';

/** A VM whose runner has not come online within `bootMinutes` is replaced: seen twice, because lists lag behind. */
export function endFailedBoots(observed: Observed, now: number, sightings: Sightings): Action[] {
  const actions: Action[] = [];
  for (const runner of observed.runners ?? []) {
    if (runner.state !== 'booting' || now - runner.stateAt < minutesOf(observed, runner.pool).bootMinutes * 60_000) {
      continue;
    }
    const key = `boot ${runner.name}`;
    const {listed, registration} = registrationOf(observed, runner);
    if (!listed) sightings.keep(key);
    if (!listed || registration?.seen.status === 'online' || registration?.seen.busy) continue;
    if (runsAtGitHub(observed, runner.name, runner) || !sightings.twice(key)) continue;
    const rest = {isDead: false, force: false, jobUrl: null} as const;
    actions.push({kind: 'end_runner', reason: 'boot', runner: runner.name, ...rest});
  }
  return actions;
}
