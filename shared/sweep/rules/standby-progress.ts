import {MINUTE_MS} from '../../durations';
import {longestPreparationMs} from '../../model/standby';
import {minutesOf, type Observed, type SeenStandby} from '../observed';
import type {PersistenceTracker} from '../persistence';
import {type PlannedAction, type Rule, runnerOf, type StandbyRemoval} from '../rule';

/** A machine that nobody has created for so many milliseconds: its task was lost, or waits in the queue. */
const UNMADE_MS = 2 * MINUTE_MS;

type Progress =
  | (PlannedAction & {readonly kind: 'prepare'; readonly runner: string; readonly cause: string})
  | (PlannedAction & {readonly kind: 'ready'; readonly runner: string; readonly fingerprint: string | undefined})
  | (PlannedAction & {readonly kind: 'suspend'; readonly runner: string})
  | (PlannedAction & StandbyRemoval & {readonly kind: 'end_standby'});

/** Follows standby machines that prepare themselves: suspends them, makes them ready to be claimed, and ends those that failed. */
export const followStandby: Rule<Progress> = {
  plan: (observed, now, tracker) =>
    (observed.standby ?? []).flatMap((seen) => progressOf(observed, seen, now, tracker) ?? []),
  act: async (action, repairs) => {
    switch (action.kind) {
      case 'prepare':
        await repairs.repeatStandby(action.runner, action.cause);
        return {decision: 'demanded'};
      case 'ready':
        return {
          decision: (await repairs.readyStandby(action.runner, action.fingerprint)) === 'done' ? 'ready' : 'void',
        };
      case 'suspend':
        return {decision: (await repairs.suspendStandby(action.runner)) === 'done' ? 'suspending' : 'void'};
      case 'end_standby':
        return {decision: await repairs.removeStandby(action)};
    }
  },
  subject: runnerOf,
};

function progressOf(
  observed: Observed,
  {document, look, refusal}: SeenStandby,
  now: number,
  tracker: PersistenceTracker,
): Progress | undefined {
  const {name: runner, pool, hold, state, machineId, createdAt, preparedAt} = document;
  if (state !== 'preparing') return undefined;
  const longestMs = longestPreparationMs(minutesOf(observed, pool));
  const end = (because: string, blame?: StandbyRemoval['blame']): Progress => ({
    ...{kind: 'end_standby', reason: 'standby_failed', runner, pool, state: 'failed', because},
    ...(blame === undefined ? {} : {blame}),
  });
  if (machineId === null) {
    const forMs = now - createdAt;
    if (forMs >= longestMs) return end('was not created in time');
    if (forMs < UNMADE_MS || observed.held.has(pool)) return undefined;
    const cause = `lost-${Math.floor(forMs / UNMADE_MS)}`;
    return {kind: 'prepare', reason: 'standby_lost', runner, cause};
  }
  // It may have booted as well as any: the pool's jobs are not held back for what only standby machines need.
  // mutation: refused look of standby
  if (refusal !== undefined)
    return tracker.hasPersisted(`refused ${runner}`) ? end(`cannot be seen: ${refusal}`, 'refused') : undefined;
  switch (look?.state) {
    case 'ready':
      return {kind: 'ready', reason: 'standby_ready', runner, fingerprint: look.fingerprint};
    case 'failed':
      return end(look.because ?? 'failed to prepare itself', look.isFailedBoot ? 'boot' : 'ended');
    case 'absent':
      return tracker.hasPersisted(`standby ${runner}`) ? end('is gone') : undefined;
    case 'prepared':
      // mutation: suspend prepared standby
      if (hold === 'suspended' && now - (preparedAt ?? now) < longestMs)
        return {kind: 'suspend', reason: 'standby_prepared', runner};
      break;
    case 'begun':
    case undefined:
      // Claimed meanwhile, or not seen.
      return undefined;
    case 'preparing':
  }
  if (preparedAt !== null) return now - preparedAt < longestMs ? undefined : end('was not suspended in time');
  // mutation: standby boots in time
  if (now - createdAt < longestMs) return undefined;
  return end('did not prepare itself in time; check its startup script in the log of its serial port', 'boot');
}
