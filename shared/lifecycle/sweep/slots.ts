import type {Action} from './actions';
import type {Observed} from './observed';
import type {Sightings} from './sightings';

/** Slots whose holder is over, or holds another: seen twice, then free. */
export function freeLostSlots(observed: Observed, sightings: Sightings): Action[] {
  if (observed.slots === undefined || observed.runners === undefined) {
    sightings.keep('slot ');
    return [];
  }
  const held = new Map(observed.runners.map(({name, slot}) => [name, slot]));
  for (const [key, {slot}] of observed.jobs) held.set(`job:${key}`, slot);
  const actions: Action[] = [];
  for (const {id, data} of observed.slots) {
    const {holder} = data;
    if (holder === null || held.get(holder) === id || !sightings.twice(`slot ${id} ${holder}`)) continue;
    actions.push({kind: 'free_slot', reason: 'lost_slot', slot: id, holder});
  }
  return actions;
}
