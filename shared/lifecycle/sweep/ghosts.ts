import {parseRunnerName} from '../naming';
import type {Action} from './actions';
import {type Observed, scopeKey} from './observed';
import type {Sightings} from './sightings';

/** Deregistrations cost a call each, and a mistake here would be an expensive one. */
const MOST_A_PASS = 20;

/** Registrations of ours that are offline and idle, and whose VM and runner are not there: seen twice, then removed. */
export function deregisterGhosts(observed: Observed, sightings: Sightings): Action[] {
  if (observed.instances === undefined || observed.runners === undefined) {
    sightings.keep('ghost ');
    return [];
  }
  const there = new Set([...observed.instances, ...observed.runners].map(({name}) => name));
  const actions: Action[] = [];
  for (const {scope, installationId, runners} of observed.scopes.values()) {
    for (const {id, name, status, busy} of runners) {
      if (status !== 'offline' || busy || there.has(name)) continue;
      // mutation: ghost of another
      if (!parseRunnerName(observed.deployment, name)) continue;
      const runner = observed.former.get(name);
      // Made while GitHub was asked.
      if (runner && runner.state !== 'gone' && runner.state !== 'failed') continue;
      if (!sightings.twice(`ghost ${scopeKey(scope)} ${name}`)) continue;
      if (actions.length === MOST_A_PASS) continue;
      actions.push({kind: 'deregister', reason: 'ghost', name, registration: {scope, installationId, id}});
    }
  }
  for (const key of Object.keys(observed.sightings)) {
    const scope = /^ghost (\S+ \S+) /.exec(key)?.[1];
    if (scope && !observed.scopes.has(scope)) sightings.keep(key);
  }
  return actions;
}
