import {MINUTE_MS} from '../../durations';
import {isUnused} from '../../model/identity';
import {scopeKey} from '../../model/scope';
import {
  minutesOf,
  namesakes,
  type Observed,
  ourMachines,
  type Registered,
  registrationOf,
  runsAtGitHub,
  type SeenMachine,
} from '../observed';
import type {PersistenceTracker} from '../persistence';
import type {LeftoverVm, PlannedAction, Rule} from '../rule';

interface DeleteVm extends PlannedAction, LeftoverVm {
  readonly kind: 'delete_vm';
  readonly reason: 'stopped_vm' | 'orphan';
}

/**
 * Deletes VMs of this deployment without a live runner on record. Two sweeps must see each; it must be older than `bootMinutes` and run no
 * job.
 */
export const deleteOrphans: Rule<DeleteVm> = {
  plan: planDeletions,
  act: async (action, repairs) => ({decision: await repairs.deleteVm(action)}),
  subject: ({name}) => ({runner: name}),
};

function planDeletions(observed: Observed, now: number, tracker: PersistenceTracker): DeleteVm[] {
  if (observed.runners === undefined) return [];
  // The rules of standby machines end those that are held.
  const held = (observed.standby ?? []).map(({document}) => document.name);
  // mutation: standby is no orphan
  const live = new Set([...observed.runners.map(({name}) => name), ...held]);
  const actions: DeleteVm[] = [];
  for (const machine of ourMachines(observed)) {
    if (live.has(machine.name) || machine.status === 'stopping') continue;
    const action = deletionOf(observed, machine, now, tracker);
    if (action) actions.push(action);
  }
  // A machine that is listed was checked, also while another list is incomplete.
  const listed = new Set(observed.machines.map(({name}) => `orphan ${name}`));
  if (observed.unlisted.length > 0) tracker.carryOver('orphan ', listed);
  return actions;
}

function deletionOf(
  observed: Observed,
  machine: SeenMachine,
  now: number,
  tracker: PersistenceTracker,
): DeleteVm | undefined {
  const {name, id, place: zone, pool, provider} = machine;
  const isDead = machine.status === 'stopped';
  if (!isDead && now - machine.createdAt < minutesOf(observed, pool).bootMinutes * MINUTE_MS) return undefined;
  const former = observed.former.get(name);
  const isKnown = former ? observed.scopes.has(scopeKey(former.scope)) : observed.sawEveryScope;
  const key = `orphan ${name}`;
  if (!isDead && !isKnown) {
    tracker.carryOver(key);
    return undefined;
  }
  const own = former && registrationOf(observed, former).registration;
  const others = former ? [] : namesakes(observed, name, pool);
  // mutation: orphan runs a job
  if (!isDead && (own?.seen.busy || runsAtGitHub(observed, name, former))) return undefined;
  // The runner of a VM on no record cannot be deregistered first: while a registration of its name is connected, it may take a job at any
  // time. The VM ends by itself.
  if (!isDead && others.some(({seen}) => !isUnused(seen))) return undefined;
  if (!tracker.hasPersisted(key)) return undefined;
  return {
    kind: 'delete_vm',
    reason: isDead ? 'stopped_vm' : 'orphan',
    name,
    id,
    zone,
    pool,
    provider,
    registration: own ? withoutSeen(own) : null,
    namesakes: others.map(withoutSeen),
    isDead,
  };
}

function withoutSeen({scope, installationId, id}: Registered): Registered {
  return {scope, installationId, id};
}
