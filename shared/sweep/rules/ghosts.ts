import {MINUTE_MS} from '../../durations';
import type {Registration} from '../../github/github';
import {isRegistrationOf, isUnused} from '../../model/identity';
import {isOver, type RunnerDocument} from '../../model/runner';
import {type RunnerScope, scopeKey} from '../../model/scope';
import {isListed, type Observed, type Registered} from '../observed';
import {PERSISTED_MS, type PersistenceTracker} from '../persistence';
import type {PlannedAction, Rule} from '../rule';

/** Deregistrations per sweep: each costs a call, and a mistake would remove many registrations. */
const MAX_PER_SWEEP = 20;

/**
 * For how long a registration that is known only by its name must persist, in milliseconds. Another deployment’s runner of this name would
 * be online by then.
 */
const NAME_ONLY_MS = 15 * MINUTE_MS;

interface Deregister extends PlannedAction {
  readonly kind: 'deregister';
  readonly reason: 'ghost';
  readonly name: string;
  readonly registration: Registered;
}

/**
 * Deletes registrations that are offline and idle, of runners that are over and have no VM. Two sweeps must see each. A registration on no
 * record is kept, because it may belong to another deployment of this name; GitHub removes it after a day.
 */
export const deregisterGhosts: Rule<Deregister> = {
  plan: planDeregistrations,
  act: async ({name, registration}, repairs) => ({decision: await repairs.deregister(name, registration)}),
  subject: ({name}) => ({runner: name}),
};

function planDeregistrations(observed: Observed, _now: number, tracker: PersistenceTracker): Deregister[] {
  if (observed.runners === undefined) {
    tracker.carryOver('ghost ');
    return [];
  }
  const there = new Set([...observed.machines, ...observed.runners].map(({name}) => name));
  const actions: Deregister[] = [];
  for (const {scope, installationId, runners} of observed.scopes.values()) {
    for (const registration of runners) {
      const {id, name} = registration;
      const runner = observed.former.get(name);
      if (there.has(name) || !isUnused(registration)) continue;
      // mutation: ghost of another
      if (!isOfFormer(runner, scope, registration)) continue;
      if (!isWhereListed(observed, runner)) continue;
      const seenMs = tracker.observe(`ghost ${scopeKey(scope)} ${name}`);
      if (seenMs < (runner?.githubId === null ? NAME_ONLY_MS : PERSISTED_MS)) continue;
      if (actions.length === MAX_PER_SWEEP) continue;
      actions.push({kind: 'deregister', reason: 'ghost', name, registration: {scope, installationId, id}});
    }
  }
  for (const key of Object.keys(observed.sightings)) {
    const [, scope, name = ''] = /^ghost (\S+ \S+) (\S+)/.exec(key) ?? [];
    if (!scope) continue;
    if (!observed.scopes.has(scope) || !isWhereListed(observed, observed.former.get(name))) tracker.carryOver(key);
  }
  return actions;
}

/** Whether the machine of the runner would be listed if it existed; for an unknown runner, whether every machine would be. */
function isWhereListed(observed: Observed, runner: RunnerDocument | undefined): boolean {
  return runner ? isListed(observed, runner) : observed.unlisted.length === 0;
}

/** Whether the registration belongs to a runner that is over, and not to one that was created during the scan. */
function isOfFormer(runner: RunnerDocument | undefined, scope: RunnerScope, registration: Registration): boolean {
  if (!runner || !isOver(runner) || scopeKey(runner.scope) !== scopeKey(scope)) return false;
  return isRegistrationOf(runner, registration);
}
