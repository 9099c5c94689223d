import {MINUTE_MS} from '../../durations';
import {isEphemeral} from '../../model/pool';
import {isEnding} from '../../model/runner';
import {warmScope} from '../../model/scope';
import {wantedWarm} from '../../model/warm';
import {freeSlotsOfAllPools, type Observed} from '../observed';
import type {PlannedAction, Rule, RunnersToRequest} from '../rule';

interface Warm extends PlannedAction, RunnersToRequest {
  readonly kind: 'warm';
  readonly reason: 'warm';
}

/** Requests the warm runners that the pools lack, while slots are free that no job needs. */
export const keepWarm: Rule<Warm> = {
  plan: planWarm,
  act: async ({pool, scope, count, key}, repairs) => {
    await repairs.requestRunners({pool, scope, count, key});
    return {decision: 'requested'};
  },
  subject: ({pool}) => ({pool}),
};

function planWarm(observed: Observed, now: number): Warm[] {
  const {runners} = observed;
  if (runners === undefined) return [];
  const queue = [...observed.jobs.values()].filter(({demand}) => demand === 'open').length;
  let left = freeSlotsOfAllPools(observed) - (observed.maxRunners === undefined ? 0 : queue);
  return observed.pools.flatMap((pool): Warm[] => {
    const scope = warmScope(pool);
    if (!scope || !isEphemeral(pool) || observed.held.has(pool.name)) return [];
    const live = runners.filter((runner) => runner.pool === pool.name);
    const idle = live.filter((runner) => runner.covers === null && runner.runs === null && !isEnding(runner));
    const waiting = [...observed.jobs.values()].filter(
      ({pool: name, demand}) => name === pool.name && (demand === 'open' || demand === 'reserved'),
    );
    const room = pool.maxRunners - live.filter(({slot}) => slot !== null).length - waiting.length;
    const count = Math.min(wantedWarm(pool, now) - idle.length, room, left);
    if (count <= 0) return [];
    left -= count;
    const key = `warm-${pool.name}-${Math.floor(now / MINUTE_MS)}`;
    return [{kind: 'warm', reason: 'warm', pool: pool.name, scope, count, key}];
  });
}
