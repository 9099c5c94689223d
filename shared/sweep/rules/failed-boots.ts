import {minutesOf, type Observed, registrationOf, runsAtGitHub} from '../observed';
import type {PersistenceTracker} from '../persistence';
import {type EndRunner, type Rule, runnerOf} from '../rule';

/** Ends a runner that has been booting for `bootMinutes` and was not online in any sweep of the last two minutes, because lists lag behind. */
export const endFailedBoots: Rule<EndRunner<'boot'>> = {
  plan: planEnds,
  act: (action, repairs) => repairs.endRunner(action, {unlessOnline: true, failedToBoot: true}),
  subject: runnerOf,
};

function planEnds(observed: Observed, now: number, tracker: PersistenceTracker): EndRunner<'boot'>[] {
  const actions: EndRunner<'boot'>[] = [];
  for (const runner of observed.runners ?? []) {
    if (runner.state !== 'booting' || now - runner.stateAt < minutesOf(observed, runner.pool).bootMinutes * 60_000) {
      continue;
    }
    const key = `boot ${runner.name}`;
    const {listed, registration} = registrationOf(observed, runner);
    if (!listed) tracker.carryOver(key);
    if (!listed || registration?.seen.status === 'online' || registration?.seen.busy) continue;
    if (runsAtGitHub(observed, runner.name, runner) || !tracker.hasPersisted(key)) continue;
    const rest = {isDead: false, force: false, jobUrl: null} as const;
    actions.push({kind: 'end_runner', reason: 'boot', runner: runner.name, ...rest});
  }
  return actions;
}
