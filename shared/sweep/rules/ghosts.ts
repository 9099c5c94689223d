import type {Registration} from '../../github/github';
import {isRegistrationOf, isUnused} from '../../model/identity';
import {isOver, type RunnerDocument} from '../../model/runner';
import {type RunnerScope, scopeKey} from '../../model/scope';
import type {Observed, Registered} from '../observed';
import {type PersistenceTracker, TWICE_MS} from '../persistence';
import type {PlannedAction, Rule} from '../rule';

/** Each deregistration costs a call, and a mistake would remove many registrations. */
const MOST_A_PASS = 20;

/** For a registration known by its name alone: one of somebody else with this name, whose VM boots, is online long before. */
const NAMED_MS = 15 * 60_000;

interface Deregister extends PlannedAction {
  readonly kind: 'deregister';
  readonly reason: 'ghost';
  readonly name: string;
  readonly registration: Registered;
}

/**
 * Deletes registrations that are offline and idle, of runners that are over and have no VM; each is seen twice before. A registration that
 * is on no record may belong to another deployment of our name: GitHub removes it after a day.
 */
export const deregisterGhosts: Rule<Deregister> = {
  plan: planDeregistrations,
  act: async ({name, registration}, repairs) => ({decision: await repairs.deregister(name, registration)}),
  subject: ({name}) => ({runner: name}),
};

function planDeregistrations(observed: Observed, _now: number, tracker: PersistenceTracker): Deregister[] {
  if (observed.instances === undefined || observed.runners === undefined) {
    tracker.carryOver('ghost ');
    return [];
  }
  const there = new Set([...observed.instances, ...observed.runners].map(({name}) => name));
  const actions: Deregister[] = [];
  for (const {scope, installationId, runners} of observed.scopes.values()) {
    for (const registration of runners) {
      const {id, name} = registration;
      const runner = observed.former.get(name);
      if (there.has(name) || !isUnused(registration)) continue;
      // mutation: ghost of another
      if (!isOfFormer(runner, scope, registration)) continue;
      const seenMs = tracker.observe(`ghost ${scopeKey(scope)} ${name}`);
      if (seenMs < (runner?.githubId === null ? NAMED_MS : TWICE_MS)) continue;
      if (actions.length === MOST_A_PASS) continue;
      actions.push({kind: 'deregister', reason: 'ghost', name, registration: {scope, installationId, id}});
    }
  }
  for (const key of Object.keys(observed.sightings)) {
    const scope = /^ghost (\S+ \S+) /.exec(key)?.[1];
    if (scope && !observed.scopes.has(scope)) tracker.carryOver(key);
  }
  return actions;
}

/** Whether it is the registration of a runner that is over: not one that was made while GitHub was asked. */
function isOfFormer(runner: RunnerDocument | undefined, scope: RunnerScope, registration: Registration): boolean {
  if (!runner || !isOver(runner) || scopeKey(runner.scope) !== scopeKey(scope)) return false;
  return isRegistrationOf(runner, registration);
}
