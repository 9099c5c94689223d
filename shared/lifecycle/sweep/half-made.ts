import {isBeingMade, isWithoutJob} from '../../model/runner';
import type {Action} from './actions';
import type {Observed} from './observed';

/** The queue's own retries come sooner: after so long without a change, no task is at work on it. */
const FORGOTTEN_MS = 10 * 60_000;
const HOPELESS_MS = 60 * 60_000;

/** Runners that a crash left half made are gone on with; after an hour they are taken away. */
export function finishHalfMade(observed: Observed, now: number): Action[] {
  const actions: Action[] = [];
  for (const runner of observed.runners ?? []) {
    const forMs = now - runner.stateAt;
    if (!isBeingMade(runner) || forMs < FORGOTTEN_MS || observed.held.has(runner.pool)) continue;
    const cause = `half-made-${runner.name}-${Math.floor(forMs / FORGOTTEN_MS)}`;
    if (forMs < HOPELESS_MS && isWithoutJob(runner)) {
      actions.push({kind: 'make', reason: 'half_made', runner: runner.name, cause});
    } else if (forMs >= HOPELESS_MS || !observed.jobs.has(runner.madeFor)) {
      if (forMs < HOPELESS_MS && runner.covers === null) continue;
      // Nothing that was asked for an hour ago is still on its way.
      const isDead = forMs >= HOPELESS_MS && observed.instances?.some(({name}) => name === runner.name) === false;
      const rest = {isDead, force: false, jobUrl: null} as const;
      actions.push({kind: 'end_runner', reason: 'half_made', runner: runner.name, ...rest});
    } else {
      actions.push({kind: 'demand', reason: 'half_made', job: runner.madeFor, cause});
    }
  }
  return actions;
}
