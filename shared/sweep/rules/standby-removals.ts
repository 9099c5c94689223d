import {isStandbyOver, type StandbyDocument} from '../../model/standby';
import {departing} from '../departing';
import {isListed, type Observed} from '../observed';
import type {PersistenceTracker} from '../persistence';
import {type PlannedAction, type Rule, runnerOf, type StandbyRemoval} from '../rule';

interface EndStandby extends PlannedAction, StandbyRemoval {
  readonly kind: 'end_standby';
  readonly reason: 'standby_left' | 'standby_expired' | 'standby_vanished';
}

/** Deletes standby machines that are too old, too many or not as a new one would be, and those of pools that hold none any more. */
export const endStandby: Rule<EndStandby> = {
  plan: planEnds,
  act: async (action, repairs) => ({decision: await repairs.removeStandby(action)}),
  subject: runnerOf,
};

function planEnds(observed: Observed, now: number, tracker: PersistenceTracker): EndStandby[] {
  const {standby = []} = observed;
  const kept = new Set(observed.machines.filter(({isKept}) => isKept).map(({name}) => name));
  const actions: EndStandby[] = [];
  for (const {document} of standby) {
    if (kept.has(document.name)) continue;
    if (isStandbyOver(document)) {
      const {name: runner, pool, state, because} = document;
      const over = state === 'failed' ? 'failed' : 'expired';
      actions.push({
        ...{kind: 'end_standby', reason: 'standby_left', runner, pool, state: over},
        ...{because: because ?? 'is over'},
      });
    } else if (hasVanished(observed, document, tracker)) {
      actions.push({...endOf(document, 'standby_vanished', 'does not wait for a job any more'), state: 'failed'});
    }
  }
  const ended = new Set(actions.map(({runner}) => runner));
  for (const {document, because} of departing(observed, now)) {
    if (!kept.has(document.name) && !ended.has(document.name))
      actions.push(endOf(document, 'standby_expired', because));
  }
  return actions;
}

function endOf({name: runner, pool}: StandbyDocument, reason: EndStandby['reason'], because: string): EndStandby {
  return {kind: 'end_standby', reason, runner, pool, state: 'expired', because};
}

/** Whether a ready machine is gone, or somebody started it. */
function hasVanished(observed: Observed, document: StandbyDocument, tracker: PersistenceTracker): boolean {
  const {name, state, provider} = document;
  if (state !== 'ready') return false;
  const key = `standby ${name}`;
  if (!isListed(observed, document)) {
    tracker.carryOver(key);
    return false;
  }
  const machine = observed.machines.find((one) => one.name === name && one.provider === provider);
  return machine?.status !== 'standby' && tracker.hasPersisted(key);
}
