import type {Machine} from '../../providers/provider';
import {isUnused} from '../identity';
import {isBeingMade, isEnding} from '../runner';
import type {Action, Registered} from './actions';
import {jobUrlOf, minutesOf, namesakes, ourMachines, registrationOf, runsAtGitHub} from './fleet';
import {type Observed, scopeKey} from './observed';
import type {Sightings} from './sightings';

/** A runner that leaves is gone within a minute or two; after so long its task got lost. */
const LEAVING_MS = 5 * 60_000;

/** Runners whose VM is not there any more, has stopped, or should have been deleted long ago; each seen twice. */
export function endWithoutMachine(observed: Observed, now: number, sightings: Sightings): Action[] {
  const machines = new Map(observed.instances?.map((instance) => [instance.name, instance]));
  const kept = new Set(ourMachines(observed)?.map(({name}) => name));
  const actions: Action[] = [];
  for (const runner of observed.runners ?? []) {
    if (isBeingMade(runner)) continue;
    if (observed.instances === undefined) {
      sightings.keep(`machine ${runner.name}`);
      continue;
    }
    const machine = machines.get(runner.name);
    if (machine && !kept.has(machine.name)) continue;
    const rest = {runner: runner.name, force: false, jobUrl: jobUrlOf(observed, runner)};
    if (isEnding(runner)) {
      // Its deletion is under way, or its task got lost.
      // mutation: ending is under way
      if (now - runner.stateAt < LEAVING_MS || (machine && machine.status === 'stopping')) continue;
      const isDead = !machine || machine.status === 'stopped';
      actions.push({kind: 'end_runner', reason: 'lost_stop', ...rest, isDead});
    } else if (!machine || machine.status === 'stopped') {
      if (!sightings.twice(`machine ${runner.name}`)) continue;
      actions.push({kind: 'end_runner', reason: machine ? 'stopped_vm' : 'vanished_vm', ...rest, isDead: true});
    }
  }
  return actions;
}

/** VMs of this deployment's label that no live runner is on record for: seen twice, older than a boot takes, and not at work. */
export function deleteOrphans(observed: Observed, now: number, sightings: Sightings): Action[] {
  if (observed.runners === undefined) return [];
  const live = new Set(observed.runners.map(({name}) => name));
  const actions: Action[] = [];
  for (const machine of ourMachines(observed) ?? []) {
    if (live.has(machine.name) || machine.status === 'stopping') continue;
    const action = orphan(observed, machine, now, sightings);
    if (action) actions.push(action);
  }
  if (observed.instances === undefined) sightings.keep('orphan ');
  return actions;
}

function orphan(observed: Observed, machine: Machine, now: number, sightings: Sightings): Action | undefined {
  const {name, place: zone, pool} = machine;
  const isDead = machine.status === 'stopped';
  if (!isDead && now - machine.createdAt < minutesOf(observed, pool).bootMinutes * 60_000) return undefined;
  const former = observed.former.get(name);
  const isKnown = former ? observed.scopes.has(scopeKey(former.scope)) : observed.sawEveryScope;
  const key = `orphan ${name}`;
  if (!isDead && !isKnown) {
    sightings.keep(key);
    return undefined;
  }
  const own = former && registrationOf(observed, former).registration;
  const others = former ? [] : namesakes(observed, name, pool);
  // mutation: orphan runs a job
  if (!isDead && (own?.seen.busy || runsAtGitHub(observed, name, former))) return undefined;
  // On no record, so that it cannot be deregistered first: while anything of its name is connected, it may take a job at any time. Its own
  // end is the VM's `maxRunDuration`.
  if (!isDead && others.some(({seen}) => !isUnused(seen))) return undefined;
  if (!sightings.twice(key)) return undefined;
  return {
    kind: 'delete_vm',
    reason: isDead ? 'stopped_vm' : 'orphan',
    name,
    zone,
    pool,
    registration: own ? place(own) : null,
    namesakes: others.map(place),
    isDead,
  };
}

function place({scope, installationId, id}: Registered): Registered {
  return {scope, installationId, id};
}
