import {MINUTE_MS} from '../../durations';
import type {RunnerDocument} from '../../model/runner';
import {machineFinder, minutesOf, type Observed, registrationOf, runsAtGitHub} from '../observed';
import type {PersistenceTracker} from '../persistence';
import {type EndRunner, type Rule, runnerOf} from '../rule';

type End = EndRunner<'boot' | 'no_capacity'>;

/**
 * Ends a runner that has been booting for `bootMinutes` and was not online in any sweep of the last two minutes, because lists lag behind. One
 * whose machine still waits in the provider's queue has not failed to boot: there is no capacity for it.
 */
export const endFailedBoots: Rule<End> = {
  plan: planEnds,
  act: (action, repairs) => {
    const lackedCapacity = action.reason === 'no_capacity';
    return repairs.endRunner(action, {unlessOnline: true, lackedCapacity, failedToBoot: !lackedCapacity});
  },
  subject: runnerOf,
};

/**
 * Where a host picks the machine up. `due`: it calls, and has not got it yet, as while GitHub is left alone: it is no boot. `silent`: it does not
 * call. `done`: it was handed over, and boots since then.
 */
type Pickup = {readonly kind: 'none' | 'due' | 'silent'} | {readonly kind: 'done'; readonly at: number};

function pickupOf({containers, hosts}: Observed, {name}: RunnerDocument): Pickup {
  const container = containers.find((each) => each.name === name);
  if (!container) return {kind: 'none'};
  const {state, host, handedOverAt} = container;
  if (state !== 'assigned') return handedOverAt === null ? {kind: 'none'} : {kind: 'done', at: handedOverAt};
  return {kind: hosts.some((each) => each.name === host && !each.silent) ? 'due' : 'silent'};
}

function planEnds(observed: Observed, now: number, tracker: PersistenceTracker): End[] {
  const machineOf = machineFinder(observed);
  const actions: End[] = [];
  for (const runner of observed.runners ?? []) {
    if (runner.state !== 'booting') continue;
    const pickup = pickupOf(observed, runner);
    if (pickup.kind === 'due') continue;
    const since = pickup.kind === 'done' ? pickup.at : runner.stateAt;
    if (now - since < minutesOf(observed, runner.pool).bootMinutes * MINUTE_MS) continue;
    const key = `boot ${runner.name}`;
    const {listed, registration} = registrationOf(observed, runner);
    if (!listed) tracker.carryOver(key);
    if (!listed || registration?.seen.status === 'online' || registration?.seen.busy) continue;
    if (runsAtGitHub(observed, runner.name, runner) || !tracker.hasPersisted(key)) continue;
    const rest = {isDead: false, force: false, jobUrl: null} as const;
    // mutation: queued for ever
    const isQueued = machineOf(runner)?.status === 'queued' || pickup.kind === 'silent';
    const reason = isQueued ? 'no_capacity' : 'boot';
    actions.push({kind: 'end_runner', reason, runner: runner.name, ...rest});
  }
  return actions;
}
