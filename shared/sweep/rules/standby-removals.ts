import {balanceStandby, isStandbyOver, type StandbyDocument, wantedStandby} from '../../model/standby';
import {isListed, type Observed, poolNamed, type SeenStandby} from '../observed';
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
        ...{because: because ?? 'is over', failedToBoot: false},
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
  return {kind: 'end_standby', reason, runner, pool, state: 'expired', because, failedToBoot: false};
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

/** A machine that is not wanted any more, with the reason. */
interface Departing {
  readonly document: StandbyDocument;
  readonly because: string;
}

/** The machines that the sweep ends because nobody wants them any more. */
export function departing(observed: Observed, now: number): readonly Departing[] {
  const unwanted = (observed.standby ?? []).flatMap((seen): Departing[] => {
    const because = isStandbyOver(seen.document) ? undefined : unwantedBecause(observed, seen);
    return because === undefined ? [] : [{document: seen.document, because}];
  });
  const gone = new Set(unwanted.map(({document}) => document.name));
  const surplus = observed.pools.flatMap((pool) => {
    const machines = (observed.standby ?? []).flatMap(({document}) =>
      document.pool === pool.name && !gone.has(document.name) ? [document] : [],
    );
    return balanceStandby(machines, wantedStandby(pool, now), now).surplus;
  });
  return [...unwanted, ...surplus.map(({machine, because}) => ({document: machine, because}))];
}

/** Why the machine is not what its pool would get now; undefined: it is, as far as that is known. */
function unwantedBecause(observed: Observed, {document, look}: SeenStandby): string | undefined {
  const pool = poolNamed(observed, document.pool);
  if (!pool?.standby) return 'its pool has no standby machines any more';
  if (pool.standby.hold !== document.hold) return `is to be held ${document.hold}, and its pool holds others`;
  if (pool.provider.type !== document.provider) return 'its pool has another provider now';
  const own = look?.fingerprint ?? document.fingerprint ?? undefined;
  const now = observed.fingerprints.get(pool.name);
  // mutation: standby as a new one
  return own !== undefined && now !== undefined && own !== now
    ? 'its template or its runner is not the one of today'
    : undefined;
}
