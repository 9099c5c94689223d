import {freeSlotsOfAllPools, type Observed} from '../observed';
import {type PlannedAction, type Rule, runnerOf} from '../rule';

interface CountRunner extends PlannedAction {
  readonly kind: 'count_runner';
  readonly reason: 'uncounted';
  readonly runner: string;
}

/** Assigns a slot of the limit over all pools to each runner that was created before this limit was configured, while slots are free. */
export const countUncounted: Rule<CountRunner> = {
  plan: planCounts,
  act: async ({runner}, repairs) => ({decision: await repairs.countRunner(runner)}),
  subject: runnerOf,
};

function planCounts(observed: Observed): CountRunner[] {
  const {maxRunners, runners} = observed;
  if (maxRunners === undefined || runners === undefined) return [];
  return runners
    .filter(({slot, slotOfAll}) => slot !== null && !slotOfAll)
    .slice(0, freeSlotsOfAllPools(observed))
    .map(({name}) => ({kind: 'count_runner', reason: 'uncounted', runner: name}));
}
