import {isSlotOfHost} from '../../model/host';
import {jobHolder} from '../../model/slot';
import type {Observed} from '../observed';
import type {PersistenceTracker} from '../persistence';
import type {PlannedAction, Rule} from '../rule';

interface FreeSlot extends PlannedAction {
  readonly kind: 'free_slot';
  readonly reason: 'lost_slot';
  readonly slot: string;
  readonly holder: string;
}

/** Frees slots whose holder is over or holds another slot. Two sweeps must see each. */
export const freeLostSlots: Rule<FreeSlot> = {
  plan: planFrees,
  act: async ({slot, holder}, repairs) => ({decision: await repairs.freeSlot(slot, holder)}),
  subject: ({slot, holder}) => ({slot, holder}),
};

function planFrees(observed: Observed, _now: number, tracker: PersistenceTracker): FreeSlot[] {
  if (observed.slots === undefined || observed.runners === undefined) {
    tracker.carryOver('slot ');
    return [];
  }
  const held = new Map(observed.runners.map(({name, slot, slotOfAll}) => [name, [slot, slotOfAll]]));
  for (const [key, {slot, slotOfAll}] of observed.jobs) held.set(jobHolder(key), [slot, slotOfAll]);
  const actions: FreeSlot[] = [];
  for (const {id, data} of observed.slots) {
    const {holder} = data;
    // A container gives the slot of its host back in the transaction in which it ends.
    if (isSlotOfHost(data)) continue;
    if (holder === null || held.get(holder)?.includes(id) || !tracker.hasPersisted(`slot ${id} ${holder}`)) continue;
    actions.push({kind: 'free_slot', reason: 'lost_slot', slot: id, holder});
  }
  return actions;
}
