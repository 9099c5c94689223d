import {isBeingCreated, isWithoutJob} from '../../model/runner';
import type {Observed} from '../observed';
import type {DemandJob, EndRunner, PlannedAction, Rule} from '../rule';

/** The queue's own retries come sooner: after so long without a change, no task is at work on it. */
const FORGOTTEN_MS = 10 * 60_000;
const HOPELESS_MS = 60 * 60_000;

interface ResumeCreation extends PlannedAction {
  readonly kind: 'make';
  readonly reason: 'half_made';
  /** A runner that no job asked for. */
  readonly runner: string;
  /** Keeps the task's name from being one that was used before. */
  readonly cause: string;
}

type Resumption = ResumeCreation | EndRunner<'half_made'> | DemandJob<'half_made'>;

/** A creation that a crash interrupted is resumed; after an hour its runner is ended. */
export const resumeStalledCreations: Rule<Resumption> = {
  plan: planResumptions,
  act: async (action, repairs) => {
    if (action.kind === 'end_runner') return repairs.endRunner(action, {unlessOnline: true});
    if (action.kind === 'make') await repairs.resumeCreation(action.runner, action.cause);
    else await repairs.demandJob(action.job, action.cause);
    return {decision: 'demanded'};
  },
  subject: (action) => (action.kind === 'demand' ? {job: action.job} : {runner: action.runner}),
};

function planResumptions(observed: Observed, now: number): Resumption[] {
  const actions: Resumption[] = [];
  for (const runner of observed.runners ?? []) {
    const forMs = now - runner.stateAt;
    if (!isBeingCreated(runner) || forMs < FORGOTTEN_MS || observed.held.has(runner.pool)) continue;
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
