import {MINUTE_MS} from '../../durations';
import {balanceStandby, wantedStandby} from '../../model/standby';

import {departing} from '../departing';
import type {Observed} from '../observed';
import type {PlannedAction, Rule} from '../rule';

interface Prepare extends PlannedAction {
  readonly kind: 'standby';
  readonly reason: 'standby';
  readonly pool: string;
  /** The same key stands for the same machine. */
  readonly key: string;
}

/** Requests the standby machines that the pools lack. They hold no slot until a job claims them. */
export const keepStandby: Rule<Prepare> = {
  plan: planPreparations,
  act: async ({pool, key}, repairs) => {
    await repairs.requestStandby(pool, key);
    return {decision: 'requested'};
  },
  subject: ({pool}) => ({pool}),
};

function planPreparations(observed: Observed, now: number): Prepare[] {
  const {standby, pools, held, standbyBreakers} = observed;
  if (standby === undefined) return [];
  const leaving = new Set(departing(observed, now).map(({document}) => document.name));
  return pools.flatMap((pool): Prepare[] => {
    const breaker = standbyBreakers.get(pool.name);
    if (!pool.standby || held.has(pool.name) || breaker === 'open') return [];
    const machines = standby.flatMap(({document}) =>
      document.pool === pool.name && !leaving.has(document.name) ? [document] : [],
    );
    const {missing} = balanceStandby(machines, wantedStandby(pool, now, observed.maxRunners), now);
    const isBeingProbed = breaker === 'probe' && machines.some(({state}) => state === 'preparing');
    const count = breaker === 'probe' ? Math.min(missing, isBeingProbed ? 0 : 1) : missing;
    const minute = Math.floor(now / MINUTE_MS);
    return Array.from({length: count}, (_, index) => ({
      ...{kind: 'standby', reason: 'standby', pool: pool.name, key: `sweep-${minute}-${index}`},
    }));
  });
}
