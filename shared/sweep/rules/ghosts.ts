import type {Registration, RunnerScope} from '../../github/github';
import {isRegistrationOf, isUnused} from '../../lifecycle/identity';
import {isOver} from '../../lifecycle/runner';
import type {RunnerDocument} from '../../store/documents';
import {type Observed, scopeKey} from '../observed';
import {type PersistenceTracker, TWICE_MS} from '../persistence';
import type {PlannedAction, Registered, Rule} from '../rule';

/** Deregistrations cost a call each, and a mistake here would be an expensive one. */
const MOST_A_PASS = 20;
/** Known by its name alone: somebody else's of the same name, whose VM boots, is connected long before. */
const NAMED_MS = 15 * 60_000;

interface Deregister extends PlannedAction {
  readonly kind: 'deregister';
  readonly reason: 'ghost';
  readonly name: string;
  readonly registration: Registered;
}

/**
 * Registrations of runners that are on record as over, offline and idle, and without a VM: seen twice, then removed. One that is on no record
 * may be of another deployment with our name: GitHub itself removes it after a day.
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
