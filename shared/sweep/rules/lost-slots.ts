import type {Action} from '../actions';
import type {Observed} from '../observed';
import type {Sightings} from '../persistence';

/** Slots whose holder is over, or holds another: seen twice, then free. */
export function freeLostSlots(observed: Observed, sightings: Sightings): Action[] {
  if (observed.slots === undefined || observed.runners === undefined) {
    sightings.keep('slot ');
    return [];
  }
  const held = new Map(observed.runners.map(({name, slot, slotOfAll}) => [name, [slot, slotOfAll]]));
  for (const [key, {slot, slotOfAll}] of observed.jobs) held.set(`job:${key}`, [slot, slotOfAll]);
  const actions: Action[] = [];
  for (const {id, data} of observed.slots) {
    const {holder} = data;
    if (holder === null || held.get(holder)?.includes(id) || !sightings.twice(`slot ${id} ${holder}`)) continue;
    actions.push({kind: 'free_slot', reason: 'lost_slot', slot: id, holder});
  }
  return actions;
}

/** How many slots of all pools are free: as many as one likes, where there is no limit over all of them. */
export function roomOfAll({
  maxRunners = Number.POSITIVE_INFINITY,
  runners = [],
  jobs,
}: Pick<Observed, 'maxRunners' | 'runners' | 'jobs'>): number {
  const reserved = [...jobs.values()].filter(({demand, slotOfAll}) => demand === 'reserved' && slotOfAll).length;
  return Math.max(0, maxRunners - runners.filter(({slotOfAll}) => slotOfAll).length - reserved);
}

/** Runners from before there was a limit over all pools: each takes one of its slots, as far as they go. */
export function countUncounted(observed: Observed): Action[] {
  const {maxRunners, runners} = observed;
  if (maxRunners === undefined || runners === undefined) return [];
  return runners
    .filter(({slot, slotOfAll}) => slot !== null && !slotOfAll)
    .slice(0, roomOfAll(observed))
    .map(({name}) => ({kind: 'count_runner', reason: 'uncounted', runner: name}));
}
